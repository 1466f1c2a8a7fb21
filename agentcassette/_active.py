"""Which session a call belongs to: the one place that knows the open sessions of the process.

A session is found through the context that opened it, which asyncio tasks, ``asyncio.to_thread``
and the portals of web test clients inherit. A thread that inherits none belongs to the session
that its own thread opened, else to the only one there is; where there are more, nobody can tell.
"""

from __future__ import annotations

import os
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING

from agentcassette._errors import AmbiguousSession, LiveCallBlocked

if TYPE_CHECKING:
    from typing import Callable

__all__ = ["OPEN", "Member", "Watch", "current", "enter", "leave", "unwatch", "watch", "watches"]


class Member:
    """What can be open: it knows its path, and the thread and the process that opened it."""

    path: str
    thread: int
    process: int


class Watch:
    """Somebody who is told of the calls that belong to no session.

    Args:
        callback: Is called with the name and the kind of each of them.
    """

    def __init__(self, callback: Callable[[str, str], object]) -> None:
        self.callback = callback


# Read by every intercepted call: empty means pass through.
OPEN: list[Member | Watch] = []

_lock = threading.Lock()
_of_context: ContextVar[Member | None] = ContextVar("agentcassette_session", default=None)


def enter(member: Member) -> None:
    """Open a session in this context.

    Raises:
        RuntimeError: A session of this context is open already.
    """
    other = _of_context.get()
    if other is not None and other in OPEN:
        message = (
            f"a session of {other.path} is open in this context already, and a session of"
            f" {member.path} can't be opened inside of it: close the first, or open the second"
            " in a thread or task of its own"
        )
        raise RuntimeError(message)
    member.thread, member.process = threading.get_ident(), os.getpid()
    with _lock:
        OPEN.append(member)
    _of_context.set(member)


def leave(member: Member) -> bool:
    """Close a session, from whatever context; tell whether it was open."""
    with _lock:
        was_open = member in OPEN
        if was_open:
            OPEN.remove(member)
    if _of_context.get() is member:
        _of_context.set(None)
    return was_open


def watch(one: Watch) -> None:
    """Tell somebody of the calls that belong to no session from now on."""
    with _lock:
        OPEN.append(one)


def unwatch(one: Watch) -> None:
    """Tell them of no call any more."""
    with _lock:
        OPEN.remove(one)


def watches() -> list[Watch]:
    """Everybody who is told of the calls that belong to no session, the latest first."""
    return [one for one in reversed(tuple(OPEN)) if isinstance(one, Watch)]


def current(name: str) -> Member | None:
    """The session that a call belongs to, or None where none is open.

    Args:
        name: The name of the intercepted callable, for the error.

    Raises:
        AmbiguousSession: The call could belong to more than one.
        LiveCallBlocked: It is made in a process that was forked while the session was open.
    """
    mine = _of_context.get()
    if mine is not None and mine in OPEN:
        return _here(mine, name)
    candidates = [one for one in tuple(OPEN) if isinstance(one, Member)]
    if len(candidates) > 1:
        thread = threading.get_ident()
        candidates = [one for one in candidates if one.thread == thread] or candidates
    if len(candidates) > 1:
        raise AmbiguousSession(name, tuple(one.path for one in candidates))
    return _here(candidates[0], name) if candidates else None


def _here(member: Member, name: str) -> Member:
    """A session, if it is one of this process: the copy that a fork has of it leads nowhere."""
    if member.process != os.getpid():
        reason = (
            f"the session of {member.path} is open in another process, which this one was forked"
            " from, and can neither tape the call nor answer it: make it in a thread or a task, or"
            " intercept what hands the work to other processes"
        )
        raise LiveCallBlocked(name, reason)
    return member
