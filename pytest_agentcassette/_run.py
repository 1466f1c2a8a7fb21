"""What the plugin keeps in mind while pytest runs."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agentcassette import Player, Recorder, Session
    from pytest_agentcassette._network import NetworkGuard
    from pytest_agentcassette._settings import RunSettings

__all__ = ["RUN", "TEST", "Run"]


class Run:
    """One run of pytest, or what one worker of pytest-xdist does of it.

    Attributes:
        settings: What the command line and the ini file say.
        owners: The test that each cassette belongs to, by the key of its path.
        collected: The ids of the collected tests, deselected ones among them.
        claims: The file of the cassette of each test that is known to use one.
        session: The session of the test that is running.
        network: What refuses the connections of that test, if they are refused.
        begun: The ids of the tests that were begun so far.
        pending_folder: Where what failed tests have paid for is kept; None for nowhere.
        wants_report: Whether a report of the run is asked for, in any form.
        wants_file: Whether one is asked for that has the room for everything.
    """

    def __init__(
        self,
        settings: RunSettings,
        *,
        pending_folder: Path | None,
        wants_report: bool,
        wants_file: bool,
    ) -> None:
        self.settings = settings
        self.owners: dict[str, str] = {}
        self.collected: frozenset[str] = frozenset()
        self.claims: dict[str, str] = {}
        self.session: Session[Recorder | Player] | None = None
        self.network: NetworkGuard | None = None
        self.begun: set[str] = set()
        self.pending_folder = pending_folder
        self.wants_report = wants_report
        self.wants_file = wants_file

    def begins_again(self, test: str) -> bool:
        """Take note that a test begins, and tell whether it is a rerun in this run."""
        again = test in self.begun
        self.begun.add(test)
        return again

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let a block run outside of the session that is open, if one is, and of its guard.

        It is a failure if the block leaves a session of its own open.
        """
        __tracebackhide__ = True
        pause = ExitStack()
        if self.session is not None:
            pause.enter_context(self.session.paused())
        if self.network is not None:
            pause.enter_context(self.network.paused())
        try:
            yield
        except BaseException:
            with suppress(RuntimeError):  # which is not what went wrong first
                pause.close()
            raise
        try:
            pause.close()
        except RuntimeError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None


#: In the stash of pytest's config: this run, from the first test on that uses a cassette.
RUN: pytest.StashKey[Run] = pytest.StashKey()

#: In the stash of a test: its id when it was collected; other plugins may change it.
TEST: pytest.StashKey[str] = pytest.StashKey()
