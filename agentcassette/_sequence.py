"""Calls as they were made -> steps: numbered by their starts, with what ran at the same time.

Each call has the place of its start, and of its end, in one sequence of all starts and ends of a
run. A step tells its places only where the calls did not simply follow each other. Where several
calls are the same, each also tells which call came before it in its own line of work.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["UNKNOWN", "Made", "numbered"]

UNKNOWN = -1
"""Stands for the call before one of which nobody knows which line of work it is in."""


class Made(NamedTuple):
    """A call that was made.

    Attributes:
        start: The place of its start.
        end: The place of its end; None where it had not ended.
        outer: The place of the start of the call that it was made inside of.
        after: The place of the start of the call before it in its line of work; None where it is
            the first one, ``UNKNOWN`` where nobody knows.
        fields: The fields of its step that do not depend on other steps.
        compared: Gives the text that it has in common with calls of its name that are the same,
            where that is known; else its arguments, as they are, tell.
    """

    start: int
    end: int | None
    outer: int | None
    after: int | None
    fields: dict[str, Any]
    compared: Callable[[], str] | None = None


def numbered(calls: Iterable[Made]) -> list[dict[str, Any]]:
    """Give calls as the steps of a cassette, in the order in which they started."""
    made = sorted(calls, key=lambda call: call.start)
    ends = (place for call in made for place in (call.start, call.end) if place is not None)
    position = {place: index for index, place in enumerate(sorted(ends))}
    index_of = {call.start: index for index, call in enumerate(made)}
    twins = _twins(made)
    steps = []
    for index, call in enumerate(made):
        step = {"index": index, **call.fields}
        start, end = position[call.start], None if call.end is None else position[call.end]
        places: dict[str, int | None] = {"start": start, "end": end}
        is_usual = (start, end) == (2 * index, 2 * index + 1)
        if index in twins and call.after != UNKNOWN:
            after = None if call.after is None else index_of.get(call.after)
            if not is_usual or after != (index - 1 if index else None):
                places["after"] = after
        if not is_usual or "after" in places:
            step["concurrency"] = places
        if call.outer in index_of:
            step["parent"] = index_of[call.outer]
        steps.append(step)
    return steps


def _twins(made: list[Made]) -> set[int]:
    """The indexes of the calls of which there is another one that is the same call."""
    alike: dict[tuple[str, int], list[int]] = {}  # by a hash, as the texts may be long histories
    names = Counter(call.fields["name"] for call in made)
    for index, call in enumerate(made):
        name = call.fields["name"]
        if names[name] > 1:
            alike.setdefault((name, hash(_text(call))), []).append(index)
    return {index for indexes in alike.values() if len(indexes) > 1 for index in indexes}


def _text(call: Made) -> str:
    if call.compared is not None:
        return call.compared()
    return json.dumps(call.fields["arguments"], sort_keys=True)
