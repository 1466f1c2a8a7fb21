"""A tape: the steps of a cassette, which of them were played, and which answers a call.

Nothing in here runs, waits or raises: the session asks, and decides what follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcassette._comparing import (
    Compared,
    Form,
    by_name,
    compared,
    cover,
    form_of,
    key,
    moved,
    trim,
)
from agentcassette._steps import OUTCOME, redacted, types_in

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from agentcassette._asked import Asked
    from agentcassette._redaction import Redactor

__all__ = ["Tape"]

_NEVER = float("inf")


class Tape:
    """The steps of a cassette, and which of them have been played.

    Args:
        steps: The steps as the cassette has them.
        typed: Whether the steps tell the types of their values; if not, types are not compared.
        redactor: What is applied to the steps before they are compared.
        live: The kinds of call that are not answered from the tape; their steps are not owed.
    """

    def __init__(
        self,
        steps: list[dict[str, Any]],
        *,
        typed: bool,
        redactor: Redactor,
        live: Container[str] = (),
    ) -> None:
        self.steps = steps
        self._typed = typed
        self.redactor = redactor
        self._spans: list[tuple[float, float]] = []
        self._children: dict[int, list[int]] = {}
        self._played = [False] * len(steps)
        self._left: dict[str, dict[int, None]] = {}  # by name: those that were not played, in order
        ends = []
        for index, step in enumerate(steps):
            span = _span(index, step)
            self._spans.append(span)
            ends.append(span[1])
            if step["type"] in live:
                self._played[index] = True
            else:
                self._left.setdefault(step["name"], {})[index] = None
            if "parent" in step:
                self._children.setdefault(step["parent"], []).append(index)
        self._excused = list(self._played)
        self._returned = list(self._played)
        self._by_end = sorted(range(len(steps)), key=ends.__getitem__)
        self._earliest = 0  # how many of `_by_end` are excused, counted from its beginning
        self._next = 0  # how many of `_by_end` have returned, counted from its beginning
        self._recorded: dict[int, tuple[dict[str, Any], dict[str, str]]] = {}
        self._keys: dict[Form, dict[int, str]] = {}

    @property
    def remaining(self) -> int:
        """The number of steps that have not been played."""
        return self._played.count(False)

    @property
    def unplayed(self) -> list[int]:
        """The indexes of these steps."""
        return [index for index, played in enumerate(self._played) if not played]

    @property
    def cursor(self) -> int:
        """The index of the earliest step that has not been played; the length at the end."""
        return next((i for i, played in enumerate(self._played) if not played), len(self._played))

    def is_played(self, index: int) -> bool:
        """Whether a step has been played."""
        return self._played[index]

    def find(self, asked: Asked) -> int | None:
        """The unplayed step that is the same call, or None.

        Of several it is the first that came after the same call in the same line of work, else the
        first of all.
        """
        unplayed = self._left.get(asked.name, {})
        first = None
        for index in unplayed:
            if self._is_in_line(index, asked):
                if self._is_verbatim(index, asked):  # as nearly always
                    return index
                first = index
                break
        for kind in (self._is_same, self._is_covered, self._is_older):
            is_same = kind(asked)
            if first is not None and is_same(first):
                return first
            same = [*filter(is_same, unplayed)]
            if same:
                return next((index for index in same if self._is_in_line(index, asked)), same[0])
        return None

    def find_played(self, asked: Asked) -> int | None:
        """The latest step that is the same call and was played already, or None."""
        return next(filter(self._is_same(asked), reversed(self._played_like(asked))), None)

    def find_alike(self, asked: Asked, index: int) -> list[int]:
        """The played steps that are the same call as a step, and of which the same came.

        Whoever made the calls can't tell which of them was which.
        """
        return [
            one
            for one in filter(self._is_same(asked), self._played_like(asked))
            if one != index and _outcome(self.steps[one]) == _outcome(self.steps[index])
        ]

    def missing_before(self, index: int) -> int | None:
        """The earliest unplayed step of those that ended before this one started, or None."""
        start = self._spans[index][0]
        missing = None
        for place in range(self._earliest, len(self._by_end)):
            other = self._by_end[place]
            if self._excused[other]:
                if place == self._earliest:
                    self._earliest += 1
            elif self._spans[other][1] >= start:
                break
            elif missing is None or other < missing:
                missing = other
        return missing

    def play(self, index: int) -> None:
        """Count a step as played, and with it every step that was made inside of it."""
        self._play(index)
        for inner in self.inside(index):
            self._play(inner)
            self._returned[inner] = True

    def _play(self, index: int) -> None:
        self._played[index] = self._excused[index] = True
        self._left.get(self.steps[index]["name"], {}).pop(index, None)

    def inside(self, index: int) -> list[int]:
        """The steps that were made inside of a step, at any depth."""
        inner = list(self._children.get(index, ()))
        for child in inner:
            inner += self._children.get(child, ())
        return inner

    def precedes(self, index: int, other: int) -> bool:
        """Whether a step ended before another one started."""
        return self._spans[index][1] < self._spans[other][0]

    def overlaps(self, index: int) -> bool:
        """Whether another step started or ended while this one ran."""
        start, end = self._spans[index]
        return end - start > 1

    def excuse_before(self, index: int) -> None:
        """No longer ask for the steps which ended before this one started to come in order."""
        start = self._spans[index][0]
        for other, (_, end) in enumerate(self._spans):
            if end < start:
                self._excused[other] = True

    def nearest(self, name: str) -> int | None:
        """The earliest unplayed step of a name, else the earliest, or None at the end."""
        unplayed = self.unplayed
        named = (index for index in unplayed if self.steps[index]["name"] == name)
        return next(named, unplayed[0] if unplayed else None)

    def owed(self, *, cleanup: bool) -> int | None:
        """The earliest unplayed step that the run still owes, or None.

        Args:
            cleanup: Whether steps that were recorded after the end of the body count too.
        """
        if all(self._played):  # as most often
            return None
        owed = (one for one in self.unplayed if cleanup or not self.steps[one].get("cleanup"))
        return next(owed, None)

    def may_return(self, index: int) -> bool:
        """Whether every step that ended before this one has returned to the agent."""
        while self._next < len(self._by_end) and self._returned[self._by_end[self._next]]:
            self._next += 1
        return self._next == len(self._by_end) or (
            self._spans[self._by_end[self._next]][1] >= self._spans[index][1]
        )

    def give_back(self, index: int) -> None:
        """Count a step as returned to the agent."""
        self._returned[index] = True

    def expected(self, index: int) -> dict[str, Any]:
        """A step as errors and divergences show it."""
        return {"name": self.steps[index]["name"], "arguments": self._arguments(index)[0]}

    def side_by_side(self, asked: Asked, index: int) -> tuple[Compared, Compared]:
        """What is compared of a step and of a call: arguments by parameter name, and types."""
        form = form_of(asked)
        live = compared(form, *self._live(asked))
        if self.steps[index]["name"] != asked.name:  # its parameters have other names
            return Compared(*self._arguments(index)), live
        return compared(form, *self._arguments(index)), live

    def side_by_side_covered(self, asked: Asked, index: int) -> tuple[Compared, Compared]:
        """As `side_by_side` of a step of the same name, without what a replay would not ask for.

        A whole value ``****`` on tape stands for any value, and so does the default of a field that
        a class has got since.
        """
        form = form_of(asked)
        recorded = by_name(*self._arguments(index), form.parameters)
        live = cover(*by_name(*self._live(asked), form.parameters), recorded[0])
        live = trim(*live, moved(asked.defaults, asked), recorded[0])
        return compared(form, *recorded), compared(form, *live)

    def _played_like(self, asked: Asked) -> list[int]:
        """The played steps that have the name of a call."""
        return [
            index
            for index, is_played in enumerate(self._played)
            if is_played and self.steps[index]["name"] == asked.name
        ]

    def _is_same(self, asked: Asked) -> Callable[[int], bool]:
        """Tells of a step whether it is the same call."""
        form = form_of(asked)
        live = key(form, *self._live(asked))
        return lambda index: self._key(form, index) == live

    def _is_verbatim(self, index: int, asked: Asked) -> bool:
        """Whether a step has the arguments of a call to the letter, as they stand in the cassette.

        That is the same call: to redact what is redacted, or to ignore a part of what is equal,
        makes no difference.
        """
        step = self.steps[index]
        recorded = repr(step["arguments"])  # in which 1 is neither 1.0 nor True
        types = types_in(step, "arguments")
        if types == asked.given_types and recorded == repr(asked.given):
            return True
        arguments, live_types = self._live(asked)
        return live_types == (types if self._typed else {}) and recorded == repr(arguments)

    def _is_in_line(self, index: int, asked: Asked) -> bool:
        """Whether a step came after the step that answered the call before this one."""
        if asked.link is None:
            return False
        before = None if asked.link.before is None else asked.link.before.step
        step = self.steps[index]
        if "concurrency" not in step:
            return before == (index - 1 if index else None)
        return "after" in step["concurrency"] and step["concurrency"]["after"] == before

    def _is_covered(self, asked: Asked) -> Callable[[int], bool]:
        """As `_is_same`, where a whole value ``****`` on tape stands for any value."""
        form = form_of(asked)
        live = by_name(*self._live(asked), form.parameters)

        def is_covered(index: int) -> bool:
            recorded, _ = by_name(*self._arguments(index), form.parameters)
            return key(form, *cover(*live, recorded)) == self._key(form, index)

        return is_covered

    def _is_older(self, asked: Asked) -> Callable[[int], bool]:
        """As `_is_same`, where a class has got a field since, which holds its default."""
        form, defaults = form_of(asked), moved(asked.defaults, asked)
        live = by_name(*self._live(asked), form.parameters)

        def is_older(index: int) -> bool:
            recorded, _ = by_name(*self._arguments(index), form.parameters)
            trimmed = trim(*live, defaults, recorded)
            return trimmed is not live and key(form, *trimmed) == self._key(form, index)

        return is_older if defaults else lambda _: False

    def _key(self, form: Form, index: int) -> str:
        """What a step is compared by; kept, unless the form is that of one call alone."""
        if form.hidden:
            return key(form, *self._arguments(index))
        keys = self._keys.setdefault(form, {})
        if index not in keys:
            keys[index] = key(form, *self._arguments(index))
        return keys[index]

    def _arguments(self, index: int) -> tuple[dict[str, Any], dict[str, str]]:
        """The arguments of a step, redacted as the live side is, and their types."""
        if index not in self._recorded:
            step = self.steps[index]
            said: dict[str, Any] = {
                name: step[name] for name in ("arguments", "types") if name in step
            }
            step = redacted(said, self.redactor)
            types = types_in(step, "arguments") if self._typed else {}
            self._recorded[index] = step["arguments"], types
        return self._recorded[index]

    def _live(self, asked: Asked) -> tuple[dict[str, Any], dict[str, str]]:
        """The arguments of a call, and their types if they are compared."""
        return asked.arguments, asked.types if self._typed else {}


def _outcome(step: dict[str, Any]) -> str:
    """A text that steps have in common of which the same came."""
    from agentcassette._differences import canonical

    types = {at: name for at, name in step.get("types", {}).items() if at[:10] != "/arguments"}
    return canonical([types, {name: step[name] for name in OUTCOME if name in step}])


def _span(index: int, step: dict[str, Any]) -> tuple[float, float]:
    """Where a step started and ended in the one sequence of all starts and ends."""
    if "concurrency" in step:
        places = step["concurrency"]
        start, end = places["start"], places.get("end")
    else:
        start, end = 2 * index, 2 * index + 1
    return start, _NEVER if end is None or "unfinished" in step else end
