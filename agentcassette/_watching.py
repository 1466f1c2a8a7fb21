"""The calls that belong to no session: they run for real, and whoever watches is told of them."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from agentcassette import _active
from agentcassette._relaying import Relay

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterator

    from agentcassette._seam import Seam

__all__ = ["run_live", "run_live_in_task", "watch_live_calls"]


@contextmanager
def watch_live_calls(callback: Callable[[str, str], object]) -> Iterator[None]:
    """Be told of each intercepted call that runs for real because no session is open for it.

    It holds for the calls of all threads and tasks. Of calls inside of each other only the
    outermost is told, as far as they are of one context. The call of a generator function is made
    when its first item is asked for, that of a coroutine function when it is awaited. Several may
    watch; who came last is told first.

    Args:
        callback: Is called with the name and the kind of the call, on its thread, just before it
            runs. What it raises is raised in place of the call, which then does not run. If it
            returns True, nobody who has watched for longer is told of the call.

    Returns:
        A context manager; it is over when the block ends.
    """
    watch = _active.Watch(callback)
    _active.watch(watch)
    try:
        yield
    finally:
        _active.unwatch(watch)


class _LiveCall:
    """A call that was told: the calls that are made inside of it, while it runs, are not.

    It is a context manager of what runs now: all of a function, or one step of a generator.
    """

    def __init__(self) -> None:
        self.runs = False
        self._before: _LiveCall | None = None

    def __enter__(self) -> None:
        self._before = _inside.get()
        self.runs = True
        _inside.set(self)

    def __exit__(self, *raised: object) -> None:
        _inside.set(self._before)  # no reset: a generator may be closed in another context
        self.runs = False


#: The live call that the code of this context was started by; it may be over.
_inside: ContextVar[_LiveCall | None] = ContextVar("agentcassette_live", default=None)


def run_live(seam: Seam, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> Any:
    """Make a call that belongs to no session, and tell of it.

    The result is the original's. Only what a generator function gives is stepped through here: its
    body runs when it is read.
    """
    __tracebackhide__ = True
    if _is_inside():
        return fn(*args, **kwargs)
    call = _LiveCall()
    with call:
        _tell(seam)
        result = fn(*args, **kwargs)
    if inspect.isgeneratorfunction(fn):
        return _stepped(call, result)
    return _stepped_in_task(call, result) if inspect.isasyncgenfunction(fn) else result


async def run_live_in_task(
    seam: Seam, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Any
) -> Any:
    """As `run_live`, for a coroutine function."""
    __tracebackhide__ = True
    if _is_inside():
        return await fn(*args, **kwargs)
    with _LiveCall():
        _tell(seam)
        return await fn(*args, **kwargs)


def _is_inside() -> bool:
    call = _inside.get()
    return call is not None and call.runs


def _tell(seam: Seam) -> None:
    __tracebackhide__ = True
    for watch in _active.watches():
        if watch.callback(seam.name, seam.kind) is True:
            return


def _stepped(call: _LiveCall, source: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """A generator, each step of which is inside of the call; what its reader does is not."""
    __tracebackhide__ = True
    advance: Callable[[], Any] = source.__next__
    while True:
        try:
            with call:
                item = advance()
        except StopIteration as stop:
            return stop.value
        try:
            advance = partial(source.send, (yield item))
        except GeneratorExit:
            with call:
                source.close()
            raise
        except BaseException as thrown:  # noqa: BLE001 - it goes to the generator as it is
            advance = partial(source.throw, thrown)


async def _stepped_in_task(
    call: _LiveCall, source: AsyncGenerator[Any, Any]
) -> AsyncGenerator[Any, Any]:
    """As `_stepped`, for an async generator."""
    __tracebackhide__ = True
    relay = Relay(source)
    while True:
        with call:
            if not await relay.advance():
                return
        try:
            relay.send((yield relay.item))
        except BaseException as thrown:  # noqa: BLE001 - the original gets it as it is
            with call:
                await relay.throw(thrown)
