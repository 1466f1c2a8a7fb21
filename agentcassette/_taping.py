"""One call while it is taped: first its arguments, in the end its outcome."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable

from agentcassette import _values
from agentcassette._loops import is_cancellation
from agentcassette._tokens import count_tokens

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from agentcassette._nesting import Nesting
    from agentcassette._redaction import Redactor

__all__ = ["Taping"]

_OUTCOME = ("result", "error", "stream", "awaitable", "future", "unfinished")
"""The fields of a step that tell what came of the call."""


class Taping:
    """One call while it is taped.

    Args:
        fields: The fields of its step that are known by now, redacted.
        types: The types of what is in them, by the JSON pointer below the step.
        start: Its place in the sequence of all starts and ends.
        outer: The call that it was made inside of.
        take_place: Gives the next place in that sequence.
        redactor: What is applied to everything before it is kept.
        nesting: The calls that run now.

    Attributes:
        name: The name of the call.
        start: Its place in the sequence of all starts and ends.
        end: The place of its end; None while it runs.
        outer: The call that it was made inside of.
        is_made: Whether it leaves a step.
        copied: Whether it was answered from another tape.
    """

    def __init__(
        self,
        fields: dict[str, Any],
        types: dict[str, str],
        *,
        start: int,
        outer: Taping | None,
        take_place: Callable[[], int],
        redactor: Redactor,
        nesting: Nesting[Taping],
    ) -> None:
        self._take_place = take_place
        self._redactor = redactor
        self._nesting = nesting
        self.name: str = fields["name"]
        self.start = start
        self.end: int | None = None
        self.outer = outer
        self.is_made = True
        self.copied = False
        self._began = time.perf_counter()
        self._is_over = False
        self._duration_ms = 0.0
        self._tokens: tuple[int, int] | None = None
        self._fields = {**fields, "result": None, "unfinished": True}
        self._types = types

    def inside(self, *, awaited: bool = False) -> AbstractContextManager[None]:
        """Let the calls made in a block belong to this one, which runs there.

        Args:
            awaited: Whether other tasks of the thread may run meanwhile.
        """
        if not self._is_over:
            self.is_made = True
            self.end = None
            self._fields["unfinished"] = True
            self._fields.get("stream", {}).pop("left", None)
        return self._nesting.inside(self, awaited=awaited)

    def awaitable(self, *, future: bool) -> None:
        """Note that a plain function returned an awaitable.

        Args:
            future: Whether it runs unasked; if not, the call is made once it is awaited.
        """
        self._fields["awaitable"] = True
        if future:
            self._fields["future"] = True
        self.is_made = future

    def stream(self, form: str) -> None:
        """Note that the result is a stream, and how its chunks are handed out."""
        self._fields["stream"] = {"form": form}
        self._fields["result"] = []
        self._leave()

    def chunk(self, value: object) -> None:
        """Add a chunk of the stream, which the agent may read no further."""
        if not self._is_over:
            chunks = self._fields["result"]
            chunks.append(self._keep(_values.encode_verified(value), f"/result/{len(chunks)}"))
            self._leave()

    def thrown(self) -> None:
        """Note that the agent threw an exception into the stream, after the last chunk so far."""
        self._fields["stream"].setdefault("thrown", []).append(len(self._fields["result"]))

    def cleaning_up(self, *, awaited: bool = False) -> AbstractContextManager[None]:
        """As `inside`, for the block that closes a stream: it is read no further."""
        return self._nesting.inside(self, awaited=awaited)

    def finish(self, value: object = None) -> None:
        """The stream ended; a generator may have returned a value."""
        if not self._is_over:
            if value is not None:
                kept = self._keep(_values.encode_verified(value), "/stream/returned")
                self._fields["stream"]["returned"] = kept
            self._close()

    def give(self, result: object) -> None:
        """The call ended with a result."""
        self._fields["result"] = self._keep(_values.encode_verified(result), "/result")
        self._close()

    def fail(self, error: BaseException) -> None:
        """The call ended with an exception.

        A call that was cancelled is a step without an outcome. One that the end of the program
        ended leaves no step.
        """
        if self._is_over:
            return
        if isinstance(error, Exception):
            self._fields["error"] = self._keep(_values.encode_verified(error), "/error")
            self._close()
        elif is_cancellation(error):
            self.stop()
        else:
            self.is_made = False

    def stop(self) -> None:
        """The call ended, for now without an outcome."""
        self.end = self._take_place()
        if not self.copied:
            self._duration_ms = 1000 * (time.perf_counter() - self._began)

    def copy(self, step: dict[str, Any]) -> None:
        """Take over a step of another tape, redacted, that answers the call."""
        self.copied = True
        self._fields.pop("unfinished")
        self._fields.update({name: step[name] for name in ("arguments", *_OUTCOME) if name in step})
        self._types = step.get("types", {})
        self._tokens = step["input_tokens"], step["output_tokens"]
        self._duration_ms = step["duration_ms"]

    def step(
        self, index: int, *, start: int, end: int | None, parent: int | None
    ) -> dict[str, Any]:
        """The step as it is on tape now."""
        fields = dict(self._fields)
        tokens = self._tokens or count_tokens(
            fields["arguments"], fields["result"], stream="stream" in fields
        )
        fields["input_tokens"], fields["output_tokens"] = tokens
        fields["duration_ms"] = round(self._duration_ms, 3)
        if "stream" in fields:
            fields["result"], fields["stream"] = list(fields["result"]), dict(fields["stream"])
        if self._types:
            fields["types"] = dict(self._types)
        if (start, end) != (2 * index, 2 * index + 1):
            fields["concurrency"] = {"start": start, "end": end}
        if parent is not None:
            fields["parent"] = parent
        return {"index": index, **fields}

    def unreplayable(self) -> list[tuple[str, str]]:
        """The places of its outcome that can't be restored, with their types."""
        return [
            (pointer, type_name)
            for pointer, type_name in _values.unreplayable(self._types)
            if not pointer.startswith("/arguments")
        ]

    def _leave(self) -> None:
        self._fields["stream"]["left"] = True
        self._end()

    def _close(self) -> None:
        self._is_over = True
        self._end()

    def _end(self) -> None:
        self._fields.pop("unfinished", None)
        self.stop()

    def _keep(self, encoded: _values.Encoded, place: str) -> Any:
        redacted = self._redactor.redact(encoded.json, encoded.types)
        self._types.update({place + at: name for at, name in redacted.types.items()})
        return redacted.json
