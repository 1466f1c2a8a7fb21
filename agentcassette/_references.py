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
from agentcassette._type_map import NO_TYPES, TypeTree

__all__ = [
    "ITEMS",
    "LITERAL",
    "MOST_VALUES",
    "RESERVED",
    "SAME",
    "ReferenceFault",
    "Resolver",
    "values_of",
]

SAME = "$same"
ITEMS = "$items"
LITERAL = "$literal"

#: The keys of what stands for something else.
RESERVED = frozenset({SAME, ITEMS, LITERAL})

#: How many values all references of a cassette may stand for. A few of them could stand for more
#: than anybody can walk through; a conversation of 5,000 steps has about as many.
MOST_VALUES = 100_000_000

_OF_A_TYPE = 20  # as many values take as much memory, about

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
        self._trees: dict[int, TypeTree] = {}  # the types of those that were referred to
        self._types: dict[str, str] = {}  # of the step at hand, which come with what it refers to
        self._sizes: dict[int, int] = {}  # how many values are in a list or an object
        self._values = 0

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
            _only(value, ITEMS)
            raise ReferenceFault(f"{_told(value)} is no item of a list")
        whole = {}
        for key, item in value.items():
            whole[key] = self._value(item, (*path, key))
        return whole

    def _same(self, reference: dict[str, Any], path: _Path) -> Any:
        index, found = self._there(_only(reference, SAME), path, reference)
        self._bring(self._tree(index, path), path)
        self._count(self._size(found))
        return found

    def _run(self, reference: dict[str, Any], path: _Path, at: int) -> list[Any]:
        """The items that a reference stands for; the first comes to a place of the new list."""
        numbers = _only(reference, ITEMS)
        if not isinstance(numbers, list) or [*map(is_count, numbers)] != [True] * 3:
            raise ReferenceFault(f"{_told(reference)} does not have three counts")
        back, start, end = numbers
        index, found = self._there(back, path, reference)
        if not isinstance(found, list) or not start <= end <= len(found):
            raise ReferenceFault(
                f"{_told(reference)} leads to no such items of {_pointer(path)} there"
            )
        types = self._tree(index, path)
        if types.below:
            for place in range(start, end):
                self._bring(types.at(place), (*path, at + place - start))
        items = found[start:end]
        self._count(sum(map(self._size, items)))
        return items

    def _there(self, back: object, path: _Path, reference: dict[str, Any]) -> tuple[int, Any]:
        """The index of the step that a reference leads to, and what stands there at its place."""
        if not isinstance(back, int) or not is_count(back) or not 1 <= back <= len(self.steps):
            raise ReferenceFault(f"{_told(reference)} leads to no earlier step")
        index = len(self.steps) - back
        value: Any = self.steps[index]
        for key in path:
            is_item = isinstance(value, list) and isinstance(key, int) and key < len(value)
            if not is_item and not (isinstance(value, dict) and key in value):
                where = f"step {index}, which has no {_pointer(path)}"
                raise ReferenceFault(f"{_told(reference)} leads to {where}")
            value = value[key]
        return index, value

    def _tree(self, index: int, path: _Path) -> TypeTree:
        """The types of what stands at a place of an earlier step."""
        if index not in self._trees:
            self._trees[index] = TypeTree.of(self.steps[index].get("types", {}))
        tree = self._trees[index]
        for key in path:
            tree = tree.at(key)
        return tree

    def _bring(self, types: TypeTree, path: _Path) -> None:
        """Let types come with a value to its new place."""
        if types is NO_TYPES:
            return
        self._count(values_of(types))
        left = [(_pointer(path), types)]
        while left:
            place, tree = left.pop()
            if tree.name:
                self._types[place] = tree.name
            left += [(f"{place}/{escape(key)}", below) for key, below in tree.below.items()]

    def _size(self, value: Any) -> int:
        """How many values a value is, with all that is in it; what was counted is remembered."""
        if not isinstance(value, (list, dict)):
            return 1
        size = self._sizes.get(id(value))  # all of them are in steps, which are kept
        if size is None:
            size = 1
            for item in value.values() if isinstance(value, dict) else value:
                size += self._size(item)
            self._sizes[id(value)] = size
        return size

    def _count(self, values: int) -> None:
        self._values += values
        if self._values > MOST_VALUES:
            raise ReferenceFault("the references up to here stand for too many values")


def values_of(types: TypeTree) -> int:
    """How many values the types of a value count for: each has a place of its own in memory."""
    values, left = 0, [types]
    while left:
        tree = left.pop()
        values += _OF_A_TYPE
        left += tree.below.values()
    return values


def _pointer(path: _Path) -> str:
    """The JSON pointer of a place."""
    return "".join([f"/{escape(str(key))}" for key in path])


def _only(reference: dict[str, Any], key: str) -> Any:
    if len(reference) != 1:
        raise ReferenceFault(f'an object with the key "{key}" has other keys, too')
    return reference[key]


def _told(reference: dict[str, Any]) -> str:
    """A reference as an error shows it."""
    ((key, value),) = reference.items()
    try:
        return f'"{key}": {str(value)[:40]}'
    except ValueError:  # a number of more digits than Python writes
        return f'"{key}"'
