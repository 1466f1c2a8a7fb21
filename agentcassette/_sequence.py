"""Calls as they were made -> steps: numbered by their starts, with what ran at the same time.

Each call has the place of its start, and of its end, in one sequence of all starts and ends of a
run. A step tells its places only where the calls did not simply follow each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Made", "numbered"]


class Made(NamedTuple):
    """A call that was made.

    Attributes:
        start: The place of its start.
        end: The place of its end; None where it had not ended.
        outer: The place of the start of the call that it was made inside of.
        fields: The fields of its step that do not depend on other steps.
    """

    start: int
    end: int | None
    outer: int | None
    fields: dict[str, Any]


def numbered(calls: Iterable[Made]) -> list[dict[str, Any]]:
    """Give calls as the steps of a cassette, in the order in which they started."""
    made = sorted(calls, key=lambda call: call.start)
    places = sorted(place for call in made for place in (call.start, call.end) if place is not None)
    position = {place: index for index, place in enumerate(places)}
    index_of = {call.start: index for index, call in enumerate(made)}
    steps = []
    for index, call in enumerate(made):
        step = {"index": index, **call.fields}
        start, end = position[call.start], None if call.end is None else position[call.end]
        if (start, end) != (2 * index, 2 * index + 1):
            step["concurrency"] = {"start": start, "end": end}
        if call.outer in index_of:
            step["parent"] = index_of[call.outer]
        steps.append(step)
    return steps
