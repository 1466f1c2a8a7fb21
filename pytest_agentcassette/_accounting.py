"""What a session comes to: its record in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette import CassetteNotFound, Player, Recorder
from pytest_agentcassette._ledger import Cost, Record

if TYPE_CHECKING:
    from agentcassette import AgentCassetteError, Cassette, Session
    from pytest_agentcassette._prices import PriceList

__all__ = ["Ending", "account"]


_REDACTED = "****"  # what stands in the place of a secret


class Ending(NamedTuple):
    """How a session ended.

    Attributes:
        passed: Whether the test passed, or failed as it was expected to.
        raised: Whether the body of the test raised an error: it owes no step any more.
        written: Whether a file was written.
        kept: Whether what was paid for is kept for the next run.
        fault: The drift, or the missing cassette, that the test fails for.
        differences: Where a run that verifies its cassette differs from it; None for another run.
    """

    passed: bool
    raised: bool
    written: bool
    kept: bool
    fault: AgentCassetteError | None
    differences: tuple[str, ...] | None = None


def account(
    session: Session[Recorder | Player],
    ending: Ending,
    *,
    test: str,
    path: str,
    remedy: str,
    prices: PriceList | None,
    whole: bool,
) -> Record | None:
    """Sum up what a test did with its cassette.

    Args:
        session: The session of the test, closed.
        ending: How it ended.
        test: The id of the test.
        path: The file of the cassette, as it is shown.
        remedy: The command that records the test again.
        prices: The list prices, where somebody asks for the price of the calls.
        whole: Whether a report has the room for whole drifts.

    Returns:
        The record; None where there was no cassette, and no call that needed one.
    """
    face, before = session.face, session.cassette
    recorded, replayed = face.recorded, face.replayed
    calls = replayed + recorded
    missing = isinstance(ending.fault, CassetteNotFound)
    if not calls and not missing and before is None:
        return None
    drift = () if missing else _drift(face, ending)
    outcome = "drifted" if drift else _outcome(session, ending, recorded=recorded)
    cassette = face.cassette if ending.written else before
    if isinstance(face, Player) and prices is None:  # as nearly always: no step is made for this
        steps = answered = []
        cost = saved = Cost(face.total_input_tokens, face.total_output_tokens, face.duration_ms)
    else:
        steps = face.steps
        answered = _answered(face, steps)
        cost, saved = _cost(steps, face), _cost(answered, face)
    record = Record(
        test=test,
        path=path,
        outcome="missing" if missing else outcome,
        remedy=remedy,
        calls=calls,
        cost=cost,
        saved=saved,
        recorded_at=None if cassette is None else cassette.recorded_at,
        drift=drift or ending.differences or (),
        unplayed=face.remaining
        if isinstance(face, Player) and ending.passed and not ending.raised
        else 0,
        resumed=replayed if session.resumed else 0,
        mode=face.mode,
        drifts=_drifts(face, ending) if whole and drift else (),
        unplayed_steps=tuple(face.unplayed) if whole and isinstance(face, Player) else (),
        redacted=_redacted(session) if ending.written else 0,
    )
    if prices is None:
        return record
    from pytest_agentcassette._prices import price

    label = _label(face, cassette)
    price_of_all, price_saved = (price(some, label, prices) for some in (steps, answered))
    return record._replace(
        price=price_of_all.dollars, price_saved=price_saved.dollars, unpriced=price_of_all.unpriced
    )


def _redacted(session: Session[Recorder | Player]) -> int:
    """How many secrets were taken out of a cassette that was just written.

    They are counted in the file, where what is said again is a reference.
    """
    return session.path.read_text(encoding="utf-8").count(_REDACTED)


def _label(face: Recorder | Player, cassette: Cassette | None) -> str | None:
    """The model that is said to have answered."""
    if isinstance(face, Recorder):
        return face.model
    return None if cassette is None else cassette.model


def _outcome(session: Session[Recorder | Player], ending: Ending, *, recorded: int) -> str:
    """What became of a cassette that nothing was wrong with."""
    if ending.differences is not None:
        return "differs" if ending.differences else "verified"
    if ending.written:
        return "recorded" if session.cassette is None else "updated"
    if not ending.passed and (ending.kept or session.resumed):
        return "pending"
    if not recorded:
        return "replayed"
    return "unchanged" if ending.passed else "discarded"


def _drift(face: Recorder | Player, ending: Ending) -> tuple[str, ...]:
    """What differed, one line for each drift; of a strict replay there is only the first."""
    if ending.fault is not None:
        return (str(ending.fault).partition("\n")[0],)
    if not isinstance(face, Player):
        return ()
    return tuple(map(_line, face.divergences))


def _drifts(face: Recorder | Player, ending: Ending) -> tuple[tuple[int, str], ...]:
    """The same drifts, each with the step that was expected and the whole message."""
    fault = ending.fault
    if fault is not None:
        return ((getattr(fault, "step_index", face.replayed), str(fault)),)
    noted = zip(face.divergences, face.explanations) if isinstance(face, Player) else ()
    return tuple((one["index"], text) for one, text in noted)


def _line(drift: dict[str, Any]) -> str:
    call = drift["actual"] or drift["expected"]
    return f"step {drift['index']}, {call['name']}: {drift['reason']}"


def _answered(face: Recorder | Player, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of its steps that were not paid for, as a cassette answered."""
    if not face.recorded:
        return steps
    if not face.replayed:
        return []
    return [step for step, call in zip(steps, face.calls()) if call.replayed]


def _cost(steps: list[dict[str, Any]], face: Recorder | Player) -> Cost:
    return Cost(
        sum(step["input_tokens"] for step in steps),
        sum(step["output_tokens"] for step in steps),
        face.elapsed_ms(steps),
    )
