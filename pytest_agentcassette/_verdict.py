"""How a test went, as the reports of its phases tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

__all__ = ["Verdict"]


class Verdict:
    """What is known so far of how one attempt at a test went.

    Attributes:
        body_ended: Whether its body has ended; reports that come before are those of subtests.
        passed: Whether its set-up and its body passed, or failed as they are expected to.
        skipped: Whether it was skipped.
        raised: Whether its body raised an exception of its own; one of unittest shows late.
    """

    def __init__(self) -> None:
        self.body_ended = self.passed = self.skipped = self.raised = False
        self._subtest_failed = False

    def end_body(self, *, raised: bool) -> None:
        """Take note that the body has ended, with an exception or without.

        That is all that is known of an attempt which has no report, as some plugins repeat tests.
        """
        self.body_ended = True
        self.passed = not raised

    def take(self, report: pytest.TestReport, *, raised: bool) -> None:
        """Take note of how a phase went, or a subtest.

        Args:
            report: The report of the set-up or of the call.
            raised: Whether the test has raised an exception of its own there.
        """
        when, outcome = report.when, report.outcome
        if when == "call" and not self.body_ended:
            self._subtest_failed |= outcome == "failed"
            return
        self.skipped |= outcome == "skipped" and not hasattr(report, "wasxfail")
        if when == "call":  # which only comes where set-up has passed
            self.raised |= raised and outcome != "passed"  # else the report is of another attempt
            self.passed = outcome != "failed" and not (self.skipped or self._subtest_failed)
