"""The timeline of the page: when each call ran, and the lanes that it stands in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentcassette._timeline import spans


def step(duration_ms: float, start: int | None = None, end: int | None = None, **fields: Any):
    """Make a step as a cassette has it."""
    places = {} if start is None else {"concurrency": {"start": start, "end": end}}
    return {"duration_ms": duration_ms, **places, **fields}


DRAWINGS = {
    "nothing": ([], []),
    "one after the other": ([step(10), step(5)], [(0, 10, 0, 1), (10, 15, 0, 1)]),
    "two at the same time": (
        [step(30, 0, 3), step(10, 1, 2), step(5, 4, 5)],
        [(0, 30, 0, 1), (0, 10, 1, 1), (30, 35, 0, 1)],
    ),
    "one that began when another one had ended": (
        [step(50, 0, 5), step(10, 1, 2), step(10, 3, 4)],
        [(0, 50, 0, 1), (0, 10, 1, 1), (10, 20, 1, 1)],
    ),
    "one that outlasted the other": (
        [step(50, 0, 2), step(10, 1, 3)],
        [(0, 50, 0, 1), (40, 50, 1, 1)],
    ),
    "one that began after another one, which began late": (
        [step(50, 0, 3), step(10, 1, 4), step(100, 2, 5)],
        [(0, 50, 0, 1), (40, 50, 1, 1), (40, 140, 2, 1)],
    ),
    "one inside of another": (
        [step(7), step(20, 2, 5), step(5, 3, 4, parent=1), step(1, 6, 7)],
        [(0, 7, 0, 1), (7, 27, 0, 2), (7, 12, 1, 1), (27, 28, 0, 1)],
    ),
    "several inside of one, beside another": (
        [
            step(40, 0, 11),
            step(10, 1, 3, parent=0),
            step(10, 2, 4, parent=0),
            step(20, 5, 8, parent=0),
            step(5, 6, 7, parent=3),
            step(5, 9, 10),
        ],
        [
            (0, 40, 0, 4),
            (0, 10, 1, 1),
            (0, 10, 3, 1),
            (10, 30, 1, 2),
            (10, 15, 2, 1),
            (30, 35, 4, 1),
        ],
    ),
    "one inside of another that outlasts it": (
        [step(10, 0, 2), step(30, 1, 5, parent=0), step(5, 3, 4)],
        [(0, 10, 0, 2), (0, 30, 1, 1), (10, 15, 2, 1)],
    ),
    "one that never ended": (
        [step(4, 0), step(5, 1, 2), step(5, 3, 4)],
        [(0, 4, 0, 1), (0, 5, 1, 1), (5, 10, 1, 1)],
    ),
    "one that took longer than the one around it": (
        [step(10, 0, 3), step(30, 1, 2)],
        [(0, 30, 0, 1), (0, 30, 1, 1)],
    ),
}


@pytest.mark.parametrize(("steps", "drawn"), DRAWINGS.values(), ids=DRAWINGS)
def test_where_calls_stand(steps, drawn):
    """What followed follows, what overlapped has its own lanes, what was inside stands inside."""
    assert spans(steps) == drawn


@st.composite
def runs(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Draw the starts and the ends of calls, in whole milliseconds and in the order of starts."""
    times = draw(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 30)), max_size=8))
    return sorted((start, start + length) for start, length in times)


@given(runs())
def test_a_run_as_it_may_have_been(times):
    """Whatever ran: every call takes as long as it took, and all is in the order of the tape."""
    events = sorted(
        [(start, True, at) for at, (start, _) in enumerate(times)]
        + [(end, False, at) for at, (_, end) in enumerate(times)]
    )
    place = {(at, begins): index for index, (_, begins, at) in enumerate(events)}
    steps = [
        step(end - start, place[at, True], place[at, False])
        for at, (start, end) in enumerate(times)
    ]

    drawn = spans(steps)

    moments = [drawn[at].start_ms if begins else drawn[at].end_ms for _, begins, at in events]
    assert moments == pytest.approx(sorted(moments), abs=0.01)
    for one, (start, end) in zip(drawn, times):
        assert one.end_ms - one.start_ms == pytest.approx(end - start, abs=0.01)
        assert one.end_ms <= end - min(start for start, _ in times) + 0.01


@given(st.lists(st.floats(0, 100), min_size=6, max_size=6), st.permutations(range(12)))
def test_durations_that_contradict_the_order(durations, order):
    """A drawing comes of it all the same, and no call is shorter than it was."""
    steps = [
        step(duration, min(pair), max(pair))
        for duration, pair in zip(durations, zip(order[::2], order[1::2]))
    ]
    for one, duration in zip(spans(steps), durations):
        assert one.end_ms - one.start_ms >= duration - 0.01
