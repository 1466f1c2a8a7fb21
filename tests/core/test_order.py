"""The steps of a tape in their order: the time that went by in them."""

from __future__ import annotations

import pytest

from agentcassette._order import elapsed


def steps(*calls):
    """Make steps of durations, and of places in the sequence of starts and ends where given."""
    made = []
    for index, (duration, *places) in enumerate(calls):
        step = {"index": index, "duration_ms": duration}
        if places:
            step["concurrency"] = dict(zip(("start", "end"), places))
        made.append(step)
    return made


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([], 0),
        ([(5,), (3,)], 8),
        ([(5, 0, 3), (3, 1, 2)], 5),
        ([(3, 0, 2), (5, 1, 3)], 5),
        ([(3, 0, 2), (5, 1, 3), (4,)], 9),
        ([(1,), (3, 2, 4), (5, 3, 5), (4, 6, 7)], 10),
        ([(5, 0, None), (7, 1, 2)], 7),
        ([(9, 0, None), (7, 1, 2)], 9),
        ([(9, 0, None), (7, 1, None)], 9),
        ([(9, 0, 5), (2, 1, 2), (3, 3, 4)], 9),
        ([(1, 0, 5), (2, 1, 2), (3, 3, 4)], 5),
    ],
    ids=[
        "no call",
        "one after the other",
        "one inside of the other",
        "one that outlasts the other",
        "and one after both",
        "and one before both",
        "one that never ended, and was short",
        "one that never ended, and was long",
        "two that never ended",
        "two inside of one",
        "two inside of one that was shorter",
    ],
)
def test_calls_at_the_same_time_count_once(calls, expected):
    """What a person had to wait for them, as far as a tape tells."""
    assert elapsed(steps(*calls)) == expected
    assert elapsed(steps(*calls)[::-1]) == expected
    assert isinstance(elapsed(steps(*calls)), float)


def test_a_part_of_the_steps():
    """Their places are those of the whole tape."""
    whole = steps((5, 0, 3), (3, 1, 2), (4,), (2,))

    assert elapsed(whole[1:3]) == 7
    assert elapsed(whole[2:]) == 6
