"""A stream on tape, read in replay: its chunks one by one, then its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcassette import _values
from agentcassette._loops import let_others_go_first
from agentcassette._steps import read, read_chunks, read_returned
from agentcassette._uses import Uses

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from agentcassette._answer import Answer

__all__ = ["END", "Reading", "play_async_generator", "play_generator"]

END: Any = object()
"""What comes where there is no further chunk."""


class Reading:
    """A stream on tape, and how far it has been read.

    Args:
        answer: The step that answers the call.
        fields: The fields of the stream: those of the step, or of a use of its stream.
        package: The top-level package that defines the intercepted callable.

    Attributes:
        answer: The step that answers the call.
        stream: How the chunks are handed out, and what the stream is.
        uses: What it was asked for beside them.
        count: How many of them have been read.
    """

    def __init__(self, answer: Answer, fields: dict[str, Any], package: str) -> None:
        self.answer = answer
        self.stream: dict[str, Any] = fields["stream"]
        self.uses = Uses(self.stream.get("uses", []), answer.replaying.tape.redactor)
        self.count = 0
        self._fields = fields
        self._package = package
        self._chunks = read_chunks(fields, package=package)

    def next(self) -> Any:
        """The next chunk, or `END` where there is none."""
        chunk = next(self._chunks, END)
        self.count += chunk is not END
        return chunk

    def end(self) -> Any:
        """Let the stream end as it ended: with what it returned, or with its exception."""
        __tracebackhide__ = True
        self.answer.end(self._fields)
        return self._outcome()

    async def end_in_task(self) -> Any:
        """As `end`, for a stream that is awaited."""
        __tracebackhide__ = True
        await self.answer.end_in_task(self._fields)
        return self._outcome()

    def of_use(self, use: dict[str, Any]) -> Reading:
        """The stream that a use of this one gave."""
        return Reading(self.answer, self._at_step(use), self._package)

    def value_of_use(self, use: dict[str, Any]) -> Any:
        """What a use of the stream gave; its exception is raised."""
        __tracebackhide__ = True
        if "error" in use:
            raise read(self._at_step(use), "error", package=self._package)
        return read(self._at_step(use), "result", package=self._package)

    def found_class(self, name: str) -> type | None:
        """The class of a name, if it is imported."""
        return _values.class_named(name, self._package)

    def is_recorded(self, thrown: BaseException) -> bool:
        """Whether an exception was thrown into the stream at this place when it was taped.

        What became of it is what comes next on tape.
        """
        places = self.stream.get("thrown", ())
        return self.count in places and not isinstance(thrown, GeneratorExit)

    def _at_step(self, use: dict[str, Any]) -> dict[str, Any]:
        return {**use, "index": self._fields["index"]}

    def _outcome(self) -> Any:
        __tracebackhide__ = True
        if "error" in self._fields:
            raise read(self._fields, "error", package=self._package)
        if self.stream.get("form") == "value":
            return read(self._fields, "result", package=self._package)
        return read_returned(self._fields, package=self._package)


def play_generator(reading: Reading) -> Generator[Any, Any, Any]:
    __tracebackhide__ = True
    try:
        while (chunk := reading.next()) is not END:
            try:
                yield chunk
            except BaseException as thrown:
                if not reading.is_recorded(thrown):
                    raise
        return reading.end()
    finally:
        reading.answer.let_go()


async def play_async_generator(reading: Reading) -> AsyncGenerator[Any, Any]:
    __tracebackhide__ = True
    try:
        while (chunk := reading.next()) is not END:
            await let_others_go_first()
            try:
                yield chunk
            except BaseException as thrown:
                if not reading.is_recorded(thrown):
                    raise
        await reading.end_in_task()
    finally:
        reading.answer.let_go()
