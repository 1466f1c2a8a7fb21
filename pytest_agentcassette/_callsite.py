"""Where in the code of a project something is called from."""

from __future__ import annotations

import os
import sys
import threading
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import CodeType, FrameType

__all__ = ["call_site"]

_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep  # noqa: PTH120 - as frames have it

_PACKAGES = frozenset({"site-packages", "dist-packages"})

_OURS = ("agentcassette", "pytest_agentcassette")

_NAMED = 3  # tasks that wait at different lines


def call_site(root: Path) -> str:
    """Tell where the code of the project calls what runs here and now.

    That is the innermost frame that is neither of the standard library nor of an installed
    package. Threads of a pool and tasks of a library have none: then it is where the tasks of
    asyncio wait meanwhile, or else the main thread.

    Args:
        root: The folder that paths start at.

    Returns:
        A phrase for an error message.
    """
    frame = sys._getframe(1)  # noqa: SLF001 - documented, in spite of its name
    loop = _event_loop()
    callers = takewhile(lambda one: one.f_code is not loop, _outwards(frame))
    site = _innermost(callers, root)
    if site is not None:
        return f"called at {site}"
    waiting = sorted(_waiting(root))
    if not waiting:
        return f"called by the thread {threading.current_thread().name}"
    return f"called while {' or '.join(waiting[:_NAMED])} was waiting"


def _waiting(root: Path) -> set[str]:
    """Where the code of the project waits for somebody else."""
    stacks = {
        ident: list(_outwards(frame))
        for ident, frame in sys._current_frames().items()  # noqa: SLF001 - documented as well
    }
    tasks = {_innermost(reversed(list(_inwards(one))), root) for one in _coroutines(stacks)}
    main = _innermost(stacks.get(threading.main_thread().ident or 0, ()), root)
    return {site for site in tasks if site} or ({main} if main else set())


def _coroutines(stacks: dict[int, list[FrameType]]) -> Iterator[Any]:
    """The coroutines of all tasks of the event loops of asyncio that run in some thread."""
    code = _event_loop()
    for frame in [frame for stack in stacks.values() for frame in stack]:
        if frame.f_code is code:
            for task in sys.modules["asyncio"].all_tasks(frame.f_locals["self"]):
                yield task.get_coro()


def _event_loop() -> CodeType | None:
    """The function in which an event loop of asyncio runs, if there can be any."""
    asyncio: Any = sys.modules.get("asyncio")
    return None if asyncio is None else cast("CodeType", asyncio.BaseEventLoop.run_forever.__code__)


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """A frame, and those that called it."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def _inwards(coroutine: Any) -> Iterator[FrameType]:
    """The frames of what is suspended: a coroutine, and whatever it awaits."""
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None:
            yield frame
        awaited = getattr(coroutine, "cr_await", None)
        coroutine = awaited or getattr(coroutine, "gi_yieldfrom", None)


def _innermost(frames: Iterable[FrameType], root: Path) -> str | None:
    """The first frame of the project, as `file:line in function`."""
    for frame in frames:
        file, name = frame.f_code.co_filename, str(frame.f_globals.get("__name__"))
        if _is_of_project(file, name):
            path = Path(file)
            shown = path.relative_to(root).as_posix() if root in path.parents else file
            return f"{shown}:{frame.f_lineno} in {frame.f_code.co_name}"
    return None


def _is_of_project(file: str, module: str) -> bool:
    return not (
        file.startswith(("<", _STANDARD_LIBRARY))
        or module.partition(".")[0] in _OURS
        or _PACKAGES.intersection(Path(file).parts)
    )
