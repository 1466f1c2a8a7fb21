"""What a stream was asked for beside its chunks, found again in replay.

A use is the same where its name and its arguments are. What came of one may depend on how far the
stream was read: an answer from the same place is the best, else the last one from before it. How
often a stream is asked while it is read may depend on time; before that each answer is given once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agentcassette._rendering import shortened, visible
from agentcassette._steps import redacted_call, take_down, types_in

if TYPE_CHECKING:
    from agentcassette._redaction import Redactor

__all__ = ["Uses"]

_WIDTH = 40  # characters of an argument that are shown


class Uses:
    """The uses of one stream.

    Args:
        uses: The uses as the step has them.
        redactor: What is applied to the arguments of the live side; the tape's are redacted.
    """

    def __init__(self, uses: list[dict[str, Any]], redactor: Redactor) -> None:
        self._uses = uses
        self._redactor = redactor
        self._left: dict[str, list[dict[str, Any]]] = {}
        for use in uses:
            self._left.setdefault(_key(use), []).append(use)

    def is_method(self, name: str) -> bool:
        """Whether something of this name was called."""
        return any(use["name"] == name and "arguments" in use for use in self._uses)

    def read(self, name: str, at: int) -> dict[str, Any] | None:
        """What came of reading an attribute; the last answer holds for ever.

        Args:
            name: The attribute.
            at: How many chunks have been read.
        """
        asked = [use for use in self._uses if use["name"] == name and "arguments" not in use]
        return _nearest(asked, at)

    def call(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], at: int
    ) -> dict[str, Any] | None:
        """What came of calling a method.

        Args:
            name: The method.
            args: The positional arguments.
            kwargs: The keyword arguments.
            at: How many chunks have been read.
        """
        key = _key(self._taken_down(name, args, kwargs))
        left = self._left.get(key, [])
        here = [use for use in left if use.get("at", 0) == at]
        if at and not here:
            return _nearest([use for use in self._uses if _key(use) == key], at)
        use = _nearest(here or left, at)
        if use is not None:
            left.remove(use)
        return use

    def explain(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        """Say what is wrong with calling a method for which there is no answer."""
        now = self._taken_down(name, args, kwargs)
        called = [use for use in self._uses if use["name"] == name and "arguments" in use]
        if not called:
            return f"{_text(now)} was not called on what it gave when it was recorded"
        if any(_key(use) == _key(now) for use in called):
            return f"{_text(now)} was called less often on what it gave when it was recorded"
        return f"{_text(now)} was {_text(called[0])} on what it gave when it was recorded"

    def _taken_down(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """A call in the form of a use."""
        return {"name": name, **redacted_call(take_down(args, kwargs), self._redactor)}


def _text(use: dict[str, Any]) -> str:
    """A use as a person writes it."""
    arguments = use["arguments"]
    shown = [_short(value) for value in arguments["args"]]
    shown += [f"{name}={_short(value)}" for name, value in arguments["kwargs"].items()]
    return f"{use['name']}({', '.join(shown)})"


def _short(value: object) -> str:
    return shortened(visible(json.dumps(value, ensure_ascii=False)), _WIDTH)


def _key(use: dict[str, Any]) -> str:
    """A text that two uses have in common exactly if they are the same."""
    arguments = use.get("arguments")
    return json.dumps([use["name"], arguments, types_in(use, "arguments")], sort_keys=True)


def _nearest(uses: list[dict[str, Any]], at: int) -> dict[str, Any] | None:
    """The first of the uses that were made at a place, else the last one before it, else any."""
    here = next((use for use in uses if use.get("at", 0) == at), None)
    before = [use for use in uses if use.get("at", 0) < at]
    return here or next(reversed(before), next(iter(uses), None))
