"""When each call ran, as far as a cassette tells, and where it stands in a drawing of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Span", "spans"]

# How often starts are moved. Where durations and order agree, two or three times are enough.
_ROUNDS = 20

# Durations are rounded to a thousandth of a millisecond.
_ROUNDING = 0.002


class Span(NamedTuple):
    """Where a call stands.

    Attributes:
        start_ms: When it began, counted from the first call.
        end_ms: When it ended.
        lane: The first of its lanes; no call that ran at the same time has it, too.
        lanes: How many it takes: one, and those of the calls that were made inside of it.
    """

    start_ms: float
    end_ms: float
    lane: int
    lanes: int


class _Places(NamedTuple):
    """The places of a call in the sequence of all starts and ends; a call may never have ended."""

    start: float
    end: float


class _Event(NamedTuple):
    """A call begins, or ends."""

    step: int
    begins: bool


def spans(steps: Sequence[dict[str, Any]]) -> list[Span]:
    """Say where each call stands.

    A cassette keeps how long each call took, and the order in which all of them began and ended.
    The time between them, in which nothing was called, it does not keep. So each call stands as far
    to the left as the order and the durations of all of them let it.

    Args:
        steps: The steps, as a cassette has them.

    Returns:
        The span of each step. Calls at the same time have lanes of their own; one that was made
        inside of another stands in the lanes of that one.
    """
    places = [_places(index, step) for index, step in enumerate(steps)]
    durations = [float(step["duration_ms"]) for step in steps]
    times = _times(_events(places), durations)
    rows = _rows([step.get("parent") for step in steps], places)
    return [
        Span(round(start, 3), round(end, 3), row, height)
        for (start, end), (row, height) in zip(times, rows)
    ]


def _places(index: int, step: dict[str, Any]) -> _Places:
    places = step.get("concurrency", {"start": 2 * index, "end": 2 * index + 1})
    end = places.get("end")
    return _Places(places["start"], float("inf") if end is None else end)


def _events(places: Iterable[_Places]) -> list[_Event]:
    """All starts and ends in their order; a call that never ended has no end."""
    events = []
    for step, (start, end) in enumerate(places):
        events.append((start, _Event(step, begins=True)))
        if end != float("inf"):
            events.append((end, _Event(step, begins=False)))
    return [event for _, event in sorted(events, key=lambda one: one[0])]


def _times(events: list[_Event], durations: list[float]) -> list[tuple[float, float]]:
    """The start and the end of each call.

    No call begins or ends before what stands before it in the order has. That may be too early for
    a start: a call that outlasted another one can't have begun so long before that one ended. Then
    the start is moved, and everything behind it once more.
    """
    lengths = _lengths(events, durations)
    earliest, starts, ends = ([0.0] * len(durations) for _ in range(3))
    for _ in range(_ROUNDS):
        now = 0.0
        for step, begins in events:
            if begins:
                starts[step] = now = max(now, earliest[step])
                ends[step] = now + lengths[step]
            else:
                ends[step] = now = max(now, ends[step])
        latest = [end - length for end, length in zip(ends, lengths)]
        if all(late - start < _ROUNDING for late, start in zip(latest, starts)):
            break
        earliest = [max(pair) for pair in zip(earliest, latest)]
    return list(zip(starts, ends))


def _lengths(events: list[_Event], durations: list[float]) -> list[float]:
    """How long each call takes in the drawing: as long as those that began and ended within it.

    Durations may say less. They are rounded, and those of a step that was answered from an older
    recording are of another run than the order.
    """
    lengths = list(durations)
    begin: dict[int, int] = {}
    for place, (step, begins) in enumerate(events):
        if begins:
            begin[step] = place
            continue
        now, begun = 0.0, {}
        for other, starts in events[begin[step] + 1 : place]:
            if starts:
                begun[other] = now
            elif other in begun:
                now = max(now, begun[other] + lengths[other])
        lengths[step] = max(lengths[step], now)
    return lengths


def _rows(parents: list[int | None], places: list[_Places]) -> list[tuple[int, int]]:
    """The first row of each call, and how many it takes."""
    inner: dict[int | None, list[int]] = {}
    for step, parent in enumerate(parents):
        inner.setdefault(parent, []).append(step)
    heights, offsets, ends = [1] * len(parents), [0] * len(parents), [end for _, end in places]
    for outer in (*reversed(range(len(parents))), None):  # a call comes before those inside of it
        members = inner.get(outer, [])
        row = 0
        for lane in _lanes(members, places, ends):
            for step in lane:
                offsets[step] = row
            row += max(heights[step] for step in lane)
        if outer is not None:
            heights[outer] += row
            ends[outer] = max([ends[outer], *(ends[step] for step in members)])
    rows: list[int] = []
    for step, parent in enumerate(parents):
        rows.append(offsets[step] + (0 if parent is None else rows[parent] + 1))
    return list(zip(rows, heights))


def _lanes(members: list[int], places: list[_Places], ends: list[float]) -> list[list[int]]:
    """Put calls into lanes, in each of which one begins after the other has ended."""
    lanes: list[list[int]] = []
    for step in members:
        free = (lane for lane in lanes if ends[lane[-1]] < places[step].start)
        lane = next(free, None)
        if lane is None:
            lanes.append([step])
        else:
            lane.append(step)
    return lanes
