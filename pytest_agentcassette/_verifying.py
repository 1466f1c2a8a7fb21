"""Where today's answers differ from those on tape: recorded steps x today's steps -> lines.

What a model said is not compared, for it is another text each time; nor is what follows from that.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_agentcassette._consequences import Consequences
from pytest_agentcassette._shapes import differing, shape_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from agentcassette import Contrast, Difference

__all__ = ["verify"]

# The tokens of a run may vary by so many, and by this factor.
_SPARE_TOKENS = 50
_FACTOR = 1.5

_LISTED = 5  # differences of the arguments of one call
_WIDTH = 40  # of what is shown of a value


def verify(
    contrasts: Iterable[Contrast], *, typed: bool, finished: bool, live: Collection[str] = ()
) -> tuple[str, ...]:
    """Tell where a run differs from its cassette.

    Args:
        contrasts: The calls of the run beside the steps of the cassette.
        typed: Whether the cassette tells the types of its values.
        finished: Whether the run came to its end; if not, it owes no further call.
        live: The kinds of calls that are no matter of the cassette.

    Returns:
        A line for each difference: the step, the name of the call, the place in it and what is
        there; none where nothing differs.
    """
    compared = [
        one
        for one in contrasts
        if _step(one)["type"] not in live and (finished or one.made is not None)
    ]
    consequences = Consequences(compared)
    lines: list[str] = []
    for one in compared:
        if one.recorded is not None and one.made is not None:
            recorded, made = one.recorded["index"], one.made["index"]
            own = [
                difference
                for difference in one.arguments
                if not consequences.explain(difference, recorded=recorded, made=made)
            ]
            found = [*_arguments(own), *_outcome(one.recorded, one.made, typed=typed)]
            lines += [f"{_name(one)}: {line}" for line in found]
        elif one.recorded is not None:
            lines.append(f"{_name(one)}: not called today")
        else:
            lines.append(f"{_name(one)}: not on tape")
    lines += _tokens(compared, "input_tokens", "in")
    lines += _tokens(compared, "output_tokens", "out")
    return tuple(map(_visible, lines))


def _step(contrast: Contrast) -> dict[str, Any]:
    """The step on tape, else the one of today."""
    return contrast.recorded or contrast.made or {}


def _name(contrast: Contrast) -> str:
    """How a call is told: by its place on tape, else by its place in today's run."""
    step = _step(contrast)
    today = " of today" if contrast.recorded is None else ""
    return f"step {step['index']}{today}, {step['name']}"


def _arguments(differences: Iterable[Difference]) -> Iterator[str]:
    found = list(map(_argument, differences))
    yield from found[:_LISTED]
    more = len(found) - _LISTED
    if more > 0:
        yield f"{more} more difference{'s' if more > 1 else ''} in its arguments"


def _argument(difference: Difference) -> str:
    old, new = _shown(difference.a), _shown(difference.b)
    if difference.kind == "added":
        return f"{difference.place} is new: {_cut(new)}"
    if difference.kind == "removed":
        return f"{difference.place} is gone: {_cut(old)}"
    if difference.kind == "type":
        return f"{difference.place}: {difference.a_type} -> {difference.b_type}"
    equal = next((i for i, (x, y) in enumerate(zip(old, new)) if x != y), min(len(old), len(new)))
    start = max(0, equal - _WIDTH // 4) if max(len(old), len(new)) > _WIDTH else 0
    return f"{difference.place}: {_cut(old, start)} -> {_cut(new, start)}"


def _outcome(recorded: dict[str, Any], made: dict[str, Any], *, typed: bool) -> Iterator[str]:
    """Tell where what came of a call differs."""
    old, new = _error(recorded), _error(made)
    if new is not None and old != new:
        before = "raises" if old is None else f"raised {old}, and raises"
        yield f"{before} {new} today: {_cut(_said(made['error'], 'message'))}"
    elif old != new:
        yield f"raised {old}, and answers today"
    elif old is None and _end(recorded) == _end(made) != "unfinished":
        types = (recorded.get("types", {}), made.get("types", {})) if typed else ({}, {})
        was = shape_of(recorded["result"], types[0], "/result")
        yield from differing(was, shape_of(made["result"], types[1], "/result"), "result")


def _error(step: dict[str, Any]) -> str | None:
    """The class of the exception that a call ended with, or None."""
    if "error" not in step:
        return None
    name = step.get("types", {}).get("/error") or _said(step["error"], "type")
    return (name or "an exception").replace(":", ".")


def _said(error: Any, field: str) -> str:
    """What the step of an exception says of it; somebody else's cassette may say it otherwise."""
    return str(error.get(field, "")) if isinstance(error, dict) else ""


def _end(step: dict[str, Any]) -> str:
    """How far a call came: one that was cancelled, or a stream that was left, tells less."""
    if step.get("unfinished"):
        return "unfinished"
    return "left" if step.get("stream", {}).get("left") else "ended"


def _tokens(contrasts: Sequence[Contrast], field: str, word: str) -> Iterator[str]:
    """Tell of tokens that the whole run took, if they are far more or far fewer than recorded."""
    taken = [[(step or {}).get(field, 0) for step in one[:2]] for one in contrasts]
    old, new = (sum(each) for each in zip(*taken)) if taken else (0, 0)
    if abs(new - old) <= _SPARE_TOKENS or max(old, new) <= _FACTOR * min(old, new):
        return
    place = max(range(len(taken)), key=lambda index: abs(taken[index][1] - taken[index][0]))
    then, now = taken[place]
    most = f", most of it in {_name(contrasts[place])} ({then:,} -> {now:,})"
    yield f"tokens {word}: {old:,} -> {new:,}{most if len(taken) > 1 else ''}"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cut(text: str, start: int = 0) -> str:
    """A part of a text, with a mark where it was cut."""
    part = text[start : start + _WIDTH]
    return f"{'…' * (start > 0)}{part}{'…' * (start + _WIDTH < len(text))}"


def _visible(text: str) -> str:
    """A text without what a terminal does not show or would obey, and what no pipe takes."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
