"""What earlier calls answered, and whether an argument that differs only hands that on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agentcassette import Difference

__all__ = ["Answers", "hands_on"]

# A text of this length is prose, wherever it is handed on. A shorter one, such as the city that a
# tool is asked for, is a decision, unless it stands in a list: there it is part of the history
# that goes with every call of a model.
_PROSE = 40

_ANSWER = "\0"


class Answers:
    """What the calls of one run answered.

    Args:
        steps: The steps of the calls.
    """

    def __init__(self, steps: Iterable[dict[str, Any]]) -> None:
        self._first: dict[str, int] = {}  # the step that answered a value first, by its JSON
        self._texts: dict[str, int] = {}  # the same of prose, as it may stand inside of a text
        for step in steps:
            for value in _values_in(step["result"]):
                self._first.setdefault(_canonical(value), step["index"])
                if isinstance(value, str) and len(value.strip()) >= _PROSE:
                    for text in _written(value.strip()):
                        self._texts.setdefault(text, step["index"])

    def has(self, value: Any, index: int) -> bool:
        """Whether a call before that of a step answered a value, alone or among others."""
        return self._first.get(_canonical(value), index) < index

    def without(self, text: str, index: int) -> str:
        """A text without the prose in it that calls before that of a step answered."""
        for said, first in self._texts.items():
            if first < index:
                text = text.replace(said, _ANSWER)
        return text


def hands_on(difference: Difference, then: Answers, now: Answers, recorded: int, made: int) -> bool:
    """Tell whether an argument differs only by what earlier calls answered.

    Args:
        difference: Where two calls differ; its path begins with the name of the parameter.
        then: The answers of the recorded run.
        now: The answers of today's run.
        recorded: The index of the call's step on tape.
        made: The index of its step today.

    Returns:
        Whether the argument was an answer then, and is one now.
    """
    if difference.kind == "type":
        return False
    old, new = difference.a, difference.b
    inside = difference.path[2 if difference.path[0] == "args" else 1 :]
    if any(isinstance(key, int) for key in inside):
        was = difference.kind == "added" or then.has(old, recorded)
        if was and (difference.kind == "removed" or now.has(new, made)):
            return True
    if not isinstance(old, str) or not isinstance(new, str):
        return False
    return then.without(old, recorded) == now.without(new, made)


def _values_in(value: Any) -> Iterator[Any]:
    """A value and all values in it, without those that are the same everywhere."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if one is None or isinstance(one, bool) or one in ("", [], {}):
            continue
        yield one
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _written(text: str) -> set[str]:
    """A text as it is, and as it stands in JSON."""
    return {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
