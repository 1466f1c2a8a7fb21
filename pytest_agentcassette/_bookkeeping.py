"""What is known at the end of a run, and what is shown of it: once, where all reports arrive."""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timezone

import pytest

from pytest_agentcassette._ledger import RECORD, Ledger, Record
from pytest_agentcassette._options import mode_option

__all__ = ["LEDGER", "Bookkeeper"]

#: In the stash of pytest's config: what the tests did, also those of pytest-xdist's workers.
LEDGER = pytest.StashKey[Ledger]()


class Bookkeeper:
    """Keeps the ledger where the reports of all tests arrive, and shows it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._ledger = config.stash[LEDGER] = Ledger()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Enter what a test did with its cassette."""
        plain = getattr(report, RECORD, None)
        if plain is not None:
            self._ledger.enter(Record.from_plain(plain))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, error: object) -> None:
        """Take note of a worker of pytest-xdist that was lost."""
        self._ledger.lost_workers += bool(error)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the table if it was asked for, and the summary if the run is not a quiet one."""
        records = self._ledger.records()
        if not records:
            return
        from pytest_agentcassette._report import RunFacts, summary, table

        lines = []
        if self._config.getoption("--cassette-report"):
            terminalreporter.write_sep("=", "cassettes")
            width = shutil.get_terminal_size().columns
            lines += table(records, width=width, now=datetime.now(timezone.utc))
        if self._config.getoption("verbose") >= 0:
            facts = RunFacts(
                mode_option=mode_option(self._config),
                is_ci=bool(os.environ.get("CI")),
                lost_workers=self._ledger.lost_workers,
                remembers=getattr(self._config, "cache", None) is not None,
            )
            lines += summary(records, facts)
        for line in lines:
            terminalreporter.write_line(line.text, **({line.markup: True} if line.markup else {}))
