"""The session of a test is opened: what the core is asked for, and why a cassette can't be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcassette import CassetteFormatError, Player, Recorder, Session, use_cassette
from pytest_agentcassette._claims import is_defined
from pytest_agentcassette._options import VERIFY

if TYPE_CHECKING:
    import pytest

    from pytest_agentcassette._location import PendingFile
    from pytest_agentcassette._planning import Plan
    from pytest_agentcassette._run import Run

__all__ = ["OccupiedError", "UnusableError", "open_session"]

_ALL = 2  # the verbosity at which pytest cuts nothing off: -vv


class UnusableError(Exception):
    """The cassette of a test can't be used; its text says why, and what to do."""


class OccupiedError(Exception):
    """The test is inside of a session that is not ours; its text says of which."""


def open_session(
    plan: Plan,
    run: Run,
    config: pytest.Config,
    *,
    remedy: str,
    pending: PendingFile | None,
    resume: bool,
) -> Session[Recorder | Player]:
    """Open the session of a test.

    Args:
        plan: What is settled about the test.
        run: This run of pytest.
        config: The configuration of the run.
        remedy: The command that records the test again.
        pending: Where what the test has paid for is kept until its cassette is written.
        resume: Whether what an earlier run has left there answers, too.

    Raises:
        UnusableError: The file is no cassette, can't be read, or belongs to another test.
        OccupiedError: The test is inside of a session that is not ours.
    """
    __tracebackhide__ = True
    test, settings, location = plan
    mode, redact = settings.record_mode, settings.redact
    if mode == VERIFY:
        from pytest_agentcassette._verification import terms_of

        mode, redact = terms_of(plan)
    session = use_cassette(
        location.path,
        record_mode=mode,
        mode_name=settings.record_mode,
        strict=settings.strict,
        model=settings.model,
        redact=redact,
        ignore=settings.ignore,
        live=settings.live,
        test=None if location.explicit else test,  # tests that name a file may share it
        rerecord=remedy,
        full=getattr(config.option, "verbose", 0) >= _ALL,
        max_age=run.settings.max_age,
        pending=pending,
        resume=resume,
    )
    try:
        session.open()
    except CassetteFormatError as error:
        raise UnusableError(str(error)) from None
    except OSError as error:
        raise UnusableError(f"the cassette can't be read: {error}") from None
    except RuntimeError as error:
        raise OccupiedError(str(error)) from None
    owner = None if session.cassette is None else session.cassette.test
    if owner not in (None, test) and not location.explicit and _is_there(owner, run, config):
        session.discard()
        raise UnusableError(
            f"{location.path} is the cassette of {owner}, which is still there, and {test} may not"
            " use it: if both have this file, rename the test or give it another one with path=;"
            " else move the file to where it belongs"
        )
    return session


def _is_there(test: str, run: Run, config: pytest.Config) -> bool:
    """Whether a test is still there, and no earlier name of another one."""
    return test in run.collected or is_defined(test, config.rootpath)
