"""What is done around the session of a test: callables are wrapped, connections refused."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from agentcassette import Player, intercepting

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import pytest

    from agentcassette import Recorder
    from pytest_agentcassette._planning import Plan
    from pytest_agentcassette._run import Run

__all__ = ["Surroundings"]


class Surroundings:
    """What is entered for the time of a session; most need nothing.

    Args:
        item: The test.
        plan: What is settled about it.
        run: This run of pytest.
    """

    def __init__(self, item: pytest.Function, plan: Plan, run: Run) -> None:
        self._item = item
        self._plan = plan
        self._run = run
        self._entered: ExitStack | None = None

    def intercept(self) -> None:
        """Wrap what is to be intercepted where it stands.

        Raises:
            TargetNotFound: Something of it is not there.
        """
        __tracebackhide__ = True
        if self._plan.settings.intercept:
            self._enter(intercepting(*self._plan.settings.intercept))

    def guard(self, face: Recorder | Player, *, remedy: str) -> None:
        """Refuse the connections of a replay, if they are to be refused.

        Args:
            face: The recorder or player of the session.
            remedy: The command that records the test again.
        """
        if not self._plan.settings.block_network or not isinstance(face, Player):
            return
        from pytest_agentcassette._guards import network_guard

        guard = network_guard(self._item, test=self._plan.test, remedy=remedy)
        self._enter(guard).callback(setattr, self._run, "network", None)
        self._run.network = guard

    def leave(self) -> None:
        """Leave what was entered, if anything was."""
        if self._entered is not None:
            self._entered.close()

    def _enter(self, context: AbstractContextManager[object]) -> ExitStack:
        if self._entered is None:
            self._entered = ExitStack()
        self._entered.enter_context(context)
        return self._entered
