"""A step that answers a call, on its way to the agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from agentcassette._comparing import Asked
    from agentcassette._recording import Recording
    from agentcassette._replaying import Replaying
    from agentcassette._taping import Taping

__all__ = ["Answer", "Copy"]


class Copy(NamedTuple):
    """Where an answered call is taped in turn, in a session that reads and writes.

    Attributes:
        recording: The tape that is written.
        taping: The call.
    """

    recording: Recording
    taping: Taping


class Answer(NamedTuple):
    """A step that answers a call.

    Attributes:
        asked: The call.
        step: The step.
        replaying: The replay that the step belongs to.
        copy: Where the call is taped in turn.
    """

    asked: Asked
    step: dict[str, Any]
    replaying: Replaying
    copy: Copy | None

    @property
    def taping(self) -> Taping | None:
        """Where the call is taped in turn."""
        return None if self.copy is None else self.copy.taping

    def deliver(self) -> bool:
        """Wait, on this thread, until the outcome may go to the agent; a stream goes at once.

        Returns:
            Whether the step answers the call. If not, nothing came of the recorded call, the
            replay has given way, and the call has to run.

        Raises:
            DivergenceError: Nothing came of the recorded call, and nobody ended this one in time.
        """
        __tracebackhide__ = True
        answers = True
        try:
            if "stream" not in self.step:
                answers = self._return()
        except BaseException as error:
            self._abandon(error)
            raise
        return self._delivered(answers=answers)

    async def deliver_in_task(self) -> bool:
        """As `deliver`, for a call that is awaited, and that may be cancelled meanwhile."""
        __tracebackhide__ = True
        answers = True
        try:
            if "stream" not in self.step:
                answers = await self._return_in_task()
        except BaseException as error:
            self._abandon(error)
            raise
        return self._delivered(answers=answers)

    def end(self) -> None:
        """Let a stream end as it ended when it was taped, in its turn among the other calls.

        Raises:
            DivergenceError: The stream was not read to its end when it was taped.
        """
        __tracebackhide__ = True
        if self._is_left() or not self._return():
            self.replaying.read_further(self.asked, self.step["index"])

    async def end_in_task(self) -> None:
        """As `end`, for a stream that is awaited."""
        __tracebackhide__ = True
        if self._is_left() or not await self._return_in_task():
            self.replaying.read_further(self.asked, self.step["index"])

    def let_go(self) -> None:
        """Take note that the agent reads a stream no further: no other call has to wait for it."""
        self.replaying.returning.let_go(self.step["index"])
        if self.copy is not None:
            self.copy.taping.stop()

    def _return(self) -> bool:
        __tracebackhide__ = True
        if self.step.get("unfinished"):
            return self.replaying.hang(self.asked, self.step["index"])
        self.replaying.returning.give_back(self.step["index"])
        return True

    async def _return_in_task(self) -> bool:
        __tracebackhide__ = True
        if self.step.get("unfinished"):
            return await self.replaying.hang_in_task(self.asked, self.step["index"])
        await self.replaying.returning.give_back_in_task(self.step["index"])
        return True

    def _is_left(self) -> bool:
        return "left" in self.step["stream"]

    def _delivered(self, *, answers: bool) -> bool:
        if answers:
            self._tape()
        if "stream" in self.step and self._is_left():
            self.replaying.returning.let_go(self.step["index"])
        return answers

    def _abandon(self, error: BaseException) -> None:
        self.replaying.returning.let_go(self.step["index"])
        if self.step.get("unfinished"):
            self._tape()
        elif self.copy is not None:
            self.copy.taping.fail(error)

    def _tape(self) -> None:
        if self.copy is not None:
            self.copy.recording.copy(self.copy.taping, self.replaying.family(self.step["index"]))
