"""One call, its whole way: run and taped, answered from the tape, or run and told of."""

from __future__ import annotations

import inspect
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, cast

from agentcassette._active import current
from agentcassette._answer import Answer
from agentcassette._playback import play
from agentcassette._streams import tape_stream
from agentcassette._taped import gives_when_entered
from agentcassette._watching import run_live, run_live_in_task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

    from agentcassette._comparing import Asked
    from agentcassette._plan import Seam
    from agentcassette._session import Machine
    from agentcassette._taping import Taping

__all__ = ["Target", "call", "call_in_task"]


class Target(NamedTuple):
    """An intercepted callable.

    Attributes:
        fn: The original.
        seam: What a session has to know of it.
        is_async: Whether it is a coroutine function.
        receives: Whether its first argument is the receiver of a method.
        args: The positional arguments that come before those of a call.
        kwargs: The keyword arguments that a call has unless it gives them itself.
    """

    fn: Callable[..., Any]
    seam: Seam
    is_async: bool
    receives: bool
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def ask(self, machine: Machine, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Asked:
        """Take a call down."""
        args = self.args + args
        return machine.ask(self.seam, args[self.receives :], {**self.kwargs, **kwargs})


def call(target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Make a call that is not awaited, or whose result may turn out to be awaitable."""
    __tracebackhide__ = True
    machine = _machine(target)
    if machine is None:
        return run_live(target.seam, target.fn, args, kwargs)
    asked = target.ask(machine, args, kwargs)
    awaited = machine.awaited(asked)
    if awaited is not None:
        taken = _taken_in_task(machine, asked, target, args, kwargs)
        return _as_task(taken) if "future" in awaited else taken
    turn = machine.turn(asked)
    if isinstance(turn, Answer):
        run = partial(target.fn, *args, **kwargs)
        played = play(turn, target.seam.package, run)
        if turn.deliver():
            return _handed(turn, played)
        turn = turn.taping
    if turn is None:
        return target.fn(*args, **kwargs)
    result = _run(turn, target, args, kwargs)
    if not _is_awaited(result):
        return _taped(turn, result)
    is_future = _is_future(result)
    turn.awaitable(future=is_future)
    return _tape_future(turn, result) if is_future else _tape_awaited(turn, result)


async def call_in_task(target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Make a call of a coroutine function or an async generator function."""
    __tracebackhide__ = True
    machine = _machine(target)
    if machine is None:
        if target.is_async:
            return await run_live_in_task(target.seam, target.fn, args, kwargs)
        return run_live(target.seam, target.fn, args, kwargs)
    return await _taken_in_task(machine, target.ask(machine, args, kwargs), target, args, kwargs)


async def _taken_in_task(
    machine: Machine,
    asked: Asked,
    target: Target,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    __tracebackhide__ = True
    turn = await machine.turn_in_task(asked)
    if isinstance(turn, Answer):
        run = partial(target.fn, *args, **kwargs)
        played = play(turn, target.seam.package, run)
        if await turn.deliver_in_task():
            return _handed(turn, played)
        turn = turn.taping
    if turn is None:
        result = target.fn(*args, **kwargs)
        return await result if inspect.isawaitable(result) else result
    result = _run(turn, target, args, kwargs)
    if not _is_awaited(result):
        return _taped(turn, result)
    if not target.is_async:
        turn.awaitable(future=_is_future(result))
    return await _tape_awaited(turn, result)


def _machine(target: Target) -> Machine | None:
    __tracebackhide__ = True
    return cast("Machine | None", current(target.seam.name))


def _run(taping: Taping, target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the original; an exception goes to the agent and to the tape."""
    __tracebackhide__ = True
    try:
        with taping.inside():
            return target.fn(*args, **kwargs)
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


def _handed(answer: Answer, played: Any) -> Any:
    """Give what was played back to the agent."""
    __tracebackhide__ = True
    if "error" in answer.step and "stream" not in answer.step:
        raise played
    return played


def _is_awaited(result: Any) -> bool:
    """Whether a result has to be awaited for what came of the call, and can't be entered."""
    return inspect.isawaitable(result) and not gives_when_entered(result)


def _is_future(awaitable: Awaitable[Any]) -> bool:
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio.isfuture(awaitable)


def _as_task(coroutine: Coroutine[Any, Any, Any]) -> Any:
    import asyncio

    return asyncio.get_running_loop().create_task(coroutine)
