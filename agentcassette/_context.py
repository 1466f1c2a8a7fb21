"""Session: a cassette as a context manager, as a decorator, or in the hands of an owner."""

from __future__ import annotations

import inspect
import sys
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Generic, TypeVar, cast

from agentcassette._relaying import Relay
from agentcassette._rooms import put_back
from agentcassette._session import Machine

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import TracebackType

    from agentcassette._cassette import Cassette
    from agentcassette._errors import AgentCassetteError
    from agentcassette._faces import Player, Recorder
    from agentcassette._plan import Plan

__all__ = ["Session"]

# What the first call imports: where it is there, so is what all sessions share.
_ANSWERING = "agentcassette._calling"

Function = TypeVar("Function", bound=Callable[..., Any])
Face = TypeVar("Face", bound="Recorder | Player", covariant=True)  # noqa: PLC0105 - as the field calls it


class Session(Generic[Face]):
    """A session of one cassette; made by `record`, `replay` and `use_cassette`.

    It is a context manager, sync and async, and a decorator of functions of every kind, which
    opens a session of its own for each call. Whoever wants to judge a run before its cassette is
    written opens it, and then commits or discards it: a test framework does.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._machine: Machine | None = None

    @property
    def path(self) -> Path:
        """The file of the cassette."""
        return Path(self._plan.path)

    @property
    def record_mode(self) -> str:
        """The record mode."""
        return self._plan.record_mode

    @property
    def strict(self) -> bool:
        """Whether the first drift of a replay raises."""
        return self._plan.strict

    @property
    def face(self) -> Face:
        """The recorder or player of the session.

        Raises:
            RuntimeError: The session was never opened.
        """
        return cast("Face", self._opened().face)

    @property
    def fault(self) -> AgentCassetteError | None:
        """The error that sticks, or None: a drift of a strict replay, or a missing cassette."""
        return self._opened().fault

    @property
    def written(self) -> bool:
        """Whether its file was written, which `commit` does before it warns of anything."""
        return self._opened().written

    @property
    def cassette(self) -> Cassette | None:
        """The cassette that was there when the session was opened, in every mode, or None."""
        return self._opened().source.file

    @property
    def resumed(self) -> bool:
        """Whether what a failed run has left answers calls of this one."""
        return self._opened().source.resumes

    def open(self) -> Face:
        """Take the calls of this context from now on.

        Returns:
            A recorder where the session may write, else a player.

        Raises:
            CassetteNotFound: There is no cassette to `replay`.
            CassetteFormatError: The file at the path is no cassette; it is not overwritten.
            RuntimeError: A session of this context is open already.
        """
        if self._machine is not None and not self._machine.ended:
            message = f"this session of {self.path} is open already"
            raise RuntimeError(message)
        if _ANSWERING not in sys.modules:
            put_back()
        self._machine = Machine(self._plan)
        if self._machine.recording is not None:
            from agentcassette._running import run_taped  # noqa: F401 - or the first call takes its time
        return self.face

    def end_body(self, *, raised: bool = False) -> AgentCassetteError | None:
        """Tell that the body under test has ended, and ask what it has to fail for.

        Calls may still come, from clean-up; the steps recorded from here on are not owed by the
        body when it is replayed.

        Args:
            raised: Whether the body ended with an exception. It owes no further step then.

        Returns:
            The drift of a strict replay (also a step that was never played), the missing
            cassette, or None.
        """
        return self._opened().end_body(raised=raised)

    def paused(self) -> AbstractContextManager[None]:
        """Let the calls made in a block belong to no session."""
        return self._opened().paused()

    def commit(self) -> bool:
        """Close the session and write what there is to write, atomically.

        Returns:
            Whether a file was written. It is not where it would say the same as before.

        Raises:
            DivergenceError: Clean-up steps were never played, and the replay is strict.
            OSError: The file can't be written; an old file is still there as it was.
        """
        return self._opened().commit()

    def keep(self) -> bool:
        """Close the session, and keep what it has paid for as pending until a later run uses it.

        Returns:
            Whether anything was paid for. Where it was not, what an earlier run has left stays.

        Raises:
            OSError: It can't be written.
        """
        return self._opened().keep()

    def discard(self) -> None:
        """Close the session and write nothing."""
        self._opened().discard()

    def __enter__(self) -> Face:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        if error is not None:
            self.discard()
            if self.fault is not None and not isinstance(error, type(self.fault)):
                _add_note(error, str(self.fault))
            return
        drift = self.end_body()
        if drift is not None:
            self.discard()
            raise drift
        self.commit()

    async def __aenter__(self) -> Face:
        return self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        self.__exit__(kind, error, traceback)

    def __call__(self, function: Function) -> Function:
        """Run each call of a function in a session of its own."""
        wrapper: Any
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def wrapper(*args: Any, **kwargs: Any) -> Any:
                with Session(self._plan):
                    return await function(*args, **kwargs)

        elif inspect.isasyncgenfunction(function):

            @wraps(function)
            async def wrapper(*args: Any, **kwargs: Any) -> Any:
                with Session(self._plan):
                    relay = Relay(function(*args, **kwargs))
                    while await relay.advance():
                        try:
                            relay.send((yield relay.item))
                        except BaseException as thrown:  # noqa: BLE001 - as with `yield from`
                            await relay.throw(thrown)

        elif inspect.isgeneratorfunction(function):

            @wraps(function)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                with Session(self._plan):
                    return (yield from function(*args, **kwargs))

        else:

            @wraps(function)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                with Session(self._plan):
                    return function(*args, **kwargs)

        return cast("Function", wrapper)

    def __repr__(self) -> str:
        return f"Session(path={str(self.path)!r}, record_mode={self.record_mode!r})"

    def _opened(self) -> Machine:
        if self._machine is None:
            message = f"this session of {self.path} was never opened"
            raise RuntimeError(message)
        return self._machine


def _add_note(error: BaseException, note: str) -> None:
    """`BaseException.add_note`, also before Python 3.11, where pytest shows the notes."""
    notes = getattr(error, "__notes__", None)
    error.__notes__ = [*(notes or ()), note]  # type: ignore[attr-defined,unused-ignore]
