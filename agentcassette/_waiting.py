"""Bounded waiting: a replayed call lets the other threads and tasks of its session go first.

Whether one call ended before another started may have been chance where they were made by
different threads or tasks. So a call that comes early waits for those that are missing, as long
as something else can still move: at most one second without any progress.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from functools import partial
from typing import Any, Callable, NamedTuple

from agentcassette._loops import has_other_tasks, running_loop

__all__ = ["PATIENCE", "Waiting", "others_can_move"]

PATIENCE = 1.0  # seconds without any progress after which nobody waits any longer
_POLL = 0.005  # seconds between two looks under an event loop that no thread can wake


class _Waiter(NamedTuple):
    ready: Callable[[], object]
    wake: Callable[[], object]


class Waiting:
    """The calls of one session that wait, each for a condition of its own.

    Hundreds may wait at once, and most of what happens concerns one of them: each says what it
    waits for, and is asked only when something becomes of that.

    Args:
        lock: The lock of the session; conditions are looked at under it.
    """

    def __init__(self, lock: threading.RLock) -> None:  # type: ignore[valid-type,unused-ignore]
        self.lock: Any = lock
        self._waiters: dict[object, list[_Waiter]] = {}  # by what they wait for
        self._moved = time.monotonic()

    def progress(self, *causes: object) -> None:
        """Wake those whose condition holds now; everybody's patience begins anew.

        Args:
            causes: Of what something has become; of everything, if nothing is named.
        """
        self._moved = time.monotonic()
        if not self._waiters:  # whoever comes now sees for itself, under the lock, how things are
            return
        with self.lock:
            ready = [
                (cause, waiter)
                for cause in causes or tuple(self._waiters)
                for waiter in self._waiters.get(cause, ())
                if waiter.ready()
            ]
            for cause, waiter in ready:
                self._leaves(waiter, cause)
        for _, waiter in ready:
            waiter.wake()

    def others_can_move(self) -> bool:
        """As the function of this name; where somebody waits, there is somebody else."""
        return bool(self._waiters) or others_can_move()

    def left(self, since: float, patience: float = PATIENCE) -> float:
        """The seconds that a call which waits since a moment may still wait, 0 at the least."""
        return max(0.0, max(since, self._moved) + patience - time.monotonic())

    def in_thread(
        self,
        ready: Callable[[], object],
        since: float,
        patience: float = PATIENCE,
        cause: object = None,
    ) -> None:
        """Wait on this thread until a condition holds or patience ends.

        Args:
            ready: The condition.
            since: The moment at which the call came, of `time.monotonic`.
            patience: For how many seconds without any progress it waits.
            cause: What it waits for: the condition can only come to hold by what becomes of that.
        """
        event = threading.Event()
        waiter = _Waiter(ready, event.set)
        if self._joins(waiter, cause):
            while not event.wait(self.left(since, patience)) and self.left(since, patience):
                pass  # others made progress meanwhile
            with self.lock:
                self._leaves(waiter, cause)

    async def in_task(
        self,
        ready: Callable[[], object],
        since: float,
        patience: float = PATIENCE,
        cause: object = None,
    ) -> None:
        """As `in_thread`, in this task."""
        loop = running_loop()
        if loop == "asyncio":
            await self._in_asyncio(ready, since, patience, cause)
        elif loop == "trio":
            while not self._holds(ready) and self.left(since, patience):
                await sys.modules["trio"].sleep(_POLL)
        else:  # a coroutine that is driven by hand
            self.in_thread(ready, since, patience, cause)

    async def _in_asyncio(
        self, ready: Callable[[], object], since: float, patience: float, cause: object
    ) -> None:
        asyncio = sys.modules["asyncio"]
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        waiter = _Waiter(ready, partial(_wake, loop, future))
        if self._joins(waiter, cause):
            try:
                while not future.done() and self.left(since, patience):
                    await asyncio.wait({future}, timeout=self.left(since, patience))
            finally:
                with self.lock:
                    self._leaves(waiter, cause)

    def _holds(self, ready: Callable[[], object]) -> bool:
        with self.lock:
            return bool(ready())

    def _joins(self, waiter: _Waiter, cause: object) -> bool:
        """Whether there is something to wait for; if so the waiter stands in line."""
        with self.lock:
            if waiter.ready():
                return False
            self._waiters.setdefault(cause, []).append(waiter)
            return True

    def _leaves(self, waiter: _Waiter, cause: object) -> None:
        """Take a waiter out of its line, where it still stands there."""
        line = self._waiters.get(cause, [])
        if waiter in line:
            line.remove(waiter)
            if not line:
                del self._waiters[cause]


def others_can_move() -> bool:
    """Whether another thread, or another task of the loop on this thread, can still move."""
    return threading.active_count() > 1 or has_other_tasks()


def _wake(loop: Any, future: Any) -> None:
    with suppress(RuntimeError):  # the loop was closed over the task, which waits no more
        loop.call_soon_threadsafe(future.set_result, None)
