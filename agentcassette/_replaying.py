"""What answers a call in replay: a step in its turn, or a drift.

The tape says which step is the same call. This machine says whether it is that step's turn, lets
calls that come early wait for the others, and keeps the first drift of a strict replay, so that no
retry loop can bury it.
"""

from __future__ import annotations

import copy
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette._drifting import Drifting, Terms
from agentcassette._loops import running_loop
from agentcassette._returning import Returning
from agentcassette._turns import Turns
from agentcassette._waiting import PATIENCE, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcassette._asked import Asked
    from agentcassette._errors import AgentCassetteError, ReplayExhausted
    from agentcassette._matching import Tape

__all__ = ["Replaying"]

_EARLY = "played"  # what calls wait for that come early: any step, as another may be missing yet
_LONGEST = 600.0  # seconds that a call which was never answered is waited for, whatever it took


class _Wait(NamedTuple):
    """A call has to wait: the step that answers it does not have its turn yet."""

    step: int


class Replaying:
    """A tape that is being replayed.

    Args:
        tape: The steps, and which of them have been played.
        terms: How strictly.

    Attributes:
        tape: The steps, and which of them have been played.
        divergences: Each drift of a replay that neither raises nor gives way.
        errors: What makes the error that each of them would have been.
        returning: The order in which outcomes go to the agent.
        fault: The first drift of a strict replay.
        over: Whether the replay gave way to a drift.
    """

    def __init__(self, tape: Tape, terms: Terms) -> None:
        self.tape = tape
        self.divergences: list[dict[str, Any]] = []
        self.errors: list[Callable[[], AgentCassetteError]] = []
        self.fault: AgentCassetteError | None = None
        self.over = False
        self._told = False
        self._turns = Turns(tape)
        self._terms = terms
        self._drifts = Drifting(tape, terms)
        self._lock = threading.RLock()
        self._waiting = Waiting(self._lock)
        self.returning = Returning(tape, self._waiting)

    def take(self, asked: Asked) -> int | None:
        """The step that answers a call, which is from now on played.

        Returns:
            Its index, or None where the replay is over.

        Raises:
            DivergenceError: The call is not on tape, or comes out of order.
            ReplayExhausted: No step is left.
        """
        __tracebackhide__ = True
        since = time.monotonic()
        while True:
            turn = self._turn(asked, since, in_task=False)
            if not isinstance(turn, _Wait):
                return turn
            self._waiting.in_thread(partial(self._settled, turn.step), since, cause=_EARLY)

    async def take_in_task(self, asked: Asked) -> int | None:
        """As `take`, for a call that is awaited."""
        __tracebackhide__ = True
        since = time.monotonic()
        while True:
            turn = self._turn(asked, since, in_task=True)
            if not isinstance(turn, _Wait):
                return turn
            try:
                await self._waiting.in_task(partial(self._settled, turn.step), since, cause=_EARLY)
            except BaseException:
                self._cancelled(asked, turn.step)
                raise

    def _cancelled(self, asked: Asked, index: int) -> None:
        """Take note that a call was cancelled while it waited; as on tape, if it was there too."""
        with self._lock:
            is_left = not self.tape.is_played(index) and not self._has_ended()
            if is_left and not self._terms.gives_way and "unfinished" in self.tape.steps[index]:
                self._play(index, asked)

    def hang(self, asked: Asked, index: int) -> bool:
        """Answer nothing, as the step has no outcome, until somebody else drifts.

        Returns:
            False: the replay has given way, and the call has to run.

        Raises:
            DivergenceError: The call took longer than it took when it was recorded.
        """
        __tracebackhide__ = True
        if running_loop() is None:
            self._waiting.in_thread(self._has_ended, time.monotonic(), self._patience(index))
        return self._never_answered(asked, index)

    async def hang_in_task(self, asked: Asked, index: int) -> bool:
        """As `hang`, for a call that is awaited, and that is expected to be cancelled."""
        __tracebackhide__ = True
        since = time.monotonic()
        await self._waiting.in_task(self._has_ended, since, self._patience(index))
        return self._never_answered(asked, index)

    def stray(self, asked: Asked, index: int, reason: str) -> None:
        """Say that a call answered from the tape goes on otherwise than it did when it was taped.

        Args:
            asked: The call.
            index: The step that answers it.
            reason: What is wrong, in a few words.

        Raises:
            DivergenceError: The replay is strict; or it gives way, and has no live call to go on
                with.
        """
        __tracebackhide__ = True
        with self._lock:
            if self._is_lenient:
                self._note(asked, index, reason)
            else:
                raise self._keep(self._drifts.divergence(asked, index, reason))

    def gives_way(self) -> bool:
        """Whether what is not on tape may run; if so, the replay is over from now on."""
        with self._lock:
            if self._terms.gives_way and self.fault is None:
                self._give_way()
                return True
            return False

    def divergence(self, asked: Asked, index: int, reason: str) -> AgentCassetteError:
        """The error of a drift; the parameters are those of `stray`."""
        with self._lock:
            return self._drifts.divergence(asked, index, reason)

    def family(self, index: int) -> list[dict[str, Any]]:
        """A step, and the steps that were made inside of it."""
        return [self.tape.steps[one] for one in (index, *self.tape.inside(index))]

    def peek(self, asked: Asked) -> int | None:
        """The step that would answer a call if it was its turn, or None."""
        with self._lock:
            return self.tape.find(asked)

    def owed(self, *, cleanup: bool) -> AgentCassetteError | None:
        """The drift that a run has made by its end: the first one, or a step never played.

        It has been told then: clean-up that comes after it is answered where it can be.

        Args:
            cleanup: Whether steps that were recorded after the end of the body count too.
        """
        with self._lock:
            index = self.tape.owed(cleanup=cleanup)
            if self._terms.strict and self.fault is None and index is not None:
                self._keep(self._drifts.never_called(index))
            self._told = True
            return self.fault

    def _turn(self, asked: Asked, since: float, *, in_task: bool) -> int | _Wait | None:
        """The step that a call plays now, that it waits for, or None where the replay is over.

        Args:
            asked: The call.
            since: The moment at which the call came.
            in_task: Whether it is awaited.
        """
        __tracebackhide__ = True
        with self._lock:
            if self.over:
                return None
            index = self.tape.find(asked)
            if self.fault is not None:
                if self._told and index is not None:
                    return self._play(index, asked)
                raise copy.copy(self.fault)
            if index is None:
                return self._miss(asked)
            ahead = self._turns.jumped_over(index)
            if ahead is not None:
                return self._drift(ahead, index, "out of order", played=index)
            missing = self._turns.missing_before(index, asked)
            if missing is None:
                return self._play(index, asked)
            return self._early(asked, index, missing, since, in_task=in_task)

    def _early(
        self, asked: Asked, index: int, missing: int, since: float, *, in_task: bool
    ) -> int | _Wait | None:
        """What becomes of a call whose step does not have its turn yet.

        One that would block an event loop can't wait, and is let through where another thread or
        task may bring what is missing.
        """
        __tracebackhide__ = True
        if self._waiting.others_can_move():
            if not in_task and running_loop() is not None:
                self._turns.jump(index, asked)
                return self._play(index, asked)
            if self._waiting.left(since):
                return _Wait(index)
        return self._drift(asked, missing, "out of order", played=index)

    def _miss(self, asked: Asked) -> int | None:
        """The step that is played for a call which is not on tape."""
        __tracebackhide__ = True
        index = self.tape.nearest(asked.name)
        if self._terms.gives_way:
            self._give_way()
            return None
        if index is None:
            error = self._drifts.exhausted(asked)
            if self._is_lenient:
                self._note_exhausted(error)
            raise self._keep(error)
        same_name = self.tape.steps[index]["name"] == asked.name
        reason = "the arguments differ" if same_name else "another call was recorded"
        return self._drift(asked, index, reason, played=index)

    def _play(self, index: int, asked: Asked) -> int:
        has_inner = self._turns.play(index, asked)
        # Of the calls that wait for their turn to return, another may have it only by inner steps.
        self._waiting.progress(*(() if has_inner else (_EARLY,)))
        return index

    def _drift(self, asked: Asked, index: int, reason: str, *, played: int) -> int | None:
        """Raise a drift, or note it, or give way to it, as the terms are.

        Args:
            asked: The call.
            index: The step that was expected.
            reason: What is wrong, in a few words.
            played: The step that is played all the same; those before it may come in any order.
        """
        __tracebackhide__ = True
        if self._terms.gives_way:
            self._give_way()
            return None
        if self._terms.strict:
            raise self._keep(self._drifts.divergence(asked, index, reason))
        self._note(asked, index, reason)
        if played == index:
            self._drifts.gone_to[index] = asked.name
        self.tape.excuse_before(played)
        return self._play(played, asked)

    def _give_way(self) -> None:
        """End the replay: this call, and every later one, is answered by None."""
        self.over = self.returning.is_free = True
        self._waiting.progress()

    def _note(self, asked: Asked, index: int, reason: str) -> None:
        self.returning.is_free = True
        self._waiting.progress()
        self._turns.forget_jumps()
        self.errors.append(self._drifts.noted(asked, index, reason))
        self.divergences.append(
            {
                "index": index,
                "expected": self.tape.expected(index),
                "actual": asked.as_dict(),
                "reason": reason,
            }
        )

    def _note_exhausted(self, error: ReplayExhausted) -> None:
        """Note a call that is on tape no more; once, as an agent may try it again and again."""
        noted = {
            "index": error.step_index,
            "expected": None,
            "actual": error.actual,
            "reason": "called once more than recorded",
        }
        if noted not in self.divergences:
            self.errors.append(lambda: error)
            self.divergences.append(noted)

    def _never_answered(self, asked: Asked, index: int) -> bool:
        __tracebackhide__ = True
        reason = "the recorded call had no outcome"
        with self._lock:
            if self.gives_way():
                return False
            if self.fault is not None:
                raise copy.copy(self.fault)
            if self._is_lenient:
                self._note(asked, index, reason)
            raise self._keep(self._drifts.divergence(asked, index, reason))

    def _keep(self, error: AgentCassetteError) -> AgentCassetteError:
        """Keep the first error, unless the replay goes on after it, and wake all who wait."""
        if not self._is_lenient:
            self.fault = error
            self.returning.is_free = True
        self._waiting.progress()
        return copy.copy(error)

    @property
    def _is_lenient(self) -> bool:
        return not self._terms.strict and not self._terms.gives_way

    def _has_ended(self) -> bool:
        return self.fault is not None or self.over

    def _settled(self, index: int) -> bool:
        """Whether a call that waits for the turn of a step has a reason to look again."""
        return self._has_ended() or self.tape.missing_before(index) is None

    def _patience(self, index: int) -> float:
        """How long a call that was never answered is waited for: as long as it took, and more."""
        duration: float = self.tape.steps[index]["duration_ms"]
        return min(duration / 1000, _LONGEST) + PATIENCE
