"""Which call came before a call in its own line of work: its task, or what has its context.

Several tasks may make the same call at the same time. Which of them is which is told by what each
has called before: the context of a task is handed on to the tasks and threads that it starts.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette._loops import current_task, running_loop

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Line", "Link", "aside", "begin", "link"]

_latest: ContextVar[Link | None] = ContextVar("agentcassette_latest", default=None)


class Link:
    """A call in its line of work.

    Attributes:
        session: What stands for the session that it belongs to.
        before: The call before it in its line, or None where it is the first.
        step: The step on tape that answers it, once that is known.
        start: The place of its start on the tape that is written, once that is known.
    """

    __slots__ = ("before", "session", "start", "step")

    def __init__(self, session: object, before: Link | None) -> None:
        self.session = session
        self.before = before
        self.step: int | None = None
        self.start: int | None = None


class Line(NamedTuple):
    """A line of work, as far as it is known when a call is made in it.

    Attributes:
        here: The task, or the thread outside of one.
        link: The call in its line, where that is known.
    """

    here: object
    link: Link | None

    @classmethod
    def of(cls, link: Link | None) -> Line:
        """The line of a call that is made here and now."""
        return cls(current_task() or threading.current_thread(), link)

    def goes_on_from(self, other: Line) -> bool:
        """Whether a call in this line may have been made after one in the other for a reason."""
        link = self.link
        while link is not None and link is not other.link:
            link = link.before
        return self.here is other.here or (link is not None and link is other.link)


def begin(session: object) -> None:
    """Let this context, and all that inherit it, be lines of work of a session.

    Args:
        session: What stands for the session; it must not lead to it, or both would be garbage that
            only the collector finds.
    """
    _latest.set(Link(session, None))


def link(session: object, *, is_home: bool) -> Link | None:
    """Add a call to the line of work that this context is in.

    Args:
        session: What stands for the session that the call belongs to.
        is_home: Whether it is made on the thread that opened the session.

    Returns:
        The call in its line; None on a thread that has inherited nothing: a pool may give it the
        work of anybody.
    """
    latest = _latest.get()
    if latest is not None and latest.session is not session:
        latest = None
    if latest is None and not is_home and running_loop() is None:
        return None
    made = Link(session, latest)
    _latest.set(made)
    return made


@contextmanager
def aside() -> Iterator[None]:
    """Let the calls made in a block be a line of their own, which ends with it.

    In replay a call that is answered makes no calls inside of itself.
    """
    latest: Any = _latest.get()
    try:
        yield
    finally:
        _latest.set(latest)
