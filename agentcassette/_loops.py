"""The event loop of this thread: which library's, which task runs, and whether there are others.

It is asked without importing an event loop: one that was never imported does not run.
"""

from __future__ import annotations

import sys
from typing import Any, Callable

__all__ = [
    "current_task",
    "has_other_tasks",
    "is_cancellation",
    "let_others_go_first",
    "let_others_run",
    "running_loop",
]

_TURNS = 20  # enough for a result that goes through a handful of tasks


def running_loop() -> str | None:
    """The library whose event loop runs on this thread: "asyncio", "trio" or None."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and _works(asyncio.get_running_loop):
        return "asyncio"
    lowlevel = sys.modules.get("trio.lowlevel")
    if lowlevel is not None and _works(lowlevel.current_trio_token):
        return "trio"
    return None


def current_task() -> object:
    """The task that runs on this thread, or None outside of one."""
    loop = running_loop()
    if loop == "asyncio":
        return sys.modules["asyncio"].current_task()
    task: object = sys.modules["trio.lowlevel"].current_task() if loop == "trio" else None
    return task


def has_other_tasks() -> bool:
    """Whether the loop of this thread has a task beside the one that runs."""
    loop = running_loop()
    if loop == "asyncio":
        return len(sys.modules["asyncio"].all_tasks()) > 1
    return loop == "trio"  # which does not tell how many tasks there are


async def let_others_go_first() -> None:
    """Let the tasks that are ready to run go on for one turn of the loop, as at a real wait."""
    loop = running_loop()
    if loop == "asyncio":
        await sys.modules["asyncio"].sleep(0)
    elif loop == "trio":
        await sys.modules["trio.lowlevel"].checkpoint()


async def let_others_run() -> None:
    """Let the tasks that are ready to run go on for a few turns of the loop."""
    if running_loop() == "asyncio":
        for _ in range(_TURNS):
            await sys.modules["asyncio"].sleep(0)


def is_cancellation(error: BaseException) -> bool:
    """Whether an exception says that a task was cancelled, or a coroutine closed."""
    if isinstance(error, GeneratorExit):
        return True
    kinds = (("asyncio", "CancelledError"), ("trio", "Cancelled"))
    return any(
        isinstance(error, getattr(sys.modules[module], name))
        for module, name in kinds
        if module in sys.modules
    )


def _works(ask: Callable[[], Any]) -> bool:
    try:
        ask()
    except RuntimeError:
        return False
    return True
