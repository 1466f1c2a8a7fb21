"""Which values of a cassette are written as references: those that an earlier step said already."""

from __future__ import annotations

from collections import deque
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette._format import REFERRING
from agentcassette._pointer import escape
from agentcassette._references import ITEMS, LITERAL, RESERVED, SAME
from agentcassette._type_map import NO_TYPES, TypeTree, without

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["referring"]

# So many characters make a reference worth the look that its reader has to take at another step.
_WORTH = 1_000

# How many levels are looked into: histories are not deep, and some frames a level are needed.
_DEEPEST = 32

# How many steps of the same name are looked at: as many agents may take turns at one callable.
_REACH = 32


def referring(document: dict[str, Any]) -> dict[str, Any]:
    """Write what the arguments of a step say again as references.

    Args:
        document: A document as `validate` returns it, with whole values.

    Returns:
        The document in format version 2; itself where no reference would save anything.
    """
    latest: dict[str, deque[_Said]] = {}
    steps = []
    refers = False
    for index, step in enumerate(document["steps"]):
        before = latest.setdefault(step["name"], deque(maxlen=_REACH))
        writer = _Writer(_Said(index, step), before)
        steps.append(writer.step())
        refers = refers or writer.refers
        before.appendleft(writer.said)
    return {**document, "version": REFERRING, "steps": steps} if refers else document


class _Mark(NamedTuple):
    """What tells values and their types apart.

    Attributes:
        hash: Equal values have equal ones.
        size: How long the text of the value is, about.
        is_plain: Whether nothing in it could be taken for a reference.
    """

    hash: int
    size: int
    is_plain: bool


def _mark(value: Any, types: TypeTree) -> _Mark:
    text = repr(value)  # in which 1 is neither 1.0 nor True
    is_plain = "$" not in text or not any(name in text for name in RESERVED)
    told = text if types is NO_TYPES else (text, str(types))
    return _Mark(hash(told), len(text), is_plain)


def _mark_of(items: list[_Mark], types: TypeTree) -> _Mark:
    """The mark of a list."""
    size = sum([mark.size for mark in items])
    return _Mark(hash((types.name, *items)), size, all(mark.is_plain for mark in items))


class _Items(NamedTuple):
    """The items of a list.

    Attributes:
        marks: What tells each of them apart.
        first: The first place of each.
    """

    marks: list[_Mark]
    first: dict[_Mark, int]


class _Said:
    """A step, and what is known of its values, of which none is looked at twice."""

    def __init__(self, index: int, step: dict[str, Any]) -> None:
        self.index = index
        self.step = step
        types = TypeTree.of(step.get("types", {})).at("arguments")
        self.arguments = _Place(self, step["arguments"], types)
        self._marks: dict[tuple[int, int], _Mark] = {}
        self._items: dict[tuple[int, int], _Items] = {}

    def mark(self, value: Any, types: TypeTree) -> _Mark:
        """What tells a value of the step apart from others."""
        key = id(value), id(types)
        mark = self._marks.get(key)
        if mark is None:
            if (
                type(value) is list and value and type(value[0]) is dict
            ):  # whose items are asked for
                mark = _mark_of(self.items(value, types).marks, types)
            else:
                mark = _mark(value, types)
            self._marks[key] = mark
        return mark

    def items(self, value: list[Any], types: TypeTree) -> _Items:
        """The items of a list in the step."""
        key = id(value), id(types)
        items = self._items.get(key)
        if items is None:
            if types.below:
                marks = [_mark(item, types.at(at)) for at, item in enumerate(value)]
            else:
                marks = [_mark(item, NO_TYPES) for item in value]
            first: dict[_Mark, int] = {}
            for at, mark in enumerate(marks):
                first.setdefault(mark, at)
            items = self._items[key] = _Items(marks, first)
        return items


class _Place(NamedTuple):
    """A value in a step, with its types."""

    said: _Said
    value: Any
    types: TypeTree

    @property
    def mark(self) -> _Mark:
        """What tells it apart from other values."""
        return self.said.mark(self.value, self.types)

    @property
    def items(self) -> _Items:
        """Its items, if it is a list."""
        return self.said.items(self.value, self.types)

    def at(self, key: str | int) -> _Place | None:
        """The value under a key or at a list place of it, or None."""
        is_there = key < len(self.value) if isinstance(key, int) else key in self.value
        return _Place(self.said, self.value[key], self.types.at(key)) if is_there else None


class _Run(NamedTuple):
    """Items of a list that stand in another list, one after the other."""

    start: int
    source: int
    length: int


class _Writer:
    """Writes one step.

    Args:
        said: The step.
        before: The steps of its name that came before it, the latest first.

    Attributes:
        said: The step.
        refers: Whether there is a reference in what was written.
    """

    def __init__(self, said: _Said, before: Iterable[_Said]) -> None:
        self.said = said
        self.refers = False
        self._before = [one.arguments for one in before]
        self._elsewhere: list[str] = []  # the places whose types come with references

    def step(self) -> dict[str, Any]:
        """The step, with references."""
        step = self.said.step
        arguments = {}
        for name, value in step["arguments"].items():
            place = _Place(self.said, value, self.said.arguments.types.at(name))
            others = [*_all_at(self._before, name)]
            arguments[name] = self._below(place, f"/arguments/{escape(name)}", others)
        written = {**step, "arguments": arguments}
        if self._elsewhere and "types" in step:
            types = without(step["types"], self._elsewhere)
            written["types"] = types
            if not types:
                del written["types"]
        return written

    def _value(self, place: _Place, pointer: str, others: Sequence[_Place]) -> Any:
        """A value, or what stands for it.

        Args:
            place: The value.
            pointer: Where it is.
            others: What is at the same place of earlier steps.
        """
        mark = place.mark
        if mark.size < _WORTH or pointer.count("/") > _DEEPEST:
            return place.value if mark.is_plain else _escaped(place.value)
        for other in others:
            if other.mark == mark:
                self._refer(pointer)
                return {SAME: self.said.index - other.said.index}
        return self._below(place, pointer, others)

    def _below(self, place: _Place, pointer: str, others: Sequence[_Place]) -> Any:
        """A value that is new as a whole, of which parts may have been said before."""
        value = place.value
        others = [one for one in others if type(one.value) is type(value)]
        if isinstance(value, list):
            return self._list(place, pointer, others)
        if not isinstance(value, dict):
            return value
        if not RESERVED.isdisjoint(value):
            return {LITERAL: value}
        written = {}
        for key, item in value.items():  # no comprehension: one frame a level is what there is
            below = _Place(self.said, item, place.types.at(key))
            written[key] = self._value(below, f"{pointer}/{escape(key)}", [*_all_at(others, key)])
        return written

    def _list(self, place: _Place, pointer: str, others: Sequence[_Place]) -> list[Any]:
        source = _best(place.items, others)
        runs = [] if source is None else _runs(place.items.marks, source.items)
        starts = {run.start: run for run in runs}
        written: list[Any] = []
        at = 0
        while at < len(place.value):
            if source is not None and at in starts:
                _, start, length = starts[at]
                back = self.said.index - source.said.index
                written.append({ITEMS: [back, start, start + length]})
                self._refer(*[f"{pointer}/{one}" for one in range(at, at + length)])
                at += length
            else:
                item = _Place(self.said, place.value[at], place.types.at(at))
                written.append(self._value(item, f"{pointer}/{at}", [*_all_at(others, at)]))
                at += 1
        return written

    def _refer(self, *pointers: str) -> None:
        self.refers = True
        self._elsewhere += pointers


def _all_at(places: Iterable[_Place], key: str | int) -> Iterator[_Place]:
    """What lies in values of one type under a key, or at a list place."""
    for place in places:
        below = place.at(key)
        if below is not None:
            yield below


def _best(items: _Items, others: Iterable[_Place]) -> _Place | None:
    """The list that has the most of some items, the latest of several."""
    best, most = None, 0
    whole = sum([mark.size for mark in items.marks])
    for other in others:
        common = items.first.keys() & other.items.first.keys()
        size = sum([mark.size for mark in common])
        if size > most:
            best, most = other, size
            if whole - size < _WORTH or len(common) == len(other.items.first):
                break  # nothing is left to find, or to find it in
    return best


def _runs(marks: Sequence[_Mark], source: _Items) -> list[_Run]:
    """The runs of items of a list, in their order, that are worth a reference."""
    theirs = source.marks
    runs = []
    at = following = 0
    while at < len(marks):
        goes_on = following < len(theirs) and theirs[following] == marks[at]
        start = following if goes_on else source.first.get(marks[at])
        if start is None:
            at += 1
            continue
        pairs = zip(marks[at:], theirs[start:])
        length = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        run = _Run(at, start, length)
        if sum([mark.size for mark in marks[at : at + length]]) >= _WORTH:
            runs.append(run)
            following = start + length
        at += length
    return runs


def _escaped(value: Any) -> Any:
    """A value in which nothing is a reference."""
    if isinstance(value, list):
        items = []
        for item in value:  # no comprehension, as above
            items.append(_escaped(item))  # noqa: PERF401
        return items
    if not isinstance(value, dict):
        return value
    if not RESERVED.isdisjoint(value):
        return {LITERAL: value}
    written = {}
    for key, item in value.items():
        written[key] = _escaped(item)
    return written
