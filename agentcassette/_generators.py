"""Generators, taped as they are read: what is sent and thrown into them reaches the original."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from agentcassette._loops import is_cancellation

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from agentcassette._outcome import Outcome
    from agentcassette._taping import Taping

__all__ = ["tape_async_generator", "tape_generator"]


def tape_generator(
    taping: Taping, outcome: Outcome, source: Generator[Any, Any, Any]
) -> Generator[Any, Any, Any]:
    __tracebackhide__ = True
    advance: Callable[[], Any] = source.__next__
    while True:
        try:
            with taping.inside(outcome):
                chunk = advance()
        except StopIteration as stop:
            outcome.finish(stop.value)
            return stop.value
        except BaseException as error:
            outcome.fail(error)
            raise
        outcome.chunk(chunk)
        try:
            sent = yield chunk
        except GeneratorExit:
            with taping.cleaning_up():
                source.close()
            raise
        except BaseException as thrown:  # noqa: BLE001 - it goes to the generator as it is
            outcome.thrown()
            advance = partial(source.throw, thrown)
        else:
            advance = partial(source.send, sent)


async def tape_async_generator(
    taping: Taping, outcome: Outcome, source: AsyncGenerator[Any, Any]
) -> AsyncGenerator[Any, Any]:
    __tracebackhide__ = True
    advance: Callable[[], Any] = source.__anext__
    while True:
        try:
            with taping.inside(outcome, awaited=True):
                chunk = await advance()
        except StopAsyncIteration:
            outcome.finish()
            return
        except BaseException as error:
            outcome.fail(error)
            raise
        outcome.chunk(chunk)
        try:
            sent = yield chunk
        except GeneratorExit:
            with taping.cleaning_up(awaited=True):
                await source.aclose()
            raise
        except BaseException as thrown:
            if is_cancellation(thrown):  # of the task in which a loop that ends closes it
                with taping.cleaning_up(awaited=True), suppress(StopAsyncIteration):
                    await source.athrow(thrown)
                raise
            outcome.thrown()
            advance = partial(source.athrow, thrown)
        else:
            advance = partial(source.asend, sent)
