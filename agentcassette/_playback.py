"""Playback: what a step gave, handed to the agent as it was when the step was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcassette._steps import read

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator

    from typing_extensions import Self

    from agentcassette._answer import Answer

__all__ = ["play"]


def play(answer: Answer, package: str) -> Any:
    """What the agent gets for a call: the result, the exception to raise, or the stream.

    Args:
        answer: The step that answers the call.
        package: The top-level package that defines the intercepted callable.
    """
    step = answer.step
    if "stream" not in step:
        return read(step, "error" if "error" in step else "result", package=package)
    form = step["stream"].get("form")
    if form in ("async_generator", "async_iterator"):
        awaited = _play_async_generator(answer, package)
        return awaited if form == "async_generator" else _PlayedAsyncStream(awaited)
    played = _play_generator(answer, package)
    return played if form == "generator" else _PlayedStream(played)


def _play_generator(answer: Answer, package: str) -> Generator[Any, Any, Any]:
    __tracebackhide__ = True
    step = answer.step
    try:
        for count, chunk in enumerate(read(step, "result", package=package), 1):
            try:
                yield chunk
            except BaseException as thrown:
                if not _is_recorded(thrown, step, count):
                    raise
        answer.end()
        if "error" in step:
            raise read(step, "error", package=package)
        return read(step, "stream", package=package).get("returned")
    finally:
        answer.let_go()


async def _play_async_generator(answer: Answer, package: str) -> AsyncGenerator[Any, Any]:
    __tracebackhide__ = True
    step = answer.step
    try:
        for count, chunk in enumerate(read(step, "result", package=package), 1):
            try:
                yield chunk
            except BaseException as thrown:
                if not _is_recorded(thrown, step, count):
                    raise
        await answer.end_in_task()
        if "error" in step:
            raise read(step, "error", package=package)
    finally:
        answer.let_go()


def _is_recorded(thrown: BaseException, step: dict[str, Any], count: int) -> bool:
    """Whether an exception was thrown into a stream after so many chunks when it was taped.

    What became of it is what comes next on tape.
    """
    places = step["stream"].get("thrown", ())
    return count in places and not isinstance(thrown, GeneratorExit)


class _PlayedStream:
    """A taped iterator played back."""

    def __init__(self, played: Generator[Any, Any, Any]) -> None:
        self._played = played

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        __tracebackhide__ = True
        return next(self._played)

    def close(self) -> None:
        """Read no further."""
        self._played.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


class _PlayedAsyncStream:
    """A taped async iterator played back."""

    def __init__(self, played: AsyncGenerator[Any, Any]) -> None:
        self._played = played

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        __tracebackhide__ = True
        return await self._played.__anext__()

    async def close(self) -> None:
        """Read no further."""
        await self._played.aclose()

    aclose = close

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.close()
