"""Streams: taping an iterator as it is read.

Chunks are handed on as they come, and taped one by one. A stream that is left early is taped as
far as it was read.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator

    from typing_extensions import Self

    from agentcassette._taping import Taping

__all__ = ["tape_stream"]


def tape_stream(taping: Taping, result: Any) -> Any:
    """Hand a result through and tape what it gives, if it is a stream.

    Files are no streams, although they are iterators over their lines.

    Args:
        taping: The call.
        result: What it returned.

    Returns:
        What the agent gets in place of the result; None where that is no stream.
    """
    if inspect.isgenerator(result):
        taping.stream("generator")
        return _tape_generator(taping, result)
    if inspect.isasyncgen(result):
        taping.stream("async_generator")
        return _tape_async_generator(taping, result)
    methods = dir(type(result))
    if "__next__" in methods and "__iter__" in methods and "readline" not in methods:
        taping.stream("iterator")
        return _TapedStream(taping, result)
    if "__anext__" in methods and "__aiter__" in methods:
        taping.stream("async_iterator")
        return _TapedAsyncStream(taping, result)
    return None


def _tape_generator(taping: Taping, source: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    __tracebackhide__ = True
    advance: Callable[[], Any] = source.__next__
    while True:
        try:
            with taping.inside():
                chunk = advance()
        except StopIteration as stop:
            taping.finish(stop.value)
            return stop.value
        except BaseException as error:
            taping.fail(error)
            raise
        taping.chunk(chunk)
        try:
            sent = yield chunk
        except GeneratorExit:
            with taping.cleaning_up():
                source.close()
            raise
        except BaseException as thrown:  # noqa: BLE001 - it goes to the generator as it is
            taping.thrown()
            advance = partial(source.throw, thrown)
        else:
            advance = partial(source.send, sent)


async def _tape_async_generator(
    taping: Taping, source: AsyncGenerator[Any, Any]
) -> AsyncGenerator[Any, Any]:
    __tracebackhide__ = True
    advance: Callable[[], Any] = source.__anext__
    while True:
        try:
            with taping.inside(awaited=True):
                chunk = await advance()
        except StopAsyncIteration:
            taping.finish()
            return
        except BaseException as error:
            taping.fail(error)
            raise
        taping.chunk(chunk)
        try:
            sent = yield chunk
        except GeneratorExit:
            with taping.cleaning_up(awaited=True):
                await source.aclose()
            raise
        except BaseException as thrown:  # noqa: BLE001 - it goes to the generator as it is
            taping.thrown()
            advance = partial(source.athrow, thrown)
        else:
            advance = partial(source.asend, sent)


class _TapedStream:
    """An iterator handed through: its chunks are taped, everything else is the original's."""

    def __init__(self, taping: Taping, source: Any) -> None:
        self._taping = taping
        self._source = source

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        __tracebackhide__ = True
        try:
            with self._taping.inside():
                chunk = next(self._source)
        except StopIteration:
            self._taping.finish()
            raise
        except BaseException as error:
            self._taping.fail(error)
            raise
        self._taping.chunk(chunk)
        return chunk

    def close(self) -> None:
        """Close the original, if it can be closed."""
        with self._taping.cleaning_up():
            getattr(self._source, "close", _nothing)()

    def __enter__(self) -> Self:
        getattr(self._source, "__enter__", _nothing)()
        return self

    def __exit__(self, *raised: object) -> Any:
        leave = getattr(self._source, "__exit__", None)
        if leave is None:
            self.close()
            return None
        with self._taping.cleaning_up():
            return leave(*raised)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)


class _TapedAsyncStream:
    """An async iterator handed through: its chunks are taped, all else is the original's."""

    def __init__(self, taping: Taping, source: Any) -> None:
        self._taping = taping
        self._source = source

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        __tracebackhide__ = True
        try:
            with self._taping.inside(awaited=True):
                chunk = await self._source.__anext__()
        except StopAsyncIteration:
            self._taping.finish()
            raise
        except BaseException as error:
            self._taping.fail(error)
            raise
        self._taping.chunk(chunk)
        return chunk

    async def close(self) -> None:
        """Close the original, if it can be closed."""
        aclose: Callable[[], Any] = getattr(self._source, "aclose", _nothing)
        close: Callable[[], Any] = getattr(self._source, "close", aclose)
        with self._taping.cleaning_up(awaited=True):
            closing = close()
            if inspect.isawaitable(closing):
                await closing

    aclose = close

    async def __aenter__(self) -> Self:
        enter = getattr(self._source, "__aenter__", None)
        if enter is not None:
            await enter()
        return self

    async def __aexit__(self, *raised: object) -> Any:
        leave = getattr(self._source, "__aexit__", None)
        if leave is None:
            await self.close()
            return None
        with self._taping.cleaning_up(awaited=True):
            return await leave(*raised)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)


def _nothing() -> None:
    """Stand in for a method that the original does not have."""
