"""The steps of a tape in their order: what is left of them, and what has its turn.

Nothing in here looks into a call: that is for whoever plays a step to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

__all__ = ["Order", "elapsed"]

_NEVER = float("inf")

_Line = tuple[str, Union[int, None]]


class Order:
    """Steps, and which of them have been played, and have returned to the agent.

    Args:
        steps: The steps as the cassette has them.
        live: The kinds of call that are not answered from the tape; their steps are not owed.
    """

    def __init__(self, steps: list[dict[str, Any]], *, live: Container[str] = ()) -> None:
        self.steps = steps
        self._spans = [_span(index, step) for index, step in enumerate(steps)]
        self._lines = [_line(index, step) for index, step in enumerate(steps)]
        self._children: dict[int, list[int]] = {}
        self._played = [step["type"] in live for step in steps]
        self._left: dict[str, dict[int, None]] = {}  # by name: those that were not played, in order
        self._next_in: dict[_Line, dict[int, None]] = {}  # of those, by the line that they go on
        for index, step in enumerate(steps):
            if not self._played[index]:
                self._left.setdefault(step["name"], {})[index] = None
                line = self._lines[index]
                if line is not None:
                    self._next_in.setdefault(line, {})[index] = None
            if "parent" in step:
                self._children.setdefault(step["parent"], []).append(index)
        self._excused = list(self._played)
        self._returned = list(self._played)
        self._by_end = sorted(range(len(steps)), key=[end for _, end in self._spans].__getitem__)
        self._earliest = 0  # how many of `_by_end` are excused, counted from its beginning
        self._next = 0  # how many of `_by_end` have returned, counted from its beginning

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

    def left(self, name: str) -> dict[int, None]:
        """The indexes of the steps of a name that have not been played, in their order."""
        return self._left.get(name, {})

    def left_in_line(self, name: str, before: int | None) -> dict[int, None]:
        """Those of them that are known to have come after a step in its line of work.

        Args:
            name: The name.
            before: The index of that step; None for those that came first in their lines.
        """
        return self._next_in.get((name, before), {})

    def played(self, name: str) -> list[int]:
        """The indexes of the steps of a name that have been played, in their order."""
        return [
            index
            for index, is_played in enumerate(self._played)
            if is_played and self.steps[index]["name"] == name
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

    def play(self, index: int) -> list[int]:
        """Count a step as played, and with it every step that was made inside of it.

        Returns:
            The indexes of the latter, which have also returned now.
        """
        self._play(index)
        inside = self.inside(index)
        for inner in inside:
            self._play(inner)
            self._returned[inner] = True
        return inside

    def _play(self, index: int) -> None:
        self._played[index] = self._excused[index] = True
        self._left.get(self.steps[index]["name"], {}).pop(index, None)
        line = self._lines[index]
        if line is not None:
            self._next_in.get(line, {}).pop(index, None)

    def inside(self, index: int) -> list[int]:
        """The steps that were made inside of a step, at any depth."""
        inner = list(self._children.get(index, ()))
        for child in inner:
            inner += self._children.get(child, ())
        return inner

    def is_inside(self, index: int) -> bool:
        """Whether a step was made inside of one that has not been played yet."""
        parent = self.steps[index].get("parent")
        return parent is not None and not self._played[parent]

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
        turn = self._first_to_return()
        return turn is None or self._spans[turn][1] >= self._spans[index][1]

    @property
    def turn(self) -> int | None:
        """The one step that may return now, of those that have not; None where any may."""
        turn = self._first_to_return()
        return None if turn is None or self._spans[turn][1] == _NEVER else turn

    def _first_to_return(self) -> int | None:
        while self._next < len(self._by_end) and self._returned[self._by_end[self._next]]:
            self._next += 1
        return self._by_end[self._next] if self._next < len(self._by_end) else None

    def give_back(self, index: int) -> None:
        """Count a step as returned to the agent."""
        self._returned[index] = True


def elapsed(steps: Sequence[dict[str, Any]]) -> float:
    """The milliseconds that went by in calls when they ran live, as far as a tape tells.

    Calls that ran at the same time count once. When exactly one began while another one ran, a tape
    does not tell: it is taken to have been at once, so the true time may be longer.

    Args:
        steps: The steps of the calls, in any order; their places are those of one tape.
    """
    if not any("concurrency" in step for step in steps):
        return float(sum([step["duration_ms"] for step in steps]))
    events = []
    for step in steps:
        start, end = _span(step["index"], step)
        events += [(start, True, step), (end, False, step)]
    now, began = 0.0, {}
    for _, begins, step in sorted(events, key=lambda event: event[0]):
        if begins:
            began[step["index"]] = now
        else:
            now = max(now, began[step["index"]] + step["duration_ms"])
    return now


def _line(index: int, step: dict[str, Any]) -> _Line | None:
    """The name of a step, and the index of the one before it in its line; None if nobody knows."""
    if "concurrency" not in step:
        return step["name"], index - 1 if index else None
    places = step["concurrency"]
    return (step["name"], places["after"]) if "after" in places else None


def _span(index: int, step: dict[str, Any]) -> tuple[float, float]:
    """Where a step started and ended in the one sequence of all starts and ends."""
    if "concurrency" in step:
        places = step["concurrency"]
        start, end = places["start"], places.get("end")
    else:
        start, end = 2 * index, 2 * index + 1
    return start, _NEVER if end is None or "unfinished" in step else end
