"""A session: a tape to read x a tape to write; one machine for all record modes."""

from __future__ import annotations

import copy
import os
import warnings
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import get_ident
from time import perf_counter
from typing import TYPE_CHECKING, Any

from agentcassette import _active, _lineage
from agentcassette._answer import Answer, Copy
from agentcassette._asked import Asked
from agentcassette._drifting import Terms
from agentcassette._errors import AgentCassetteError, CassetteNotFound
from agentcassette._faces import Player, Recorder, Trajectory
from agentcassette._format import VERSION
from agentcassette._ignoring import compile_ignores
from agentcassette._matching import Tape
from agentcassette._redaction import Redactor
from agentcassette._replaying import Replaying
from agentcassette._source import source_of
from agentcassette._steps import redacted_arguments, take_down

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcassette._cassette import Cassette
    from agentcassette._journal import Journal
    from agentcassette._plan import Plan
    from agentcassette._recording import Recording
    from agentcassette._seam import Seam
    from agentcassette._taping import Taping

__all__ = ["Machine"]


class Machine(_active.Member):
    """One session from its opening to its end.

    Args:
        plan: What it is asked to do.

    Raises:
        CassetteNotFound: There is no cassette, and the plan needs one.
        CassetteFormatError: The file at the path is no cassette.
        RuntimeError: A session of this context is open already.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.path = plan.path
        self._file = _absolute(plan.path)  # the code under test may change the working directory
        self._shown = _shown(self._file)
        self.source = source_of(plan, self._file)
        self._tape = self.source.tape
        recorded_with = () if self._tape is None else self._tape.redacted_keys
        keys = tuple(dict.fromkeys((*plan.redact, *recorded_with)))
        self._redactor = Redactor(keys, patterns=plan.patterns, secrets=plan.redact_secrets)
        self._live = frozenset(plan.live)
        self._missing: AgentCassetteError | None = None
        self._journal: Journal | None = None
        self.recording = self._record(keys) if self.source.writes else None
        self._trajectory = Trajectory(self.recording)
        self.replaying = None if self._tape is None else self._replay(self._tape)
        steps = [] if self._tape is None else self._tape.steps
        self._awaited = {step["name"]: step for step in steps if "awaitable" in step}
        self.face = self._make_face()
        self.ended = self.written = False
        self._lines = object()  # what its lines of work know it by: they must not keep it alive
        self._began = perf_counter()
        _active.enter(self)
        _lineage.begin(self._lines)

    @property
    def fault(self) -> AgentCassetteError | None:
        """The error that sticks: the first drift of a strict replay, or the missing cassette."""
        return self._missing or (self.replaying.fault if self.replaying is not None else None)

    def ask(self, seam: Seam, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Asked:
        """Take the arguments of a call down, before anything is done with them."""
        down = take_down(args, kwargs)
        return Asked(
            seam.name,
            seam.kind,
            arguments=down.json,
            types=down.types,
            volatile=down.volatile,
            defaults=down.defaults,
            parameters=seam.parameters,
            ignore=compile_ignores(self.plan.ignore + seam.ignore),
            link=_lineage.link(self._lines, is_home=get_ident() == self.thread),
            redact=partial(redacted_arguments, down, self._redactor),
        )

    def turn(self, asked: Asked) -> Answer | Taping | None:
        """Say what becomes of a call that is made on this thread.

        Returns:
            The step that answers it; else where it is taped when it is run; else None: only run it.

        Raises:
            DivergenceError: The call drifts, and the replay is strict.
            ReplayExhausted: No step is left.
            CassetteNotFound: There is no cassette, and none may be recorded.
        """
        __tracebackhide__ = True
        if self.replaying is None or asked.kind in self._live:
            return self._unanswered(asked)
        return self._answered(asked, self.replaying, self.replaying.take(asked))

    async def turn_in_task(self, asked: Asked) -> Answer | Taping | None:
        """As `turn`, for a call that is awaited."""
        __tracebackhide__ = True
        if self.replaying is None or asked.kind in self._live:
            return self._unanswered(asked)
        index = await self.replaying.take_in_task(asked)
        return self._answered(asked, self.replaying, index)

    def awaited(self, asked: Asked) -> dict[str, Any] | None:
        """The step that answers a call of a plain function, if that returned an awaitable."""
        if self.replaying is None or asked.name not in self._awaited:
            return None
        index = self.replaying.peek(asked)
        if index is None:  # which of the steps of its name it drifts from, nobody can tell
            return self._awaited[asked.name]
        step = self.replaying.tape.steps[index]
        return step if "awaitable" in step else None

    def end_body(self, *, raised: bool) -> AgentCassetteError | None:
        """Take note that the body under test has ended; its drift, if it must fail for one.

        Args:
            raised: Whether it ended with an exception: then it owes no step.
        """
        if self.recording is not None:
            self.recording.cleanup = True
        if self.replaying is not None and self.recording is None and not raised:
            self.replaying.owed(cleanup=False)
        return copy.copy(self.fault)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the calls made in this block belong to no session."""
        was_open = _active.leave(self)  # and not paused already
        try:
            yield
        finally:
            if was_open and not self.ended:
                _active.enter(self)

    def commit(self) -> bool:
        """End the session and write what there is to write.

        Returns:
            Whether a file was written.

        Raises:
            DivergenceError: Steps of the clean-up were never played, and the replay is strict.
            OSError: The file can't be written.
        """
        if not self._end():
            return False
        if isinstance(self.face, Player):
            drift = self.replaying.owed(cleanup=True) if self.replaying is not None else None
            if drift is not None:
                raise copy.copy(drift)
            return False
        from agentcassette._writing import is_news, losses

        cassette = self.face.cassette = self._recorded(self.face)
        if is_news(cassette, self.source.file, self.plan):
            cassette.save(self._file)
            self.written = True
        if self._journal is not None:
            self._journal.remove()
        for text in losses(self.face, cassette.steps):
            warnings.warn(f"{self.path}: {text}", stacklevel=3)
        return self.written

    def keep(self) -> bool:
        """End the session, and keep what was paid for until a later run can use it.

        Returns:
            Whether there is something to keep.
        """
        return self._end() and self.recording is not None and self.recording.keep()

    def discard(self) -> None:
        """End the session and write nothing."""
        self._end()

    def _end(self) -> bool:
        if self.ended:
            return False
        self.ended = True
        _active.leave(self)
        return True

    def _record(self, keys: tuple[str, ...]) -> Recording:
        from agentcassette._recording import Recording

        if self.plan.pending is not None:
            from agentcassette._journal import Journal

            self._journal = Journal(Path(self.plan.pending), _head(keys))
        return Recording(self._redactor, self._journal)

    def _replay(self, cassette: Cassette) -> Replaying:
        tape = Tape(cassette.steps, typed=cassette.typed, redactor=self._redactor, live=self._live)
        terms = Terms(
            strict=self.plan.strict and self.recording is None,
            gives_way=self.recording is not None,
            path=self._shown,
            mode=self.plan.shown_mode,
            full=self.plan.full,
            rerecord=self.plan.rerecord,
            cost=partial(_cost, cassette),
        )
        return Replaying(tape, terms)

    def _make_face(self) -> Recorder | Player:
        mode = self.plan.shown_mode
        if self.recording is not None:
            file = self.source.file
            model = self.plan.model or (None if file is None else file.model)
            return Recorder(self.path, mode, self._trajectory, self.recording, model)
        player = Player(self.path, mode, self._trajectory, self._tape, strict=self.plan.strict)
        if self.replaying is not None:
            replaying = self.replaying
            player.follow(replaying.tape, replaying.divergences, replaying.errors)
        return player

    def _unanswered(self, asked: Asked) -> Taping | None:
        __tracebackhide__ = True
        if self.recording is not None:
            return self.recording.begin(asked)
        if self.replaying is None:
            self._missing = self._missing or self._not_found()
            raise copy.copy(self._missing)
        return None

    def _not_found(self) -> CassetteNotFound:
        """The error of a missing cassette, in the words of pytest where that drives the session."""
        plan = self.plan
        by_pytest = bool(plan.rerecord or plan.mode_name)
        mode = (
            f"--record-mode={plan.shown_mode}" if by_pytest else f"record_mode={plan.record_mode!r}"
        )
        again = plan.rerecord or ("--record-mode=once" if by_pytest else "record_mode='once'")
        return CassetteNotFound(self._shown, reason=f"and {mode}", remedy=f"record it with {again}")

    def _answered(
        self, asked: Asked, replaying: Replaying, index: int | None
    ) -> Answer | Taping | None:
        if index is None:
            return self._unanswered(asked)
        step = replaying.tape.steps[index]
        if asked.link is not None:
            asked.link.step = index
        if self.recording is not None:
            copy_to = Copy(self.recording, self.recording.begin(asked))
            return Answer(asked, step, replaying, copy_to)
        self._trajectory.answers.append((step, asked))
        return Answer(asked, step, replaying, None)

    def _recorded(self, recorder: Recorder) -> Cassette:
        """The cassette of the run."""
        from agentcassette._writing import cassette_of

        duration_ms = round(1000 * (perf_counter() - self._began), 3)
        return cassette_of(
            recorder, self.plan, tape=self._tape, redactor=self._redactor, duration_ms=duration_ms
        )


def _head(keys: tuple[str, ...]) -> dict[str, Any]:
    """What holds for a run, as fields of its cassette."""
    return {"version": VERSION, "typed": True, "redact": list(keys)}


def _cost(cassette: Cassette) -> str:
    """What it cost to record a cassette, as text."""
    return f"{cassette.total_tokens:,} tokens and {cassette.duration_ms / 1000:.1f} s"


def _absolute(path: str) -> str:
    # Each session asks, and to make a path of a text takes ten times as long.
    return path if os.path.isabs(path) else str(Path(path).absolute())  # noqa: PTH117


def _shown(path: str) -> str:
    """A path as a person at the working directory would write it."""
    return path.removeprefix(os.getcwd().rstrip(os.sep) + os.sep)  # noqa: PTH109 - likewise
