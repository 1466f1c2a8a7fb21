"""What a test was refused, a connection or a live call: it fails, also if nothing noticed."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest

from agentcassette import LiveCallBlocked
from pytest_agentcassette._callsite import call_site
from pytest_agentcassette._causes import chain
from pytest_agentcassette._network import NetworkGuard
from pytest_agentcassette._run import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_agentcassette._network import Reach

__all__ = ["Refusals", "network_guard", "refusals_of"]

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
        self._added = next(iter(self._untold.values()), None)
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
        gave_up = report.skipped and not hasattr(report, "wasxfail") and bool(self._untold)
        if gave_up:
            report.outcome = "failed"
            error = _raised(next(iter(self._untold.values())))
        if report.passed or error is None:
            return
        if gave_up or error.value is self._added:
            report.longrepr = error.getrepr(style="value")  # no line of the test raised it
            report.sections.append(("agentcassette", _CAUGHT))
        self._tell(map(str, chain(error.value)))
        if report.when != "call" or self._body_ended:  # else it is the report of a subtest
            for text in self._untold:
                report.sections.append(("agentcassette: this was refused as well", text))
            self._tell(list(self._untold))

    def _tell(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._told.add(text)
            self._untold.pop(text, None)


def refusals_of(item: pytest.Item) -> Refusals:
    """What an attempt at a test was refused so far."""
    return item.stash.setdefault(REFUSALS, Refusals())


def network_guard(item: pytest.Item, *, test: str, remedy: str) -> NetworkGuard:
    """Make what refuses all connections of a test but those to this machine.

    Args:
        item: The test.
        test: Its id.
        remedy: The command that records it again.

    Returns:
        A context manager.
    """
    refusals, root = refusals_of(item), item.config.rootpath

    def refuse(reach: Reach) -> LiveCallBlocked:
        what = "lookup of" if reach.is_lookup else "connection to"
        reason = (
            f"intercept what needs it and record that ({remedy}), or let the test connect, with"
            " block_network=False on its marker"
        )
        explanation = (
            f"network blocked in replay: {what} {reach.place}\n"
            f"  {call_site(root)}\n"
            f"  test: {test}\n"
            f"  {reason}"
        )
        error = LiveCallBlocked(reach.place, reason, explanation=explanation)
        refusals.note(error)
        return error

    return NetworkGuard(refuse)


def _raised(error: LiveCallBlocked) -> pytest.ExceptionInfo[BaseException]:
    """An error as if it had been raised."""
    try:
        raise error
    except LiveCallBlocked:
        return pytest.ExceptionInfo.from_current()
