"""References: what a call says again stands once in a cassette, and is pointed at from then on.

An agent sends its whole history with every call. In a cassette of format version 2 a value in the
``arguments`` of a step may be one of these::

    {"$same": B}           the value at the same place of the step B steps earlier
    {"$items": [B, I, J]}  as an item of a list: the items I to J - 1 of the list at the same place
                           of that step
    {"$literal": value}    the value itself, in which nothing is a reference

The types of a value come with it. Places are those of whole values: an item that stands after
``{"$items": [1, 0, 5]}`` is the sixth one of its list. Steps are counted backwards, so that those
after an inserted one stay as they are.
"""

from __future__ import annotations

from typing import Any

from agentcassette._fields import is_count
from agentcassette._pointer import escape

__all__ = ["ITEMS", "LITERAL", "RESERVED", "SAME", "ReferenceFault", "Resolver"]

SAME = "$same"
ITEMS = "$items"
LITERAL = "$literal"

#: The keys of what stands for something else.
RESERVED = frozenset({SAME, ITEMS, LITERAL})

# Two references in each step could stand for more items than there is memory. This is what 10,000
# steps of 10,000 messages each have.
_MOST_ITEMS = 100_000_000

_Path = tuple[Any, ...]


class ReferenceFault(Exception):  # noqa: N818 - it becomes a `CassetteFormatError`
    """A reference leads nowhere; the text says which one, and why."""


class Resolver:
    """Puts what references stand for in their places, step by step.

    Values that are referred to are shared, so a history takes no more memory than its file.

    Attributes:
        steps: The steps that later ones may refer to, with whole values; all of them are sound.
    """

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []
        self._items = 0
        self._types: dict[str, str] = {}  # of the step at hand, which come with what it refers to

    def resolve(self, step: dict[str, Any]) -> dict[str, Any]:
        """Give a step with whole values.

        Args:
            step: A step, as far as it has an object of arguments.

        Raises:
            ReferenceFault: A reference in it leads nowhere.
        """
        self._types = {}
        arguments = {}
        for name, value in step["arguments"].items():
            arguments[name] = self._value(value, ("arguments", name))
        whole = {**step, "arguments": arguments}
        if self._types and isinstance(step.get("types", {}), dict):  # else it will be refused
            whole["types"] = {**step.get("types", {}), **self._types}
        return whole

    def _value(self, value: Any, path: _Path) -> Any:
        if isinstance(value, list):
            items: list[Any] = []
            for item in value:  # no comprehension: one frame a level is all that deep values leave
                if isinstance(item, dict) and ITEMS in item:
                    items += self._run(item, path, len(items))
                else:
                    items.append(self._value(item, (*path, len(items))))
            return items
        if not isinstance(value, dict):
            return value
        if LITERAL in value:
            return _only(value, LITERAL)
        if SAME in value:
            return self._same(value, path)
        if ITEMS in value:
            raise ReferenceFault(f"{_told(value)} is no item of a list")
        whole = {}
        for key, item in value.items():
            whole[key] = self._value(item, (*path, key))
        return whole

    def _same(self, reference: dict[str, Any], path: _Path) -> Any:
        step, found = self._there(_only(reference, SAME), path, reference)
        place = _pointer(path)
        for pointer, name in step.get("types", {}).items():
            if pointer == place or pointer.startswith(f"{place}/"):
                self._types[pointer] = name
        return found

    def _run(self, reference: dict[str, Any], path: _Path, at: int) -> list[Any]:
        """The items that a reference stands for; the first comes to a place of the new list."""
        numbers = _only(reference, ITEMS)
        if not isinstance(numbers, list) or [*map(is_count, numbers)] != [True] * 3:
            raise ReferenceFault(f"{_told(reference)} does not have three counts")
        back, start, end = numbers
        step, found = self._there(back, path, reference)
        place = _pointer(path)
        if not isinstance(found, list) or not start <= end <= len(found):
            raise ReferenceFault(f"{_told(reference)} leads to no such items of {place} there")
        self._items += end - start
        if self._items > _MOST_ITEMS:
            raise ReferenceFault("the references up to here stand for too many items")
        for pointer, name in step.get("types", {}).items():
            if pointer.startswith(f"{place}/"):
                number, slash, below = pointer[len(place) + 1 :].partition("/")
                if number.isdecimal() and start <= int(number) < end:
                    self._types[f"{place}/{int(number) - start + at}{slash}{below}"] = name
        return found[start:end]

    def _there(
        self, back: object, path: _Path, reference: dict[str, Any]
    ) -> tuple[dict[str, Any], Any]:
        """The step that a reference leads to, and what stands there at the same place."""
        if not isinstance(back, int) or not is_count(back) or not 1 <= back <= len(self.steps):
            raise ReferenceFault(f"{_told(reference)} leads to no earlier step")
        step = self.steps[-back]
        value: Any = step
        for key in path:
            is_item = isinstance(value, list) and isinstance(key, int) and key < len(value)
            if not is_item and not (isinstance(value, dict) and key in value):
                index = len(self.steps) - back
                where = f"step {index}, which has no {_pointer(path)}"
                raise ReferenceFault(f"{_told(reference)} leads to {where}")
            value = value[key]
        return step, value


def _only(reference: dict[str, Any], key: str) -> Any:
    if len(reference) != 1:
        raise ReferenceFault(f'an object with the key "{key}" has other keys, too')
    return reference[key]


def _pointer(path: _Path) -> str:
    return "".join([f"/{escape(str(key))}" for key in path])


def _told(reference: dict[str, Any]) -> str:
    """A reference as an error shows it."""
    return ", ".join(f'"{key}": {str(value)[:40]}' for key, value in reference.items())
