"""The calls of a run beside the steps of a cassette: which belongs to which, and what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette._alignment import align
from agentcassette._asked import Asked
from agentcassette._differences import Difference, similarity
from agentcassette._ignoring import compile_ignores
from agentcassette._matching import Tape
from agentcassette._steps import redacted, types_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agentcassette._cassette import Cassette
    from agentcassette._redaction import Redactor

__all__ = ["Contrast", "contrast"]


class Contrast(NamedTuple):
    """A call of a run, beside the step of a cassette that it belongs to.

    Attributes:
        recorded: The step of the cassette, redacted; None for a call that it does not have.
        made: The step of the call; None for a step that was not called.
        arguments: Where the arguments differ, as far as they are compared; a path begins with the
            name of the parameter. Nothing where one of the steps is None.
    """

    recorded: dict[str, Any] | None
    made: dict[str, Any] | None
    arguments: tuple[Difference, ...] = ()


def contrast(
    cassette: Cassette,
    calls: Iterable[tuple[dict[str, Any], Asked | None]],
    redactor: Redactor,
) -> list[Contrast]:
    """Put the calls of a run beside the steps of a cassette.

    Args:
        cassette: The cassette.
        calls: The steps of the calls, each with the call as it is compared; None where nobody knows
            more of it than the step tells.
        redactor: What the calls were redacted with.

    Returns:
        The calls in their order. A step that was not called stands where the cassette has it.
    """
    # Calls made inside of another one run for themselves, so they are no part of it here.
    alone = [{name: step[name] for name in step if name != "parent"} for step in cassette.steps]
    tape = Tape(alone, typed=cassette.typed, redactor=redactor)
    made = [(step, _known(step) if asked is None else asked) for step, asked in calls]
    same: dict[int, int] = {}
    for place, (_, asked) in enumerate(made):
        index = tape.find(asked)
        if index is not None:
            tape.play(index)
            same[place] = index
    step_of = {**same, **_nearest(tape, made, same)}
    contrasts = []
    for place, (step, asked) in enumerate(made):
        index = step_of.get(place)
        recorded = None if index is None else redacted(alone[index], redactor)
        differs = () if index is None or place in same else _differences(tape, asked, index)
        contrasts.append(Contrast(recorded, step, differs))
    for index in sorted(set(range(len(alone))) - set(step_of.values())):
        _insert(contrasts, redacted(alone[index], redactor))
    return contrasts


def _known(step: dict[str, Any]) -> Asked:
    """A call of which only its step is known."""
    return Asked(
        name=step["name"],
        kind=step["type"],
        arguments=step["arguments"],
        types=types_in(step, "arguments"),
        volatile=(),
        parameters=(),
        ignore=compile_ignores(()),
    )


def _nearest(
    tape: Tape, made: list[tuple[dict[str, Any], Asked]], same: dict[int, int]
) -> dict[int, int]:
    """Give each call that is not on tape the step of its name that it is most like, in order."""
    pairs: dict[int, int] = {}
    for name in {asked.name for _, asked in made}:
        steps = [
            index
            for index, step in enumerate(tape.steps)
            if step["name"] == name and not tape.is_played(index)
        ]
        places = [
            place
            for place, (_, asked) in enumerate(made)
            if asked.name == name and place not in same
        ]

        def alike(i: int, j: int, steps: list[int] = steps, places: list[int] = places) -> float:
            recorded, now = tape.side_by_side(made[places[j]][1], steps[i])
            return similarity(recorded.arguments, now.arguments, depth=5)

        texts = [f"recorded {i}" for i in steps], [f"made {j}" for j in places]  # none are equal
        for kind, i, j in align(*texts, alike):
            if kind == "changed":
                pairs[places[j]] = steps[i]
    return pairs


def _differences(tape: Tape, asked: Asked, index: int) -> tuple[Difference, ...]:
    from agentcassette._explaining import compare

    recorded, now = tape.side_by_side_covered(asked, index)
    return tuple(compare(recorded._asdict(), now._asdict()))


def _insert(contrasts: list[Contrast], step: dict[str, Any]) -> None:
    """Put a step that was not called before the first call that comes later on tape."""
    later = (
        place
        for place, one in enumerate(contrasts)
        if one.recorded is not None and one.recorded["index"] > step["index"]
    )
    contrasts.insert(next(later, len(contrasts)), Contrast(step, None))
