"""The tests that drifted in the last run: remembered in pytest's cache, and run alone on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_agentcassette._run import TEST

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from collections.abc import Set as AbstractSet

    from pytest_agentcassette._ledger import Ledger, Record
    from pytest_agentcassette._watching import Watcher

__all__ = ["remember", "remembered", "still_drifted"]

#: Where pytest's cache has the ids of the tests, and under which name the controller and the
#: workers of pytest-xdist tell each other of them.
KEY = "agentcassette/drifted"

#: The outcomes that prove that a cassette fits its test. A test that failed may still drift, also
#: where it was replayed: it may not have come so far.
_FITTING = ("replayed", "recorded", "updated", "unchanged", "verified")

_NAMED = 10


def still_drifted(
    before: AbstractSet[str],
    records: Iterable[Record],
    *,
    passed: AbstractSet[str],
    gone: AbstractSet[str],
) -> set[str]:
    """Tell which tests are to be remembered after a run.

    Args:
        before: The ids of the tests that were remembered before it.
        records: What the tests of the run did with their cassettes.
        passed: The tests that passed, with or without a cassette.
        gone: The tests that no longer exist.

    Returns:
        The tests that drifted, and those of before that the run says nothing of.
    """
    outcomes = {record.test: record.outcome for record in records}
    fit = {
        test
        for test, outcome in outcomes.items()
        if outcome in _FITTING and (outcome != "replayed" or test in passed)
    }
    fit |= passed - outcomes.keys()  # it uses no cassette any more, or makes no call
    drifted = {test for test, outcome in outcomes.items() if outcome == "drifted"}
    return (set(before) - gone - fit) | drifted


class DriftMemory:
    """Remembers from one run to the next which tests drifted.

    Args:
        config: The configuration of the run, with a cache.
        watcher: What knows the run as a whole.
    """

    def __init__(self, config: pytest.Config, watcher: Watcher) -> None:
        self._config = config
        self._watcher = watcher
        self._only = bool(config.getoption("--cassette-drifted"))
        self._before = frozenset(remembered(config))
        self._gone: set[str] = set()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist: the cache may change while another one starts."""
        node.workerinput[KEY] = sorted(self._before)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        """Deselect the tests that did not drift."""
        yield
        if self._only:
            kept: list[pytest.Item] = []
            others: list[pytest.Item] = []
            for item in items:
                drifted = item.stash.get(TEST, item.nodeid) in self._before
                (kept if drifted else others).append(item)
            if others:
                items[:] = kept
                config.hook.pytest_deselected(items=others)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Take over what a worker of pytest-xdist found out when it collected."""
        self._gone.update(getattr(node, "workeroutput", {}).get(KEY, ()))

    def pytest_sessionfinish(self) -> None:
        """Remember what drifted; a worker leaves that to the controller."""
        self._gone |= self._not_collected()
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[KEY] = sorted(self._gone)
            return
        root = self._config.rootpath
        gone = self._gone | {one for one in self._before if not (root / _module(one)).exists()}
        from pytest_agentcassette._choices import plain

        ledger = self._ledger()
        passed = {plain(one, self._before) for one in ledger.passed}
        after = still_drifted(self._before, ledger.records(), passed=passed, gone=gone)
        if after != self._before:
            self._config.cache.set(KEY, sorted(after))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say why a run of the drifted tests ran none."""
        if not self._only or self._ledger().ended:
            return
        if not self._before:
            terminalreporter.write_line("cassettes: no test drifted in the last run")
        elif not self._config.getoption("collectonly"):
            drifted = sorted(self._before)
            text = "cassettes: no test was selected of those that drifted in the last run:"
            for line in (text, *[f"  {one}" for one in drifted[:_NAMED]]):
                terminalreporter.write_line(line)
            if drifted[_NAMED:]:
                terminalreporter.write_line(f"  and {len(drifted) - _NAMED} more")

    def _ledger(self) -> Ledger:
        from pytest_agentcassette._bookkeeping import LEDGER

        return self._config.stash[LEDGER]

    def _not_collected(self) -> set[str]:
        """The tests of before that are not in their module any more, which was collected whole."""
        survey = self._watcher.survey() if self._before else None
        if survey is None or survey.obstacle:
            return set()
        from pytest_agentcassette._coverage import modules, read_scope

        whole = modules(survey, read_scope(self._config))
        return {
            one for one in self._before.difference(survey.tests) if whole.get(_module(one)) == ""
        }


def remember(config: pytest.Config, watcher: Watcher) -> None:
    """Let a run remember which tests drifted.

    Args:
        config: The configuration of the run.
        watcher: What knows the run as a whole.

    Raises:
        pytest.UsageError: It is asked for those of the last run, and has no cache.
    """
    if getattr(config, "cache", None) is not None:
        config.pluginmanager.register(DriftMemory(config, watcher), "agentcassette-drifted")
    elif config.getoption("--cassette-drifted"):
        raise pytest.UsageError(
            "--cassette-drifted runs the tests that pytest's cache remembers, and this run has no"
            " cache: leave out -p no:cacheprovider"
        )


def remembered(config: pytest.Config) -> list[str]:
    """The ids of the tests that drifted in the last run, as far as it is remembered."""
    if hasattr(config, "workerinput"):
        kept = config.workerinput.get(KEY)
    else:
        cache = getattr(config, "cache", None)  # -p no:cacheprovider leaves it out
        kept = None if cache is None else cache.get(KEY, None)
    return [test for test in kept if isinstance(test, str)] if isinstance(kept, list) else []


def _module(test: str) -> str:
    return test.partition("::")[0]
