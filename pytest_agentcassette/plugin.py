"""Everything that pytest sees: options, marker, fixture and hooks.

pytest loads this module in every run of every project, so it imports nothing of the core: what
needs it is imported by the hook that meets the first test with a cassette.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from pytest_agentcassette import hooks
from pytest_agentcassette._around import (
    ATTEMPT,
    Runner,
    asks_for_cassette,
    is_marked,
    make_sure_of_session,
)
from pytest_agentcassette._drifted import remembered
from pytest_agentcassette._neighbours import FIXTURE, has_cassetter, offer_option
from pytest_agentcassette._options import (
    OPTION_IS_OURS,
    RECORD_MODE,
    add_options,
    asks_for_books,
    blocks_live_calls,
    wants_file,
)
from pytest_agentcassette._refusals import REFUSALS, unnoticed
from pytest_agentcassette._run import TEST
from pytest_agentcassette._watching import WATCHER, Watcher

if TYPE_CHECKING:
    from collections.abc import Generator

    from agentcassette import AgentCassetteError, Player, Recorder

#: The name of the plugin that keeps the books of the run, once there is anything to enter.
_BOOKKEEPER = "agentcassette-bookkeeper"

#: In the stash of pytest's config: what is around the tests, once there can be intercepted calls.
_RUNNER = pytest.StashKey[Runner]()

_MARKER = (
    "cassette(path=None, *, record_mode=None, strict=None, redact=None, ignore=None, live=None,"
    " intercept=None, block_network=None, model=None): record the intercepted calls of the test,"
    " and replay them from then on."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options, but for `--record-mode`, which others may have."""
    add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the hooks that others may implement."""
    pluginmanager.add_hookspecs(hooks)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser
) -> Generator[None, None, None]:
    """Add `--record-mode` when all plugins and conftests had their chance to."""
    try:
        return (yield)
    finally:
        early_config.stash[OPTION_IS_OURS] = offer_option(parser, **RECORD_MODE)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, the fixture, and what watches the collection."""
    config.addinivalue_line("markers", _MARKER)
    fixture = _FixtureBesideCassetter() if has_cassetter(config) else _Fixture()
    config.pluginmanager.register(fixture, FIXTURE)  # after all plugins, whose fixtures it hides
    blocks_live_calls(config)  # which raises for a mistake in the ini file
    watcher = config.stash[WATCHER] = Watcher(config)
    config.pluginmanager.register(watcher, "agentcassette-watcher")
    if asks_for_books(config) or remembered(config):
        _keep_books(config)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Keep the books where tests run in other processes, and all that comes here are reports."""
    manager = session.config.pluginmanager
    if manager.has_plugin("dsession") or manager.has_plugin("pytest_forked"):
        _keep_books(session.config)


def _keep_books(config: pytest.Config) -> None:
    """Keep the books of the run from now on; one that uses no cassette does not pay for it."""
    manager = config.pluginmanager
    if manager.has_plugin(_BOOKKEEPER):
        return
    from pytest_agentcassette._bookkeeping import LEDGER, Bookkeeper
    from pytest_agentcassette._closing import Closer
    from pytest_agentcassette._drifted import remember

    manager.register(Bookkeeper(config), _BOOKKEEPER)
    remember(config, config.stash[WATCHER])
    if hasattr(config, "workerinput"):
        return
    if wants_file(config):
        from pytest_agentcassette._publishing import Publisher, files_asked_for

        publisher = Publisher(config, config.stash[LEDGER], files_asked_for(config))
        manager.register(publisher, "agentcassette-publisher")
    manager.register(Closer(config, config.stash[WATCHER]), "agentcassette-closer")


def _accompany(config: pytest.Config, item: pytest.Item | None = None) -> None:
    """Do from now on what is to be done around tests that make intercepted calls.

    The hooks for that come after those of all conftests, and before none that asks to be first.

    Args:
        config: The configuration of the run.
        item: The test that runs already, if one does.
    """
    if _RUNNER not in config.stash:
        _keep_books(config)
        runner = config.stash[_RUNNER] = Runner(config, item)
        config.pluginmanager.register(runner, "agentcassette-runner")


def _begin(item: pytest.Function, *, is_marked: bool) -> None:
    """Begin an attempt at a test that uses a cassette."""
    __tracebackhide__ = True
    from pytest_agentcassette._lifecycle import begin

    _accompany(item.config, item)
    item.stash[ATTEMPT] = begin(item, is_marked=is_marked)


class _Fixture:
    """The fixture, as it is in nearly every run."""

    @pytest.fixture
    def cassette(self, request: pytest.FixtureRequest) -> Recorder | Player:
        """The recorder or player of the test: what its agent has done so far."""
        __tracebackhide__ = True
        return _opened(request)


class _FixtureBesideCassetter:
    """The fixture where cassetter brings one of this name into every test."""

    @pytest.fixture
    def cassette(self, request: pytest.FixtureRequest, cassette: object) -> object:
        """The recorder or player of a test with our marker; else what cassetter gives."""
        __tracebackhide__ = True
        return _opened(request) if is_marked(request.node) else cassette


def _opened(request: pytest.FixtureRequest) -> Recorder | Player:
    """The recorder or player of a test; its session is opened now if it is not open yet."""
    __tracebackhide__ = True
    item = request.node
    if not isinstance(item, pytest.Function):
        reason = f"{item.nodeid}: only a test that is a function or a method can have a cassette"
        raise pytest.fail.Exception(reason, pytrace=False)
    if ATTEMPT not in item.stash:  # nobody knew that it would ask for one
        _begin(item, is_marked=is_marked(item))
    return item.stash[ATTEMPT].open(request)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Settle which test has which cassette, for all tests, before some of them are deselected."""
    collected = [(item, item.nodeid) for item in items]  # pytest-xdist puts marks behind the ids
    for item, test in collected:
        item.stash[TEST] = test
    config.stash[WATCHER].collected(collected)
    yield
    tests = [
        (item, test)
        for item, test in collected
        if isinstance(item, pytest.Function) and (is_marked(item) or asks_for_cassette(item))
    ]
    if tests:
        from pytest_agentcassette._planning import plan_all

        try:
            plan_all(tests, [test for _, test in collected])
        except pytest.UsageError as error:
            if not hasattr(config, "workerinput"):
                raise
            # A worker of pytest-xdist can tell of no usage error, but of one of its collection.
            items.clear()
            report = pytest.CollectReport("cassettes", "failed", str(error), None)
            config.hook.pytest_collectreport(report=report)
    if tests or "agentcassette" in sys.modules or blocks_live_calls(config):
        _accompany(config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin an attempt at a test that uses a cassette; its session is opened where it is due.

    A marker may have been added only now, and the core may have been imported by the test before.
    """
    __tracebackhide__ = True
    if "agentcassette" in sys.modules:
        _accompany(item.config, item)
    if not isinstance(item, pytest.Function) or getattr(item.config.option, "setupplan", False):
        return
    is_ours = is_marked(item)
    if is_ours or asks_for_cassette(item):
        _begin(item, is_marked=is_ours)


@pytest.hookimpl(specname="pytest_runtest_setup", trylast=True)
def pytest_runtest_setup_at_last(item: pytest.Item) -> None:
    """Open the session of a test that has no fixture of its own to open it ahead of."""
    make_sure_of_session(item)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that drifted, or was refused something, although its body passed."""
    __tracebackhide__ = True
    make_sure_of_session(item)  # whatever became of an error of the set-up
    try:
        result = yield
    except BaseException:
        _end_body(item, raised=True)
        raise
    fault = _end_body(item, raised=False) or unnoticed(item)
    if fault is not None:
        raise fault
    return result


def _end_body(item: pytest.Item, *, raised: bool) -> AgentCassetteError | None:
    """End the body for the session, which may have been opened in it, with `getfixturevalue`."""
    if REFUSALS in item.stash:
        item.stash[REFUSALS].end_body()
    attempt = item.stash.get(ATTEMPT, None)
    return None if attempt is None else attempt.end_body(raised=raised)
