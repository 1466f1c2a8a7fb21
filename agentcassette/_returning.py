"""The order in which outcomes go to the agent: that in which the recorded calls ended.

So ``as_completed`` and races have the winner that they had when the run was recorded.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from agentcassette._loops import let_others_run, running_loop
from agentcassette._waiting import PATIENCE, Waiting

if TYPE_CHECKING:
    from agentcassette._matching import Tape

__all__ = ["Returning"]

# Less than a call waits for its turn: of two that wait for each other the one that has its answer
# already goes on first.
_PATIENCE = PATIENCE / 2
_LITTLE_PATIENCE = 0.05  # seconds, once the calls have turned out to overlap in another way
_HEAD_START = 0.002  # seconds that a thread has for what follows from the outcome before this one


class Returning:
    """The outcomes of the steps of a tape.

    Args:
        tape: The steps.
        waiting: The calls that wait.

    Attributes:
        is_free: Whether order no longer matters, as there was a drift.
    """

    def __init__(self, tape: Tape, waiting: Waiting) -> None:
        self._tape = tape
        self._waiting = waiting
        self.is_free = False
        self._patience = _PATIENCE

    def give_back(self, index: int) -> None:
        """Let the outcome of a step go to the agent when it is its turn.

        On the thread of a running event loop that is at once: nothing else could move.
        """
        overlaps = self._tape.overlaps(index)
        if overlaps and self._waiting.others_can_move() and running_loop() is None:
            may_return = partial(self._may_return, index)
            self._waiting.in_thread(may_return, time.monotonic(), self._patience, cause=index)
            self._learn(index)
            time.sleep(_HEAD_START)
        self.let_go(index)

    async def give_back_in_task(self, index: int) -> None:
        """As `give_back`, for a call that is awaited."""
        if self._tape.overlaps(index) and self._waiting.others_can_move():
            may_return = partial(self._may_return, index)
            await self._waiting.in_task(may_return, time.monotonic(), self._patience, cause=index)
            self._learn(index)
            await let_others_run()
        self.let_go(index)

    def let_go(self, index: int) -> None:
        """Take note that the agent has an outcome, or asks for it no more: none waits for it."""
        with self._waiting.lock:
            self._tape.give_back(index)
            turn = self._tape.turn
        self._waiting.progress(*(() if turn is None else (turn,)))

    def _learn(self, index: int) -> None:
        """Take note of a wait in vain: with fewer threads, or none, it would not be the last."""
        if not self._may_return(index):
            self._patience = _LITTLE_PATIENCE

    def _may_return(self, index: int) -> bool:
        with self._waiting.lock:
            return self.is_free or self._tape.may_return(index)
