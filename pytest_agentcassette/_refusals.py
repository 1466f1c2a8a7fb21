"""What a test was refused, a connection or a live call: it fails, also if nothing noticed."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from agentcassette import LiveCallBlocked

__all__ = ["REFUSALS", "Refusals", "enforce", "refusals_of", "unnoticed"]

#: The name of the plugin that fails tests for what they were refused.
_ENFORCER = "agentcassette-enforcer"

_CAUGHT = """\
The code under test caught this error and went on.
What was refused is missing from its run, so the test fails all the same."""


class Refusals:
    """What one test was refused, until one of its reports tells of it.

    Every error is told once, however often it was raised.
    """

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._untold: dict[str, LiveCallBlocked] = {}
        self._body_ended = False
        self._added: LiveCallBlocked | None = None  # by us, to a phase that raised nothing

    def note(self, error: LiveCallBlocked) -> None:
        """Take note of an error that is about to be raised."""
        if str(error) not in self._told:
            self._untold.setdefault(str(error), copy.copy(error))  # which keeps no frame alive

    def end_body(self) -> None:
        """Take note that the body of the test has ended."""
        self._body_ended = True

    def unnoticed(self) -> LiveCallBlocked | None:
        """The error that a phase has to fail for although it raised nothing."""
        self._added = next(iter(self._all_untold()), None)
        return self._added

    def take(
        self, report: pytest.TestReport, error: pytest.ExceptionInfo[BaseException] | None
    ) -> None:
        """Put into the report of a phase what it does not tell by itself.

        A test that is skipped after it was refused something fails: that is what it gave up for.

        Args:
            report: The report.
            error: What was raised in the phase.
        """
        untold = self._all_untold()
        gave_up = report.skipped and not hasattr(report, "wasxfail") and bool(untold)
        if gave_up:
            report.outcome = "failed"
            error = _raised(untold[0])
        if report.passed or error is None:
            return
        if gave_up or error.value is self._added:
            report.longrepr = error.getrepr(style="value")  # no line of the test raised it
            report.sections.append(("agentcassette", _CAUGHT))
        from pytest_agentcassette._causes import chain

        self._tell(map(str, chain(error.value)))
        if report.when != "call" or self._body_ended:  # else it is the report of a subtest
            texts = list(map(str, self._all_untold()))
            report.sections += [("agentcassette: this was refused as well", text) for text in texts]
            self._tell(texts)

    def _all_untold(self) -> list[LiveCallBlocked]:
        return list(self._untold.values())  # a copy: threads may add to them

    def _tell(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._told.add(text)
            self._untold.pop(text, None)


#: In the stash of a test: what the attempt at it that is under way was refused, if anything can be.
REFUSALS = pytest.StashKey[Refusals]()


def refusals_of(item: pytest.Item) -> Refusals:
    """What an attempt at a test was refused so far; from now on it fails for that at the latest."""
    enforce(item.config)
    return item.stash.setdefault(REFUSALS, Refusals())


def unnoticed(item: pytest.Item) -> LiveCallBlocked | None:
    """What a test was refused without a report that tells of it."""
    return item.stash[REFUSALS].unnoticed() if REFUSALS in item.stash else None


def enforce(config: pytest.Config) -> None:
    """Fail tests from now on for what they were refused; most runs refuse nothing."""
    if not config.pluginmanager.has_plugin(_ENFORCER):
        config.pluginmanager.register(_Enforcer(), _ENFORCER)


class _Enforcer:
    """Fails tests whose bodies are over when they are refused something."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Fail a test that was refused something by its end, although all of it passed."""
        __tracebackhide__ = True
        result = yield
        refused = unnoticed(item)
        if refused is not None:
            raise refused
        return result


def _raised(error: LiveCallBlocked) -> pytest.ExceptionInfo[BaseException]:
    """An error as if it had been raised."""
    try:
        raise error
    except type(error):
        return pytest.ExceptionInfo.from_current()
