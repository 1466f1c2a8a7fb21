"""What a session comes to: its record in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette import CassetteNotFound, Player
from pytest_agentcassette._ledger import Cost, Record

if TYPE_CHECKING:
    from agentcassette import AgentCassetteError, Recorder, Session

__all__ = ["Ending", "account"]


class Ending(NamedTuple):
    """How a session ended.

    Attributes:
        passed: Whether the test passed, or failed as it was expected to.
        written: Whether a file was written.
        kept: Whether what was paid for is kept for the next run.
        fault: The drift, or the missing cassette, that the test fails for.
        differences: Where a run that verifies its cassette differs from it; None for another run.
    """

    passed: bool
    written: bool
    kept: bool
    fault: AgentCassetteError | None
    differences: tuple[str, ...] | None = None


def account(
    session: Session[Recorder | Player], ending: Ending, *, test: str, path: str, remedy: str
) -> Record | None:
    """Sum up what a test did with its cassette.

    Args:
        session: The session of the test, closed.
        ending: How it ended.
        test: The id of the test.
        path: The file of the cassette, as it is shown.
        remedy: The command that records the test again.

    Returns:
        The record; None where there was no cassette, and no call that needed one.
    """
    face = session.face
    calls = face.replayed + face.recorded
    missing = isinstance(ending.fault, CassetteNotFound)
    if not calls and not missing and session.cassette is None:
        return None
    drift = () if missing else _drift(session, ending)
    cost = Cost(face.total_input_tokens, face.total_output_tokens, face.duration_ms)
    cassette = face.cassette if ending.written else session.cassette
    return Record(
        test=test,
        path=path,
        outcome="missing" if missing else "drifted" if drift else _outcome(session, ending),
        remedy=remedy,
        calls=calls,
        cost=cost,
        saved=_saved(face, cost),
        recorded_at=None if cassette is None else cassette.recorded_at,
        drift=drift or ending.differences or (),
        unplayed=face.remaining if ending.passed and isinstance(face, Player) else 0,
        resumed=face.replayed if session.resumed else 0,
    )


def _outcome(session: Session[Recorder | Player], ending: Ending) -> str:
    """What became of a cassette that nothing was wrong with."""
    if ending.differences is not None:
        return "differs" if ending.differences else "verified"
    if ending.written:
        return "recorded" if session.cassette is None else "updated"
    if not session.face.recorded:
        return "replayed"
    if ending.passed:
        return "unchanged"
    return "pending" if ending.kept else "discarded"


def _drift(session: Session[Recorder | Player], ending: Ending) -> tuple[str, ...]:
    """What differed, one line for each drift; of a strict replay there is only the first."""
    if ending.fault is not None:
        return (str(ending.fault).partition("\n")[0],)
    if not isinstance(session.face, Player):
        return ()
    return tuple(map(_line, session.face.divergences))


def _line(drift: dict[str, Any]) -> str:
    call = drift["actual"] or drift["expected"]
    return f"step {drift['index']}, {call['name']}: {drift['reason']}"


def _saved(face: Recorder | Player, cost: Cost) -> Cost:
    """The part of the cost that was not paid, as a cassette answered."""
    if not face.recorded:
        return cost
    if not face.replayed:
        return Cost()
    saved = Cost()
    for call in face.calls():
        if call.replayed:
            saved = saved.plus(Cost(call.input_tokens, call.output_tokens, call.duration_ms))
    return saved
