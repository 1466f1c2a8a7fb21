"""Which arguments differ only because the calls before them were answered otherwise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agentcassette import Contrast, Difference

__all__ = ["Consequences"]

# A text of this length is prose, which is another one in each run. A shorter one, such as the city
# that a tool is asked for, is a decision.
_PROSE = 40

_ANSWER = "\0"

_NEVER = float("inf")


class Consequences:
    """What follows from the answers of a run.

    Args:
        contrasts: The calls of the run beside the steps of the cassette.
    """

    def __init__(self, contrasts: Sequence[Contrast]) -> None:
        self._then = _prose(one.recorded for one in contrasts if one.recorded is not None)
        self._now = _prose(one.made for one in contrasts if one.made is not None)
        others = (one.made["index"] for one in contrasts if one.made and _is_other_answer(one))
        gone = (one.recorded["index"] for one in contrasts if one.recorded and one.made is None)
        self._other, self._gone = min(others, default=_NEVER), min(gone, default=_NEVER)

    def explain(self, difference: Difference, *, recorded: int, made: int) -> bool:
        """Tell whether an argument differs only because of what earlier calls answered.

        What stands in a list is the history that goes with every call of a model: it is another
        one as soon as one answer is. Elsewhere an argument may have the text of an answer in it.

        Args:
            difference: Where a call and its step differ; the path begins with the name of the
                parameter.
            recorded: The index of the step.
            made: The index of the call.
        """
        inside = difference.path[2 if difference.path[0] == "args" else 1 :]
        if any(isinstance(key, int) for key in inside):
            return made > self._other or recorded > self._gone
        old, new = difference.a, difference.b
        if difference.kind == "type" or not isinstance(old, str) or not isinstance(new, str):
            return False
        return _without(self._then, old, recorded) == _without(self._now, new, made)


def _is_other_answer(contrast: Contrast) -> bool:
    if contrast.recorded is None or contrast.made is None:
        return True
    return any(contrast.recorded.get(at) != contrast.made.get(at) for at in ("result", "error"))


def _prose(steps: Iterable[dict[str, Any]]) -> dict[str, int]:
    """The prose that calls answered, as it may stand in a text, and the step that has it first."""
    first: dict[str, int] = {}
    for step in steps:
        for text in _texts_in(step["result"]):
            if len(text.strip()) >= _PROSE:
                for written in _written(text.strip()):
                    first.setdefault(written, step["index"])
    return first


def _texts_in(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _written(text: str) -> set[str]:
    """A text as it is, and as it stands in JSON."""
    return {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}


def _without(prose: dict[str, int], text: str, index: int) -> str:
    """A text without the prose in it that calls before that of a step answered."""
    for written, first in prose.items():
        if first < index:
            text = text.replace(written, _ANSWER)
    return text
