"""One attempt at one test: open its session, judge how the test went, write the cassette or not."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from agentcassette import (
    AgentCassetteError,
    Player,
    Recorder,
    Session,
    TargetNotFound,
)
from pytest_agentcassette._accounting import Ending, account
from pytest_agentcassette._causes import chain
from pytest_agentcassette._commands import recording_again, running_again
from pytest_agentcassette._consulting import tell_finished
from pytest_agentcassette._ledger import RECORD, Record
from pytest_agentcassette._location import PendingFile, shown
from pytest_agentcassette._opening import OccupiedError, UnusableError, open_session
from pytest_agentcassette._options import VERIFY
from pytest_agentcassette._planning import plan_of, run_of
from pytest_agentcassette._surroundings import Surroundings
from pytest_agentcassette._verdict import Verdict

if TYPE_CHECKING:
    from pytest_agentcassette._prices import PriceList

__all__ = ["Attempt", "begin"]

_CAUGHT = """\
The body of the test ended without an error: the code under test caught this one.
A replay that drifted is no proof of anything, so the test fails all the same."""


class Attempt:
    """One attempt at a test that uses a cassette; each rerun is another one.

    Args:
        item: The test.
        is_marked: Whether it has a marker of ours: then its session is opened without being asked
            for.

    Raises:
        pytest.UsageError: What is said about its cassette can't be.

    Attributes:
        is_marked: The argument.
        is_requested: Whether the fixture is being set up, or has been.
        record: What the test did with its cassette, once that is known; None where there is
            nothing to tell.
    """

    def __init__(self, item: pytest.Function, *, is_marked: bool) -> None:
        self.is_marked = is_marked
        self.is_requested = False
        self.record: Record | None = None
        self._item = item
        self._plan = plan_of(item)
        self._config = item.config
        self._run = run_of(item.config)
        self._remedy = recording_again(self._plan, item.config)
        self._path = shown(self._plan.location.path, item.config.rootpath)
        self._session: Session[Recorder | Player] | None = None
        self._face: Recorder | Player | None = None  # of the session
        self._around = Surroundings(item, self._plan, self._run)
        self._is_rerun = self._run.begins_again(self._plan.test)
        self._verdict = Verdict()
        self._drifted = False  # in its body, which may have caught the drift
        self._added: AgentCassetteError | None = None  # by us, to a body that raised nothing
        self._verifies = self._plan.settings.record_mode == VERIFY

    def open(self, holder: pytest.Item | pytest.FixtureRequest) -> Recorder | Player:
        """Open the session, unless it is open already; it is an error of the set-up if it can't be.

        Args:
            holder: Whose end is that of the session: the test, or the fixture that is the first to
                ask for it. All that is set up from now on is torn down before.

        Returns:
            What the fixture is: the recorder or player of the session.
        """
        __tracebackhide__ = True
        face = self._face
        if face is None:
            try:
                self._intercept()
                session = self._open()
            except BaseException:
                self._around.leave()
                raise
            face = self._face = session.face
            # One finalizer for all: pytest drops those that are left where one is interrupted.
            holder.addfinalizer(partial(self._end, session))
            self._around.guard(face, remedy=self._remedy)
        return face

    def end_body(self, *, raised: bool) -> AgentCassetteError | None:
        """Take note that the body of the test has ended.

        Args:
            raised: Whether it ended with an exception.

        Returns:
            The drift that the test has to fail for although its body passed.
        """
        self._verdict.end_body(raised=raised)
        if self._session is None:
            return None
        self._drifted = self._session.fault is not None
        drift = self._session.end_body(raised=raised)
        self._added = None if raised else drift
        return self._added

    def take(
        self, report: pytest.TestReport, error: pytest.ExceptionInfo[BaseException] | None
    ) -> None:
        """Take note of how a phase of the test went, and put into its report what belongs there.

        Args:
            report: The report of the phase.
            error: What was raised in it.
        """
        if report.when == "teardown":
            if self.record is not None:
                report.__dict__[RECORD] = self.record.to_plain()
                report.user_properties += self.record.properties()
            return
        self._verdict.take(report, raised=error is not None and error.value is not self._added)
        if report.when == "call" and report.outcome == "failed" and error is not None:
            self._explain(report, error)

    def _intercept(self) -> None:
        __tracebackhide__ = True
        try:
            self._around.intercept()
        except TargetNotFound as error:
            _fail(f"{self._plan.test}: intercept: {error}")

    def _open(self) -> Session[Recorder | Player]:
        __tracebackhide__ = True
        try:
            self._session = self._run.session = open_session(
                self._plan,
                self._run,
                self._config,
                remedy=self._remedy,
                pending=self._pending(),
                resume=not self._is_rerun,
            )
        except UnusableError as error:
            self._refuse(str(error))
        except OccupiedError as error:
            _fail(str(error))
        return self._session

    def _end(self, session: Session[Recorder | Player]) -> None:
        """Let all be over."""
        __tracebackhide__ = True
        try:
            self._around.leave()
        finally:
            self._close(session)

    def _close(self, session: Session[Recorder | Player]) -> None:
        """Close the session, and write the cassette if the test has passed."""
        __tracebackhide__ = True
        written, kept, problem = False, False, ""
        face, before, fault = session.face, session.cassette, self._fault()
        try:
            if self._verifies:
                session.discard()
            elif (
                self._verdict.passed
                and fault is None
                and not (self._verdict.raised and isinstance(face, Player))
            ):
                written = session.commit()
            else:
                kept = session.keep()
        except Warning as error:  # warnings are errors here; it is one about what was written
            problem, written = str(error), session.written
        except AgentCassetteError as error:  # of the test's clean-up
            problem, fault = str(error), self._fault()
        except OSError as error:
            what = "cassette can't be written" if self._verdict.passed else "calls can't be kept"
            problem = f"the {what}: {error}"
            pending = self._pending()
            kept = self._verdict.passed and pending is not None and Path(pending).exists()
        finally:
            session.discard()
            self._run.session = None
        record = None
        if not self._verdict.skipped:
            record = account(
                session,
                Ending(
                    passed=self._verdict.passed and not problem,
                    raised=self._verdict.raised,
                    written=written,
                    kept=kept,
                    fault=fault,
                    differences=self._differences(session) if self._verifies else None,
                ),
                test=self._plan.test,
                path=self._path,
                remedy=self._remedy,
                prices=self._prices(),
                whole=self._run.wants_file,
            )
        if record is not None and record.outcome == "pending":
            record = record._replace(remedy=running_again(self._plan, self._config))
        self.record = record
        if problem:
            _fail(problem)
        if record is not None:
            cassette = face.cassette if written else before
            tell_finished(self._item, cassette, self._plan.location.path, record.outcome)

    def _explain(
        self, report: pytest.TestReport, error: pytest.ExceptionInfo[BaseException]
    ) -> None:
        """Tell of a drift that the error of the body does not tell of."""
        fault = self._fault()
        if error.value is self._added:
            report.longrepr = error.getrepr(style="value")  # no line of the test raised it
            if self._drifted:
                report.sections.append(("agentcassette", _CAUGHT))
        elif fault is not None and str(fault) not in map(str, chain(error.value)):
            report.sections.append(("agentcassette: the replay drifted too", str(fault)))
        elif self._verifies and self._session is not None:
            from pytest_agentcassette._verification import differences

            found = differences(self._session, self._plan, finished=False)
            if found:
                title = "agentcassette: today's run differs from the cassette"
                report.sections.append((title, "\n".join(found)))

    def _differences(self, session: Session[Recorder | Player]) -> tuple[str, ...] | None:
        """Where a run that verifies its cassette differs from it; None where there is none."""
        if session.cassette is None:
            return None
        from pytest_agentcassette._verification import differences

        found = differences(session, self._plan, finished=self._verdict.passed)
        return found if self._verdict.passed else (*found, "the test fails today")

    def _fault(self) -> AgentCassetteError | None:
        """What sticks to the session; a body that raised something owes no step any more."""
        if self._session is None or (self._verdict.raised and not self._drifted):
            return None
        return self._session.fault

    def _pending(self) -> PendingFile | None:
        """Where what the test has paid for is kept until its cassette is written."""
        folder = self._run.pending_folder
        return None if folder is None or self._verifies else PendingFile(folder, self._plan.test)

    def _prices(self) -> PriceList | None:
        """The list prices, where somebody asks for the price of the calls."""
        if not self._run.wants_report:
            return None
        from pytest_agentcassette._prices import price_list

        return price_list()

    def _refuse(self, reason: str) -> NoReturn:
        __tracebackhide__ = True
        self.record = Record(
            test=self._plan.test,
            path=self._path,
            outcome="unusable",
            remedy=self._remedy,
            drift=(reason.partition("\n")[0],),
            mode=self._plan.settings.record_mode,
        )
        _fail(reason)


def begin(item: pytest.Function, *, is_marked: bool) -> Attempt:
    """Begin an attempt at a test that uses a cassette; the arguments are those of `Attempt`."""
    __tracebackhide__ = True
    try:
        return Attempt(item, is_marked=is_marked)
    except pytest.UsageError as error:  # while a test runs, pytest takes it for a fault of ours
        _fail(str(error))


def _fail(reason: str) -> NoReturn:
    """Fail with a text alone: neither a traceback nor what led to it would help anybody.

    No frame is shown, and yet this one is not hidden: where all are, pytest 9.2 says so.
    """
    raise pytest.fail.Exception(reason, pytrace=False) from None
