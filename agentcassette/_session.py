"""A session: a tape to read x a tape to write x a record mode; one machine for all modes.

========  ===================  ====================
mode      there is a cassette  there is none
========  ===================  ====================
once      read                 write
none      read                 the first call fails
all       write                write
update    read, then write     write
========  ===================  ====================
"""

from __future__ import annotations

import copy
import json
import warnings
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from agentcassette import _active
from agentcassette._answer import Answer, Copy
from agentcassette._cassette import Cassette
from agentcassette._comparing import Asked
from agentcassette._drifting import Terms
from agentcassette._errors import AgentCassetteError, CassetteNotFound
from agentcassette._faces import Player, Recorder, Trajectory
from agentcassette._ignoring import Ignore, compile_ignores
from agentcassette._matching import Tape
from agentcassette._recording import Recording
from agentcassette._redaction import Redactor
from agentcassette._replaying import Replaying
from agentcassette._steps import redacted, take_down

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcassette._plan import Plan, Seam
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
        self._file = plan.path.absolute()  # the code under test may change the working directory
        self._shown = _shown(self._file)
        self.read = self._load()
        reads = self.read is not None and plan.record_mode != "all"
        writes = plan.record_mode != "none" and not (reads and plan.record_mode == "once")
        recorded_with = self.read.redacted_keys if reads and self.read is not None else ()
        keys = dict.fromkeys((*plan.redact, *recorded_with))
        self._redactor = Redactor(keys, secrets=plan.redact_secrets)
        self._ignores: dict[tuple[str, ...], Ignore] = {}
        self._live = frozenset(plan.live)
        self._missing: AgentCassetteError | None = None
        self.recording = Recording(self._redactor) if writes else None
        self._trajectory = Trajectory(self.recording)
        self.replaying = self._replay(self.read) if reads and self.read is not None else None
        steps = self.read.steps if self.replaying is not None and self.read is not None else []
        self._awaited = {step["name"]: step for step in steps if "awaitable" in step}
        self.face = self._make_face()
        self.ended = False
        self._began = perf_counter()
        _active.enter(self)

    @property
    def fault(self) -> AgentCassetteError | None:
        """The error that sticks: the first drift of a strict replay, or the missing cassette."""
        return self._missing or (self.replaying.fault if self.replaying is not None else None)

    def ask(self, seam: Seam, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Asked:
        """Take the arguments of a call down, before anything is done with them."""
        down = take_down(args, kwargs, self._redactor)
        specs = self.plan.ignore + seam.ignore
        if specs not in self._ignores:
            self._ignores[specs] = compile_ignores(specs)
        return Asked(
            name=seam.name,
            kind=seam.kind,
            arguments=down.arguments,
            types=down.types,
            volatile=down.volatile,
            parameters=seam.parameters,
            ignore=self._ignores[specs],
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
        _active.leave(self)
        try:
            yield
        finally:
            if not self.ended:
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
        written = self._write(self.face)
        lost_ones = reversed(self.face.unreplayable)
        firsts = {(lost.step_index, lost.type_name): lost for lost in lost_ones}
        for lost in reversed(firsts.values()):
            warnings.warn(
                f"{self.path}: step {lost.step_index}, {lost.name}: a {lost.type_name} at"
                f" {lost.pointer} can't be restored when it is replayed; intercept a callable"
                " that returns data, or tell how with agentcassette.register_type",
                stacklevel=3,
            )
        return written

    def discard(self) -> None:
        """End the session and write nothing."""
        self._end()

    def _end(self) -> bool:
        _active.leave(self)
        first, self.ended = not self.ended, True
        return first

    def _load(self) -> Cassette | None:
        """The cassette at the path, also where it is to be replaced: no other file may be."""
        try:
            return Cassette.load(self._file)
        except CassetteNotFound:
            if self.plan.needs_cassette:
                raise
            return None

    def _replay(self, cassette: Cassette) -> Replaying:
        tape = Tape(
            cassette.steps, typed=cassette.typed, redactor=self._redactor, live=self.plan.live
        )
        seconds = cassette.duration_ms / 1000
        terms = Terms(
            strict=self.plan.strict and self.recording is None,
            gives_way=self.recording is not None,
            path=self._shown,
            mode=self.plan.record_mode,
            rerecord=self.plan.rerecord,
            cost=f"{cassette.total_tokens:,} tokens and {seconds:.1f} s",
        )
        return Replaying(tape, terms)

    def _make_face(self) -> Recorder | Player:
        mode = self.plan.record_mode
        if self.recording is not None:
            model = self.plan.model or (self.read.model if self.read is not None else None)
            return Recorder(self.path, mode, self._trajectory, self.recording, model)
        player = Player(self.path, mode, self._trajectory, self.read, strict=self.plan.strict)
        if self.replaying is not None:
            player.follow(self.replaying.tape, self.replaying.divergences)
        return player

    def _unanswered(self, asked: Asked) -> Taping | None:
        __tracebackhide__ = True
        if self.recording is not None:
            return self.recording.begin(asked)
        if self.replaying is None:
            self._missing = self._missing or CassetteNotFound(
                self._shown,
                reason=f"and --record-mode={self.plan.record_mode}",
                remedy=f"record it with {self.plan.rerecord or '--record-mode=once'}",
            )
            raise copy.copy(self._missing)
        return None

    def _answered(
        self, asked: Asked, replaying: Replaying, index: int | None
    ) -> Answer | Taping | None:
        if index is None:
            return self._unanswered(asked)
        step = replaying.tape.steps[index]
        if self.recording is not None:
            copy_to = Copy(self.recording, self.recording.begin(asked))
            return Answer(asked, step, replaying, copy_to)
        self._trajectory.answers.append(_as_made(step, asked))
        return Answer(asked, step, replaying, None)

    def _write(self, recorder: Recorder) -> bool:
        now = datetime.now(timezone.utc).replace(microsecond=0, tzinfo=None)
        fields: dict[str, Any] = {}
        if self.plan.test is not None:
            fields["test"] = self.plan.test
        steps = self._steps(recorder)
        text = json.dumps(steps, ensure_ascii=False, separators=(",", ":"))
        keys = self._redactor.keys_in(
            text
        )  # a name that met nothing is only in the way of a reader
        if keys:
            fields["redact"] = list(keys)
        if self.replaying is None or self.read is None or self.read.typed:
            fields["typed"] = True
        cassette = Cassette(
            steps,
            model=recorder.model,
            recorded_at=f"{now.isoformat()}Z",
            duration_ms=round(1000 * (perf_counter() - self._began), 3),
            **fields,
        )
        recorder.cassette = cassette
        if not cassette.steps and not self.plan.keeps_empty:
            return False
        if self._is_kept(cassette):
            return False
        cassette.save(self._file)
        return True

    def _steps(self, recorder: Recorder) -> list[dict[str, Any]]:
        """The steps of the run, in the order of the tape if that answered all of them.

        The order in which the calls came may have been chance.
        """
        tape = self.replaying.tape.steps if self.replaying is not None else []
        if recorder.recorded or recorder.replayed != len(tape):
            return recorder.steps
        return [redacted(step, self._redactor) for step in tape]

    def _is_kept(self, cassette: Cassette) -> bool:
        """Whether the file says the same already, and is not too old."""
        if self.read is None or not cassette.same_content(self.read):
            return False
        age = self.read.age()
        return self.plan.max_age is None or (age is not None and age <= self.plan.max_age)


def _shown(path: Path) -> str:
    """A path as a person at the working directory would write it."""
    folder = Path.cwd()
    return str(path.relative_to(folder) if folder in path.parents else path)


def _as_made(step: dict[str, Any], asked: Asked) -> dict[str, Any]:
    """A step that answers a call, with the arguments that the call was made with."""
    types = {at: name for at, name in step.get("types", {}).items() if not _of_arguments(at)}
    types.update({f"/arguments{at}": name for at, name in asked.types.items()})
    return {**step, "arguments": asked.arguments, "types": types}


def _of_arguments(pointer: str) -> bool:
    return pointer.startswith("/arguments/")
