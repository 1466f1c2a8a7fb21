"""One call, its whole way: run and taped, answered from the tape, or run and told of."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from agentcassette._active import current
from agentcassette._answer import Answer
from agentcassette._steps import read
from agentcassette._watching import run_live, run_live_in_task

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from agentcassette._asked import Asked
    from agentcassette._seam import Target
    from agentcassette._session import Machine

__all__ = ["call", "call_in_task"]


def call(target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Make a call that is not awaited, or whose result may turn out to be awaitable."""
    __tracebackhide__ = True
    machine = _machine(target)
    if machine is None:
        return run_live(target.seam, target.fn, args, kwargs)
    asked = _asked(machine, target, args, kwargs)
    awaited = machine.awaited(asked)
    if awaited is not None:
        taken = _taken_in_task(machine, asked, target, args, kwargs)
        return _as_task(taken) if "future" in awaited else taken
    turn = machine.turn(asked)
    if isinstance(turn, Answer):
        played = _played(turn, target, args, kwargs)
        if turn.deliver():
            return _handed(turn, played)
        turn = turn.taping
    if turn is None:
        return target.fn(*args, **kwargs)
    from agentcassette._running import run_taped

    return run_taped(turn, partial(target.fn, *args, **kwargs))


async def call_in_task(target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Make a call of a coroutine function or an async generator function."""
    __tracebackhide__ = True
    machine = _machine(target)
    if machine is None:
        if target.is_async:
            return await run_live_in_task(target.seam, target.fn, args, kwargs)
        return run_live(target.seam, target.fn, args, kwargs)
    asked = _asked(machine, target, args, kwargs)
    return await _taken_in_task(machine, asked, target, args, kwargs)


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
        played = _played(turn, target, args, kwargs)
        if await turn.deliver_in_task():
            return _handed(turn, played)
        turn = turn.taping
    if turn is None:
        result = target.fn(*args, **kwargs)
        return await result if inspect.isawaitable(result) else result
    from agentcassette._running import run_taped_in_task

    run = partial(target.fn, *args, **kwargs)
    return await run_taped_in_task(turn, run, is_async=target.is_async)


def _machine(target: Target) -> Machine | None:
    __tracebackhide__ = True
    return cast("Machine | None", current(target.seam.name))


def _asked(
    machine: Machine, target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Asked:
    """Take a call down."""
    args = target.args + args
    return machine.ask(target.seam, args[target.receives :], {**target.kwargs, **kwargs})


def _played(answer: Answer, target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the agent gets for a call: the result, the exception to raise, or the stream."""
    step = answer.step
    if "stream" not in step:
        return read(step, "error" if "error" in step else "result", package=target.seam.package)
    from agentcassette._playback import play

    return play(answer, target.seam.package, partial(target.fn, *args, **kwargs))


def _handed(answer: Answer, played: Any) -> Any:
    """Give what was played back to the agent."""
    __tracebackhide__ = True
    if "error" in answer.step and "stream" not in answer.step:
        raise played
    return played


def _as_task(coroutine: Coroutine[Any, Any, Any]) -> Any:
    import asyncio

    return asyncio.get_running_loop().create_task(coroutine)
