"""The end of a run: what is done about stale cassettes, and what is said of them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from pytest_agentcassette._bookkeeping import LEDGER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_agentcassette._ledger import Ledger, Stale
    from pytest_agentcassette._stocktaking import Stock
    from pytest_agentcassette._survey import Survey
    from pytest_agentcassette._watching import Watcher

__all__ = ["Closer"]

_JUDGED = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.INTERRUPTED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)

_UNFINISHED = "the collection did not come to its end"

_LISTED = 3  # reasons in one line


class Closer:
    """Closes a run, where the reports of all tests have arrived.

    Args:
        config: The configuration of the run.
        watcher: What knows the run as a whole.
    """

    def __init__(self, config: pytest.Config, watcher: Watcher) -> None:
        self._config = config
        self._watcher = watcher
        self._notes: list[tuple[str, str]] = []  # each with its colour
        self._remarks: list[tuple[str, str]] = []  # not for a quiet run

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Judge the cassettes, and let the run fail for them if that is what somebody wants."""
        policy, ledger = self._watcher.policy, self._config.stash[LEDGER]
        if not self._watcher.has_run or exitstatus not in _JUDGED:
            return
        if policy.action == "ignore" and not policy.prune:
            return
        survey = self._watcher.survey()
        claims = survey is not None and survey.claims
        if not (policy.is_asked or ledger.records() or claims):
            return
        stock = self._take_stock(survey, ledger)
        stale = stock.stale
        doubts = stock.doubts if policy.is_asked else stock.suspicions
        if doubts:
            self._remarks.append((f"stale cassettes not judged: {_joined(doubts)}", "yellow"))
        if policy.prune:
            stale = self._prune(stock, exitstatus)
        if policy.action == "ignore":
            return
        ledger.stale = stale
        if policy.action == "fail" and stale and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            paths = [*dict.fromkeys(one.path for one in stale)]
            what = "a stale cassette" if len(paths) == 1 else f"{len(paths)} stale cassettes"
            self._notes.append((f"the run failed for {what}: {_joined(paths)}", "red"))

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was found and done."""
        lines = [*self._notes]
        if self._config.getoption("verbose") >= 0:
            lines = [*self._remarks, *lines]
        for text, color in lines:
            terminalreporter.write_line(text, **({color: True} if color else {}))

    def _take_stock(self, survey: Survey | None, ledger: Ledger) -> Stock:
        from pytest_agentcassette._coverage import read_scope
        from pytest_agentcassette._settings import read_cassette_dir
        from pytest_agentcassette._stocktaking import Facts, take_stock
        from pytest_agentcassette._survey import Survey

        return take_stock(
            Facts(
                scope=read_scope(self._config),
                cassette_dir=read_cassette_dir(self._config),
                survey=survey or Survey(obstacle=_UNFINISHED),
                records=ledger.records(),
                passed=frozenset(ledger.passed),
                ended=frozenset(ledger.ended),
                lost_workers=self._watcher.lost_workers,
            ),
            max_age=self._watcher.policy.max_age,
            now=datetime.now(timezone.utc),
            prune=self._watcher.policy.prune,
        )

    def _prune(self, stock: Stock, exitstatus: int) -> list[Stale]:
        """Delete what is unclaimed, if the run allows it; gives what is stale after that."""
        from pytest_agentcassette._stocktaking import delete

        unclaimed = [one for one in stock.stale if one.kind == "unclaimed"]
        reason = stock.gap
        if self._watcher.lost_workers:
            reason = "a worker was lost"
        if exitstatus != pytest.ExitCode.OK:
            reason = "the run was not green"
        if reason or not unclaimed:
            what = reason or "none is known to be unclaimed"
            self._remarks.append((f"no cassette deleted: {what}", "yellow" if reason else ""))
            return stock.stale
        left = []
        for stale, problem in delete(unclaimed, self._config.rootpath):
            if problem:
                left.append(stale)
                self._notes.append((f"can't delete {stale.path}: {problem}", "red"))
            else:
                self._notes.append((f"deleted {stale.path}: {stale.detail}", ""))
        return [one for one in stock.stale if one in left or one.kind != "unclaimed"]


def _joined(texts: Sequence[str]) -> str:
    more = len(texts) - _LISTED
    return "; ".join([*texts[:_LISTED], *([f"and {more} more"] if more > 0 else [])])
