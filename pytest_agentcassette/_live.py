"""The intercepted calls that belong to no session: counted and named, or refused."""

from __future__ import annotations

import re
from collections import Counter, deque
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from pytest_agentcassette._ledger import LIVE, LiveCalls
from pytest_agentcassette._run import TEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

__all__ = ["LiveWatch"]

# What pytest calls the fixtures that it makes of `setup_module`, `setUpClass` and the like.
_SET_UP = re.compile(r"_?(?:xunit|unittest)_(\w+?)_fixture_.*")


_REASON = (
    "make it where a cassette is open, in a test marked with @pytest.mark.cassette or in a fixture"
    " of function scope; or put something in place of what is called, or allow live calls with"
    " --cassette-live=allow"
)


class _Call(NamedTuple):
    """A call, as far as it is counted together with others."""

    name: str
    kind: str
    fixture: str | None


class LiveWatch:
    """Watches the live calls of all tests, until the run is over.

    Args:
        config: The configuration of the run.
        item: The test that runs already, if one does.
        blocks: Whether the calls are refused.
    """

    def __init__(self, config: pytest.Config, item: pytest.Item | None, *, blocks: bool) -> None:
        from agentcassette import watch_live_calls

        self._blocks = blocks
        self._item = item
        self._calls: Counter[_Call] = Counter()  # of all attempts at the test
        self._fixture: str | None = None  # of a wider scope than the test, which is set up now
        self._latest: deque[_Call] = deque()  # those that a fixture may turn out to have made
        self._report: pytest.TestReport | None = None  # of the test's teardown, once that is over
        watching = ExitStack()
        watching.enter_context(watch_live_calls(self._told))
        config.add_cleanup(watching.close)

    def begin(self, item: pytest.Item) -> None:
        """Know which test makes the calls from now on, reruns among it."""
        self._item, self._fixture, self._report = item, None, None
        self._calls.clear()
        self._latest.clear()

    def end(self) -> None:
        """Know that the test, and all attempts at it, are over."""
        self._item = self._report = None

    @contextmanager
    def setting_up(self, fixture: str) -> Iterator[None]:
        """Know that a fixture of a wider scope makes the calls in this block."""
        before, self._fixture = self._fixture, _shown(fixture)
        try:
            yield
        finally:
            self._fixture = before

    @property
    def has_news(self) -> bool:
        """Whether there are calls that a fixture may turn out to have made."""
        return bool(self._latest)

    def tore_down(self, fixture: str, scope: str) -> None:
        """Know which fixture has made the calls since the one before was gone."""
        self._settle(None if scope == "function" else _shown(fixture))

    def take(self, report: pytest.TestReport) -> None:
        """Put the calls of all attempts into the report of the test's teardown.

        Those that others make while they make that report are put there when they come.
        """
        self._report = report if report.when == "teardown" else None
        if self._latest or self._calls:
            self._tell()

    def _told(self, name: str, kind: str) -> bool:
        """Count a call, or refuse it; a run of pytest around this one is not told of it."""
        __tracebackhide__ = True
        if self._item is None:  # a test of the run around this one is what makes it, if any
            return False
        if self._blocks:
            raise self._refused(self._item, name, kind)
        self._latest.append(_Call(name, kind, self._fixture))
        if self._report is not None:
            self._tell()
        return True

    def _tell(self) -> None:
        """Count the calls so far, and put them into the report, if there is one yet."""
        self._settle(None)
        if self._calls and self._report is not None and self._item is not None:
            test = self._item.stash.get(TEST, self._item.nodeid)
            self._report.__dict__[LIVE] = [
                [*LiveCalls(test, name, kind, count, fixture)]  # plain, for pytest-xdist
                for (name, kind, fixture), count in self._calls.items()
            ]

    def _settle(self, fixture: str | None) -> None:
        """Count the latest calls: those of no fixture yet are of this one."""
        while self._latest:  # threads may add to them
            call = self._latest.popleft()
            self._calls[call._replace(fixture=call.fixture or fixture)] += 1

    def _refused(self, item: pytest.Item, name: str, kind: str) -> Exception:
        """The error that a call gets; its test fails for it, also if nothing notices."""
        from agentcassette import LiveCallBlocked
        from pytest_agentcassette._callsite import call_site
        from pytest_agentcassette._refusals import refusals_of

        lines = [
            f"live call blocked: {name} ({kind})",
            call_site(item.config.rootpath),
            f"test: {item.stash.get(TEST, item.nodeid)}",
        ]
        if self._fixture is not None:
            lines.append(f"fixture: {self._fixture}, of a wider scope than the test's cassette")
        error = LiveCallBlocked(name, _REASON, explanation="\n  ".join([*lines, _REASON]))
        refusals_of(item).note(error)
        return error


def _shown(fixture: str) -> str:
    """The name of a fixture as its author knows it."""
    found = _SET_UP.fullmatch(fixture)
    return fixture if found is None else found[1]
