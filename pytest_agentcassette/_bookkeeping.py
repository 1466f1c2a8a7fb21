"""What is known at the end of a run, and what is shown of it: once, where all reports arrive."""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timezone

import pytest

from pytest_agentcassette._ledger import LIVE, RECORD, Ledger, LiveCalls, Record
from pytest_agentcassette._options import mode_option

__all__ = ["LEDGER", "Bookkeeper"]

#: In the stash of pytest's config: what the tests did, also those of pytest-xdist's workers.
LEDGER = pytest.StashKey[Ledger]()


class Bookkeeper:
    """Keeps the ledger where the reports of all tests arrive, and shows it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._ledger = config.stash[LEDGER] = Ledger()
        self._lines_of_others: list[str] = []
        self._problem = ""  # of theirs

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Enter how a test went, and what it did with its cassette."""
        when, outcome = report.when, report.outcome
        if when == "call" or outcome != "passed":
            self._ledger.ended.add(report.nodeid)
        if outcome in ("failed", "skipped"):  # and not "rerun"
            self._ledger.failed.add(report.nodeid)
        if when != "teardown":
            return
        said = report.__dict__
        if RECORD in said:
            self._ledger.enter(Record.from_plain(said[RECORD]))
        if LIVE in said:
            live = [LiveCalls(*one) for one in said[LIVE]]
            self._ledger.enter_live_calls(live[0].test, live)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, error: object) -> None:
        """Take note of a worker of pytest-xdist that was lost."""
        self._ledger.lost_workers += bool(error)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str) -> None:
        """Take note of the test that a worker was running when it was lost."""
        self._ledger.lost_tests.append(crashitem)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Ask others for lines of the report, as long as a mistake of theirs can fail the run."""
        records = self._ledger.records()
        is_worker = hasattr(self._config, "workerinput")
        if not records or is_worker or not self._config.getoption("--cassette-report"):
            return
        from pytest_agentcassette._consulting import report_lines

        try:
            self._lines_of_others = report_lines(self._config, records)
        except pytest.UsageError as error:
            self._problem = str(error)
            if session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the table if it was asked for, and the summary if the run is not a quiet one."""
        records = self._ledger.records()
        stale, live_calls = self._ledger.stale, self._ledger.live_calls
        has_table = bool(self._config.getoption("--cassette-report"))
        is_quiet = self._config.getoption("verbose") < 0
        if not (records or stale or live_calls) or (is_quiet and not has_table):
            return
        from pytest_agentcassette._report import RunFacts, summary
        from pytest_agentcassette._table import table
        from pytest_agentcassette._wording import Line

        lines = []
        width = shutil.get_terminal_size().columns if terminalreporter.isatty else None
        if has_table:
            terminalreporter.write_sep("=", "cassettes")
            now = datetime.now(timezone.utc)
            lines += table(records, width=width, now=now, stale=stale, live_calls=live_calls)
            lines += [Line(text) for text in self._lines_of_others]
            lines += [Line(text, "red") for text in self._problem.splitlines()]
        if not is_quiet:
            facts = RunFacts(
                mode_option=mode_option(self._config),
                is_ci=os.environ.get("CI", "").lower() not in ("", "0", "false"),
                has_cache=hasattr(self._config, "cache"),
                has_table=has_table,
                lost_workers=self._ledger.lost_workers,
                lost_tests=tuple(self._ledger.lost_tests),
                width=width,
            )
            lines += summary(records, facts, stale=stale, live_calls=live_calls)
        for line in lines:
            terminalreporter.write_line(line.text, **({line.markup: True} if line.markup else {}))
