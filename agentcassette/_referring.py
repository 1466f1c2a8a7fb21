"""Which values of a cassette are written as references: those that an earlier step said already."""

from __future__ import annotations

import json
import marshal
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette._format import REFERRING
from agentcassette._pointer import escape
from agentcassette._references import ITEMS, LITERAL, MOST_VALUES, RESERVED, SAME
from agentcassette._said import Items, Mark, Marks, Place, Said
from agentcassette._type_map import without

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Writer", "referring"]

# So many characters make a reference worth the look that its reader has to take at another step.
_WORTH = 1_000

# How many levels are looked into: histories are not deep, and some frames a level are needed.
_DEEPEST = 32

_NUMBERS = frozenset({int, float, bool, type(None)})

# How many steps of the same name are looked at: as many agents may take turns at one callable.
_REACH = 32


def referring(document: dict[str, Any]) -> dict[str, Any]:
    """Write what the arguments of a step say again as references.

    Args:
        document: A document as `validate` returns it, with whole values.

    Returns:
        The document in format version 2; itself where no reference would save anything.

    Raises:
        ValueError: There is a value of somebody's own type that JSON has no form for.
    """
    writer = Writer()
    steps = [writer.write(step) for step in document["steps"]]
    return {**document, "version": REFERRING, "steps": steps} if writer.refers else document


def _plain(step: dict[str, Any]) -> dict[str, Any]:
    """A step whose arguments are what a file has of them, and no subclasses of that."""
    try:
        marshal.dumps(step["arguments"], 2)  # which takes what is plain, and is quick about it
    except ValueError:
        return {**step, "arguments": json.loads(json.dumps(step["arguments"], allow_nan=False))}
    return step


class _Run(NamedTuple):
    """Items of a list that stand in another list, one after the other."""

    start: int
    source: int
    length: int
    values: int


class Writer:
    """Writes step after step, with references to those before."""

    def __init__(self) -> None:
        self._count = 0
        self._marks = Marks()
        self._latest: dict[str, deque[Said]] = {}  # by name, the latest first
        self._left = MOST_VALUES  # that further references may stand for
        self._elsewhere: list[str] = []  # the places of a step whose types come with references

    @property
    def refers(self) -> bool:
        """Whether there is a reference in what was written so far."""
        return self._left < MOST_VALUES

    def write(self, step: dict[str, Any]) -> dict[str, Any]:
        """Write a step.

        Args:
            step: The step, with whole values; they must stay as they are.

        Raises:
            ValueError: There is a value of somebody's own type that JSON has no form for.
        """
        index, self._count = self._count, self._count + 1
        if not isinstance(step.get("arguments"), dict):  # somebody has changed it
            return step
        said, types = Said(index, _plain(step), self._marks), step.get("types")
        before = self._latest.setdefault(str(step.get("name")), deque(maxlen=_REACH))
        others = [one.arguments for one in before]
        before.appendleft(said)
        self._elsewhere = []
        arguments = {}
        for name, value in said.step["arguments"].items():
            place = Place(said, value, said.arguments.types.at(name))
            below = [*_all_at(others, name)]
            arguments[name] = self._below(place, f"/arguments/{escape(str(name))}", below)
        written = {**step, "arguments": arguments}
        if self._elsewhere and types:
            written["types"] = without(types, self._elsewhere)
            if not written["types"]:
                del written["types"]
        return written

    def _part(self, whole: Place, key: Any, pointer: str, others: Sequence[Place]) -> Any:
        """A part of a value, or what stands for it.

        Args:
            whole: The value.
            key: The key of the part, or its place in a list.
            pointer: Where the value is.
            others: What is at the same place of earlier steps, of the same type.
        """
        place = Place(whole.said, whole.value[key], whole.types.at(key))
        mark = place.mark
        if mark.size < _WORTH or pointer.count("/") >= _DEEPEST:
            return place.value if mark.is_plain else _escaped(place.value)
        pointer = f"{pointer}/{escape(str(key))}"
        below = [*_all_at(others, key)]
        for other in below:
            if other.mark == mark and mark.values <= self._left:
                self._refer(mark.values, pointer)
                return {SAME: place.said.index - other.said.index}
        return self._below(place, pointer, below)

    def _below(self, place: Place, pointer: str, others: Iterable[Place]) -> Any:
        """A value that is new as a whole, of which parts may have been said before."""
        value = place.value
        alike = [one for one in others if type(one.value) is type(value)]
        if isinstance(value, list):
            return self._list(place, pointer, alike)
        if not isinstance(value, dict):
            return value if place.mark.is_plain else _escaped(value)
        if not RESERVED.isdisjoint(value):
            return {LITERAL: value}
        written = {}
        for key in value:  # no comprehension: few frames a level are left for deep values
            written[key] = self._part(place, key, pointer, alike)
        return written

    def _list(self, place: Place, pointer: str, others: Sequence[Place]) -> Any:
        if _NUMBERS.issuperset(map(type, place.value)):  # a vector, and no history
            return place.value
        source = _best(place.items, others)
        runs = [] if source is None else _runs(place.items.marks, source.items)
        starts = {run.start: run for run in runs}
        written: list[Any] = []
        at = 0
        while at < len(place.value):
            if source is None or at not in starts or starts[at].values > self._left:
                written.append(self._part(place, at, pointer, others))
                at += 1
                continue
            _, start, length, values = starts[at]
            back = place.said.index - source.said.index
            written.append({ITEMS: [back, start, start + length]})
            self._refer(values, *[f"{pointer}/{one}" for one in range(at, at + length)])
            at += length
        return written

    def _refer(self, values: int, *pointers: str) -> None:
        self._left -= values
        self._elsewhere += pointers


def _all_at(places: Iterable[Place], key: Any) -> Iterator[Place]:
    """What lies in values of one type under a key, or at a list place."""
    for place in places:
        below = place.at(key)
        if below is not None:
            yield below


def _best(items: Items, others: Iterable[Place]) -> Place | None:
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


def _runs(marks: Sequence[Mark], source: Items) -> list[_Run]:
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
        most = min(len(marks) - at, len(theirs) - start)
        length = size = values = 0
        while length < most and marks[at + length] == theirs[start + length]:
            size += marks[at + length].size
            values += marks[at + length].values
            length += 1
        if size >= _WORTH:
            runs.append(_Run(at, start, length, values))
            following = start + length
        at += length
    return runs


def _escaped(value: Any) -> Any:
    """A value in which nothing is a reference."""
    if isinstance(value, (list, tuple)):  # which JSON takes for a list
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
