"""A run that verifies its cassette: a recording that is thrown away, and what is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from agentcassette import AgentCassetteError, Cassette, Recorder
from pytest_agentcassette._verifying import verify

if TYPE_CHECKING:
    from agentcassette import Player, Session
    from pytest_agentcassette._marker import Redaction
    from pytest_agentcassette._planning import Plan

__all__ = ["Terms", "differences", "terms_of"]


class Terms(NamedTuple):
    """What the core is asked for.

    Attributes:
        record_mode: A record mode of its own.
        redact: What is redacted.
    """

    record_mode: str
    redact: tuple[Redaction, ...]


def terms_of(plan: Plan) -> Terms:
    """Settle what the core is asked for where a cassette is verified.

    The calls are recorded, and redacted as the cassette is, for they are told of. Without a
    cassette the first call fails, before it is made.

    Args:
        plan: What is settled about the test.
    """
    redact = plan.settings.redact
    try:
        cassette = Cassette.load(plan.location.path)
    except (AgentCassetteError, OSError):  # the session will find that, too, and say so
        return Terms("none", redact)
    return Terms("all", (*redact, *cassette.redacted_keys))


def differences(
    session: Session[Recorder | Player], plan: Plan, *, finished: bool
) -> tuple[str, ...]:
    """Tell where a run differs from the cassette that it verifies, one line for each difference.

    Args:
        session: The session of the run.
        plan: What is settled about the test.
        finished: Whether the test came to its end.
    """
    cassette = session.cassette
    if cassette is None or not isinstance(session.face, Recorder):
        return ()
    contrasts = session.face.contrast(cassette)
    return verify(contrasts, typed=cassette.typed, finished=finished, live=plan.settings.live)
