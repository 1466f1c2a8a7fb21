"""Whose turn it is: whether a step may be played now, or others have to come before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from agentcassette._lineage import Line
from agentcassette._loops import current_task

if TYPE_CHECKING:
    from agentcassette._asked import Asked
    from agentcassette._matching import Tape

__all__ = ["Turns"]


class _Jump(NamedTuple):
    """A call that could not wait, and was answered by a step before it had its turn."""

    task: object
    asked: Asked
    step: int


class Turns:
    """The turns of the steps of a tape.

    Args:
        tape: The steps, and which of them have been played.
    """

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._jumps: list[_Jump] = []
        self._lines: dict[int, Line] = {}  # by which each step was played

    def play(self, index: int, asked: Asked) -> bool:
        """Count a step as played by a call.

        Returns:
            Whether steps that were made inside of it have been played with it.
        """
        self._lines[index] = Line.of(asked.link)
        return bool(self._tape.play(index))

    def missing_before(self, index: int, asked: Asked) -> int | None:
        """The earliest step that has to be played before a call may play this one, or None."""
        missing = self._tape.missing_before(index)
        return None if missing is None or self._took_each_others(asked, index) else missing

    def jump(self, index: int, asked: Asked) -> None:
        """Take note that a call is answered by a step before that has its turn."""
        self._jumps.append(_Jump(current_task(), asked, index))

    def jumped_over(self, index: int) -> Asked | None:
        """A call of this task that was made before this step's, and was recorded after it."""
        if not self._jumps:
            return None
        task = current_task()
        ahead = (jump for jump in self._jumps if self._tape.precedes(index, jump.step))
        return next((jump.asked for jump in ahead if jump.task is task is not None), None)

    def forget_jumps(self) -> None:
        """Take them as they are: the replay has drifted, and goes on."""
        self._jumps.clear()

    def _took_each_others(self, asked: Asked, index: int) -> bool:
        """Whether a call is early only because another line of work has played its step.

        Which of two calls that are alike has which step is chance, where they are made at the same
        time; and nobody can tell, where the same has come of both.
        """
        line = Line.of(asked.link)
        alike = self._tape.find_alike(asked, index)
        return any(one in self._lines and not line.goes_on_from(self._lines[one]) for one in alike)
