"""What a step says in its arguments: its values, and what tells each of them apart from others."""

from __future__ import annotations

from typing import Any, NamedTuple

from agentcassette._references import RESERVED, values_of
from agentcassette._type_map import NO_TYPES, TypeTree

__all__ = ["Items", "Mark", "Marks", "Place", "Said"]


class Mark:
    """What tells values and their types apart: the equal ones of all steps have the same one.

    Attributes:
        size: How long the text of the value is, about.
        values: How many values there are in it, at the most.
        is_plain: Whether nothing in it could be taken for a reference.
    """

    __slots__ = ("is_plain", "size", "values")

    def __init__(self, size: int, values: int, *, is_plain: bool) -> None:
        self.size = size
        self.values = values
        self.is_plain = is_plain


class Marks:
    """The marks of the values of all steps."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Mark] = {}  # by a hash and by size

    def of(self, value: Any, types: TypeTree) -> Mark:
        """The mark of a value, which is looked into only if it is new."""
        text = repr(value)  # in which 1 is neither 1.0 nor True
        told = hash(text if types is NO_TYPES else (text, str(types))), len(text)
        mark = self._known.get(told)
        if mark is None:
            values = 1 + text.count(", ") + text.count("[") + text.count("{") + text.count("(")
            values += 0 if types is NO_TYPES else values_of(types)
            is_plain = "$" not in text or not any(name in text for name in RESERVED)
            mark = self._known[told] = Mark(len(text), values, is_plain=is_plain)
        return mark

    def of_list(self, items: list[Mark], types: TypeTree) -> Mark:
        """The mark of a list, by those of its items."""
        size = sum([one.size for one in items])
        told = hash((types.name, len(types.below), *items)), size
        mark = self._known.get(told)
        if mark is None:
            values = 1 + sum([one.values for one in items])
            values += 0 if types is NO_TYPES else values_of(types)  # twice for those of the items
            is_plain = all(one.is_plain for one in items)
            mark = self._known[told] = Mark(size, values, is_plain=is_plain)
        return mark


class Items(NamedTuple):
    """The items of a list.

    Attributes:
        marks: What tells each of them apart.
        first: The first place of each.
    """

    marks: list[Mark]
    first: dict[Mark, int]


class Said:
    """A step, and what is known of its values, of which none is looked at twice.

    Args:
        index: Its place in the cassette.
        step: The step.
        marks: Those of the values of all steps.
    """

    def __init__(self, index: int, step: dict[str, Any], marks: Marks) -> None:
        self.index = index
        self.step = step
        self._known = marks
        types = TypeTree.of(step.get("types") or {}).at("arguments")
        self.arguments = Place(self, step["arguments"], types)
        self._marks: dict[tuple[int, int], Mark] = {}
        self._items: dict[tuple[int, int], Items] = {}

    def mark(self, value: Any, types: TypeTree) -> Mark:
        """What tells a value of the step apart from others."""
        key = id(value), id(types)
        mark = self._marks.get(key)
        if mark is None:
            is_history = type(value) is list and value and type(value[0]) is dict
            mark = self._marks[key] = (
                self._known.of_list(self.items(value, types).marks, types)
                if is_history  # whose items are asked for, too
                else self._known.of(value, types)
            )
        return mark

    def items(self, value: list[Any], types: TypeTree) -> Items:
        """The items of a list in the step."""
        key = id(value), id(types)
        items = self._items.get(key)
        if items is None:
            if types.below:
                marks = [self._known.of(item, types.at(at)) for at, item in enumerate(value)]
            else:
                marks = [self._known.of(item, NO_TYPES) for item in value]
            first: dict[Mark, int] = {}
            for at, mark in enumerate(marks):
                first.setdefault(mark, at)
            items = self._items[key] = Items(marks, first)
        return items


class Place(NamedTuple):
    """A value in a step, with its types."""

    said: Said
    value: Any
    types: TypeTree

    @property
    def mark(self) -> Mark:
        """What tells it apart from other values."""
        return self.said.mark(self.value, self.types)

    @property
    def items(self) -> Items:
        """Its items, if it is a list."""
        return self.said.items(self.value, self.types)

    def at(self, key: Any) -> Place | None:
        """The value under a key or at a list place of it, or None."""
        value = self.value
        is_there = key in value if isinstance(value, dict) else key < len(value)
        return Place(self.said, value[key], self.types.at(key)) if is_there else None
