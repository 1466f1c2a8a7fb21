"""What happens around each test that uses a cassette, in pytest's hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_agentcassette._neighbours import is_shadowed
from pytest_agentcassette._options import blocks_live_calls
from pytest_agentcassette._refusals import REFUSALS, enforce
from pytest_agentcassette._run import RUN

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_agentcassette._lifecycle import Attempt

__all__ = [
    "ATTEMPT",
    "Runner",
    "asks_for_cassette",
    "is_marked",
    "make_sure_of_session",
]

#: In the stash of a test that uses a cassette: the attempt at it that is under way.
ATTEMPT: pytest.StashKey[Attempt] = pytest.StashKey()


def is_marked(item: pytest.Item) -> bool:
    """Whether a test, its class or its module has a marker of ours."""
    node: Any = item
    while node is not None:  # every test of every run is asked, and pytest's own way takes longer
        for mark in node.own_markers:
            if mark.name == "cassette":
                return True
        node = node.parent
    return False


def asks_for_cassette(item: pytest.Function) -> bool:
    """Whether a test has our fixture, as far as that can be known before it runs."""
    return "cassette" in item.fixturenames and not is_shadowed(item)


def make_sure_of_session(item: pytest.Item) -> None:
    """Open the session of a test with a marker, if its set-up has not; it never runs without."""
    __tracebackhide__ = True
    if ATTEMPT in item.stash:
        attempt = item.stash[ATTEMPT]
        if attempt.is_marked:
            attempt.open(item)


class Runner:
    """What happens around each test, from the first one on that may make intercepted calls.

    Args:
        config: The configuration of the run.
        item: The test that runs already, if one does.
    """

    def __init__(self, config: pytest.Config, item: pytest.Item | None) -> None:
        from pytest_agentcassette._live import LiveWatch

        blocks = blocks_live_calls(config)
        self._live_watch = LiveWatch(config, item, blocks=blocks)
        if blocks:
            enforce(config)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Watch the live calls of a test, of all attempts at it."""
        self._live_watch.begin(item)
        try:
            return (yield)
        finally:
            self._live_watch.end()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Open the session ahead of the test's other fixtures; run wider ones outside of it."""
        __tracebackhide__ = True
        if request.scope == "function":
            try:
                _open_ahead(fixturedef, request)
            except BaseException:
                # Else pytest 9.2 takes the fixture for one that need not be torn down.
                fixturedef.cached_result = (None, None, None)
                raise
            return (yield)
        with self._live_watch.setting_up(fixturedef.argname):
            run = request.config.stash.get(RUN, None)
            if run is None:
                return (yield)
            with run.paused():
                return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[object]) -> None:
        """Tell apart whose live calls those of the teardown are."""
        if self._live_watch.has_news:
            self._live_watch.tore_down(fixturedef.argname, fixturedef.scope)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Tell the attempt how each phase of it went, and the report of live calls."""
        report = yield
        self._live_watch.take(report)
        if REFUSALS in item.stash:
            item.stash[REFUSALS].take(report, call.excinfo)
            if report.when == "teardown":
                del item.stash[REFUSALS]
        if ATTEMPT in item.stash:
            item.stash[ATTEMPT].take(report, call.excinfo)
            if report.when == "teardown":
                del item.stash[ATTEMPT]
        return report


def _open_ahead(fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest) -> None:
    """Open the session of a test before a fixture of its own is set up.

    A test without a marker gets whatever it knows as the fixture `cassette`, which may be one of
    the user's own. So does another one where a fixture may ask for ours when it is torn down: by
    then pytest gives nothing that was not there before. The fixtures of pytest never do.
    """
    __tracebackhide__ = True
    item = request.node
    attempt = item.stash.get(ATTEMPT, None)
    if attempt is None or attempt.is_requested:
        return
    if attempt.is_marked:
        attempt.open(item)
        giver = str(getattr(fixturedef.func, "__module__", ""))
        if giver.startswith("_pytest.") or is_shadowed(item):
            return
    attempt.is_requested = True
    if request.fixturename != "cassette":
        request.getfixturevalue("cassette")
