"""A step that answers a call, on its way to the agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

if TYPE_CHECKING:
    from agentcassette._asked import Asked
    from agentcassette._recording import Recording
    from agentcassette._replaying import Replaying
    from agentcassette._taping import Taping

__all__ = ["Answer", "Copy"]

_FURTHER = "the stream is read further than recorded"


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
                answers = self._return(self.step)
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
                answers = await self._return_in_task(self.step)
        except BaseException as error:
            self._abandon(error)
            raise
        return self._delivered(answers=answers)

    def end(self, fields: dict[str, Any]) -> None:
        """Let a stream end as it ended when it was taped, in its turn among the other calls.

        Args:
            fields: The step, or the use of its stream that gave another stream.

        Raises:
            DivergenceError: The stream was not read to its end when it was taped.
        """
        __tracebackhide__ = True
        if "left" in fields["stream"] or not self._return(fields):
            self.replaying.stray(self.asked, self.step["index"], _FURTHER)

    async def end_in_task(self, fields: dict[str, Any]) -> None:
        """As `end`, for a stream that is awaited."""
        __tracebackhide__ = True
        if "left" in fields["stream"] or not await self._return_in_task(fields):
            self.replaying.stray(self.asked, self.step["index"], _FURTHER)

    def end_use(self, use: dict[str, Any]) -> None:
        """Let a use of the stream end as it ended when it was taped, without a turn of its own.

        Raises:
            DivergenceError: Nothing came of it when it was taped, and nobody ended it in time.
        """
        __tracebackhide__ = True
        if use.get("unfinished"):
            self._return(use)

    async def end_use_in_task(self, use: dict[str, Any]) -> None:
        """As `end_use`, for one that is awaited."""
        __tracebackhide__ = True
        if use.get("unfinished"):
            await self._return_in_task(use)

    def stray(self, reason: str) -> NoReturn:
        """Say that a stream is used in a way in which it was not used when it was taped.

        Raises:
            DivergenceError: Always, for there is nothing to answer with.
        """
        __tracebackhide__ = True
        index = self.step["index"]
        self.replaying.stray(self.asked, index, reason)
        raise self.replaying.divergence(self.asked, index, reason)

    def let_go(self) -> None:
        """Take note that the agent reads a stream no further: no other call has to wait for it."""
        self.replaying.returning.let_go(self.step["index"])
        if self.copy is not None:
            self.copy.taping.stop()

    def _return(self, fields: dict[str, Any]) -> bool:
        __tracebackhide__ = True
        if fields.get("unfinished"):
            return self.replaying.hang(self.asked, self.step["index"])
        if fields is self.step:
            self.replaying.returning.give_back(self.step["index"])
        return True

    async def _return_in_task(self, fields: dict[str, Any]) -> bool:
        __tracebackhide__ = True
        if fields.get("unfinished"):
            return await self.replaying.hang_in_task(self.asked, self.step["index"])
        if fields is self.step:
            await self.replaying.returning.give_back_in_task(self.step["index"])
        return True

    def _delivered(self, *, answers: bool) -> bool:
        if answers:
            self._tape()
        if "left" in self.step.get("stream", ()):
            self.replaying.returning.let_go(self.step["index"])
        return answers

    def _abandon(self, error: BaseException) -> None:
        self.replaying.returning.let_go(self.step["index"])
        if self.step.get("unfinished"):
            self._tape()
        elif self.copy is not None:
            self.copy.taping.outcome.fail(error)

    def _tape(self) -> None:
        if self.copy is not None:
            self.copy.recording.copy(self.copy.taping, self.replaying.family(self.step["index"]))
