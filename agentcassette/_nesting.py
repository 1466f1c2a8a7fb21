"""Which call a call is made inside of.

A context variable tells, which tasks and ``asyncio.to_thread`` inherit. A plain thread inherits
nothing: a call made there belongs to the call that started the thread, where nothing else can have
started it.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, cast
from weakref import WeakSet

from agentcassette._lineage import aside
from agentcassette._loops import has_other_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Nesting"]

Call = TypeVar("Call")
_inside: ContextVar[tuple[object, object]] = ContextVar("agentcassette_inside")


class _Running(NamedTuple):
    """A call that runs now.

    Attributes:
        call: The call.
        strangers: The threads that it can't have started; None where something else could start
            threads while it runs.
    """

    call: object
    strangers: frozenset[threading.Thread] | None


class Nesting(Generic[Call]):
    """The calls of one session that run now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[_Running] = []
        # The threads that made a call of their own accord, and those that calls have started.
        self._agents = WeakSet({threading.current_thread()})
        self._hands: WeakSet[threading.Thread] = WeakSet()

    @contextmanager
    def inside(self, call: Call, *, awaited: bool) -> Iterator[None]:
        """Let the calls made in a block belong to a call.

        Args:
            call: The call.
            awaited: Whether other tasks of the thread may run meanwhile.
        """
        before = _inside.get((None, None))
        with self._lock:
            running = _Running(call, self._strangers(awaited=awaited))
            self._running.append(running)
        _inside.set((self, call))
        try:
            with aside():
                yield
        finally:
            _inside.set(before)
            with self._lock:
                self._running.remove(running)
                if running.strangers is not None:
                    self._hands.update(set(threading.enumerate()) - running.strangers)

    def outer(self) -> Call | None:
        """The call that a call made here and now is made inside of, or None."""
        nesting, call = _inside.get((None, None))
        if nesting is not self:
            with self._lock:
                call = self._starter(threading.current_thread())
        return cast("Call | None", call)

    def _starter(self, thread: threading.Thread) -> object:
        """The call that must have started a thread, or None."""
        if thread not in self._agents:
            for running in reversed(self._running):
                if running.strangers is not None and thread not in running.strangers:
                    return running.call
        self._hands.discard(thread)
        self._agents.add(thread)
        return None

    def _strangers(self, *, awaited: bool) -> frozenset[threading.Thread] | None:
        thread = threading.current_thread()
        others = any(agent.is_alive() for agent in self._agents if agent is not thread)
        if others or (awaited and has_other_tasks()):
            return None
        return frozenset(threading.enumerate()).difference(self._hands)
