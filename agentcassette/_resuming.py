"""What a manager gave, and the tape answers for, once more than is on tape is asked of it.

Where the mode lets the rest of a run be live, the original is made, entered, and asked; from then
on it answers for itself, and what it is asked is taped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from agentcassette._loops import let_others_go_first
from agentcassette._streams import tape
from agentcassette._taped import Taped

if TYPE_CHECKING:
    from agentcassette._answer import Answer

__all__ = ["Resumption"]


class Resumption:
    """The original behind a played object, as soon as it is needed.

    Args:
        answer: The step that has answered the call so far.
        run: Makes the original call.

    Attributes:
        driver: What drives the original, once it was needed; else None.
    """

    def __init__(self, answer: Answer, run: Callable[[], Any]) -> None:
        self._answer = answer
        self._run = run
        self._manager: Any = None
        self.driver: Taped | None = None

    def is_allowed(self) -> bool:
        """Whether the original may run; from now on every other call does."""
        return self._answer.taping is not None and self._answer.replaying.gives_way()

    def attribute(self, name: str) -> Any:
        """What an attribute of the original is."""
        if self.driver is None:
            self._manager = self._run()
            self._drive(self._manager.__enter__())
        return self._driven(name)

    async def call_in_task(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a method of the original gives, where that is entered in a task."""
        while self.driver is None:
            if self._manager is None:
                await self._enter_in_task()
            else:  # another task is about to enter it
                await let_others_go_first()
        return await self._driven(name)(*args, **kwargs)

    async def _enter_in_task(self) -> None:
        self._manager = self._run()
        try:
            self._drive(await self._manager.__aenter__())
        except BaseException:
            self._manager = None
            raise

    def leave(self, *raised: Any) -> Any:
        """Leave the original, if it was entered."""
        return None if self.driver is None else self._manager.__exit__(*raised)

    async def leave_in_task(self, *raised: Any) -> Any:
        """As `leave`, for one that was entered in a task."""
        return None if self.driver is None else await self._manager.__aexit__(*raised)

    def _drive(self, given: Any) -> None:
        taping: Any = self._answer.taping
        taping.resume()
        self.driver = Taped(taping, taping.outcome, given, tape)

    def _driven(self, name: str) -> Any:
        driver: Any = self.driver
        return driver.attribute(name)
