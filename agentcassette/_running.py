"""A call that is run for real, and what comes of it taped."""

from __future__ import annotations

import inspect
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from agentcassette._streams import tape_stream
from agentcassette._taped import gives_when_entered

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agentcassette._taping import Taping

__all__ = ["run_taped", "run_taped_in_task"]


def run_taped(taping: Taping, run: Callable[[], Any]) -> Any:
    """Run a call that is not awaited, or whose result may turn out to be awaitable.

    Args:
        taping: Where it is taped.
        run: Makes the call.

    Returns:
        What the agent gets.
    """
    __tracebackhide__ = True
    result = _run(taping, run)
    if not _is_awaited(result):
        return _taped(taping, result)
    is_future = _is_future(result)
    taping.awaitable(future=is_future)
    return _tape_future(taping, result) if is_future else _tape_awaited(taping, result)


async def run_taped_in_task(taping: Taping, run: Callable[[], Any], *, is_async: bool) -> Any:
    """As `run_taped`, for a call that is awaited.

    Args:
        taping: Where it is taped.
        run: Makes the call.
        is_async: Whether that calls a coroutine function: else the step tells of an awaitable.
    """
    __tracebackhide__ = True
    result = _run(taping, run)
    if not _is_awaited(result):
        return _taped(taping, result)
    if not is_async:
        taping.awaitable(future=_is_future(result))
    return await _tape_awaited(taping, result)


def _run(taping: Taping, run: Callable[[], Any]) -> Any:
    """Call the original; an exception goes to the agent and to the tape."""
    __tracebackhide__ = True
    try:
        with taping.inside():
            return run()
    except BaseException as error:
        taping.outcome.fail(error)
        raise


async def _tape_awaited(taping: Taping, awaitable: Awaitable[Any]) -> Any:
    """Await the original; an exception goes to the agent and to the tape."""
    __tracebackhide__ = True
    try:
        with taping.inside(awaited=True):
            result = await awaitable
    except BaseException as error:
        taping.outcome.fail(error)
        raise
    return _taped(taping, result)


def _tape_future(taping: Taping, future: Any) -> Any:
    """Take note of what comes of a future, which runs unasked, and may be awaited twice."""
    if future.done():
        _settle(taping, future)
    else:
        future.add_done_callback(partial(_settle, taping))
    return future


def _settle(taping: Taping, future: Any) -> None:
    if future.cancelled():
        taping.stop()
    elif future.exception() is not None:
        taping.outcome.fail(future.exception())
    else:
        taping.outcome.give(future.result())


def _taped(taping: Taping, result: Any) -> Any:
    """Give a result to the tape; a stream as it is read. What is returned is the agent's."""
    stream = tape_stream(taping, result)
    if stream is None:
        taping.outcome.give(result)
    return result if stream is None else stream


def _is_awaited(result: Any) -> bool:
    """Whether a result has to be awaited for what came of the call, and can't be entered."""
    return inspect.isawaitable(result) and not gives_when_entered(result)


def _is_future(awaitable: Awaitable[Any]) -> bool:
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio.isfuture(awaitable)
