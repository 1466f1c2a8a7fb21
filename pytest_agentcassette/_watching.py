"""What pytest's hooks tell of a run as a whole: what was collected, what was not, what passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_agentcassette._policy import read_policy
from pytest_agentcassette._run import RUN

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path

    from pytest_agentcassette._survey import Survey

__all__ = ["WATCHER", "Watcher"]

#: In the stash of pytest's config: who watches this run.
WATCHER: pytest.StashKey[Watcher] = pytest.StashKey()


class Watcher:
    """Watches a run, in a worker of pytest-xdist as well as in its controller.

    Args:
        config: The configuration of the run.

    Raises:
        pytest.UsageError: The ini file says about stale cassettes what can't be.

    Attributes:
        policy: What is to be done about stale cassettes.
        has_run: Whether this is a run of tests, and not `--fixtures` or the like.
        lost_workers: How many workers of pytest-xdist were lost.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.policy = read_policy(config)
        self.has_run = False
        self.lost_workers = 0
        self._config = config
        self._surveys: list[Survey] = []  # of workers
        self._collected: dict[str, pytest.Item] = {}
        self._has_collected = False
        self._collectors: dict[str, str] = {}
        self._ignored: list[Path] = []
        self._obstacle = ""

    def collected(self, items: Iterable[tuple[pytest.Item, str]]) -> None:
        """Take note of all tests, each with its id, before some of them are deselected."""
        self._collected.update((test, item) for item, test in items)
        self._has_collected = True
        if self._config.getoption("lf", default=False):
            cache = getattr(self._config, "cache", None)
            if cache is not None and cache.get("cache/lastfailed", {}):
                self._obstacle = "--lf skips tests that it does not collect"

    def survey(self) -> Survey | None:
        """What is known of the collection; None where it has not come to its end."""
        from pytest_agentcassette._survey import merged

        surveys = [*self._surveys]
        if self._has_collected:
            surveys.append(self._own_survey())
        return merged(surveys) if surveys else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Take note that tests are to run."""
        self.has_run = not self._config.getoption("collectonly")

    @pytest.hookimpl(wrapper=True)
    def pytest_ignore_collect(
        self, collection_path: Path
    ) -> Generator[None, bool | None, bool | None]:
        """Take note of a file or a folder that is left out."""
        is_ignored = yield
        if is_ignored and collection_path.name != "__pycache__":
            self._ignored.append(collection_path)
        return is_ignored

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take note of what was collected, before anybody may drop it, and what was wrong."""
        for node in report.result:
            if isinstance(node, pytest.Item):
                self._collected[node.nodeid] = node
        file = report.nodeid.partition("::")[0]
        if not report.passed:
            wrong = "could not be collected" if report.failed else "was skipped as a whole"
            self._collectors[file] = wrong
        else:
            self._collectors.setdefault(file, "")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object, error: object) -> None:
        """Take in what a worker of pytest-xdist knows, or that it was lost."""
        from pytest_agentcassette._survey import SURVEY, Survey

        output = getattr(node, "workeroutput", None)
        if error or output is None:
            self.lost_workers += 1
        elif SURVEY in output:
            self._surveys.append(Survey.from_plain(output[SURVEY]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Tell the controller of pytest-xdist what this worker knows, if somebody needs it."""
        output = getattr(self._config, "workeroutput", None)
        if output is None or not self._has_collected:
            return
        if self.policy.is_asked or RUN in self._config.stash:
            from pytest_agentcassette._survey import SURVEY

            output[SURVEY] = self._own_survey().to_plain()

    def _own_survey(self) -> Survey:
        from pytest_agentcassette._location import shown
        from pytest_agentcassette._survey import Survey

        run = self._config.stash.get(RUN, None)
        root = self._config.rootpath
        claims = {} if run is None else run.claims
        return Survey(
            tests=tuple(self._collected),
            empty=tuple(test for test, item in self._collected.items() if _has_no_case(item)),
            claims={test: shown(path, root) for test, path in claims.items()},
            collectors=self._collectors,
            ignored=tuple(shown(path, root) for path in self._ignored),
            obstacle=self._obstacle,
        )


def _has_no_case(item: pytest.Item) -> bool:
    """Whether a test stands for a parametrization without a single case."""
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return False
    return any(type(value).__name__ == "NotSetType" for value in callspec.params.values())
