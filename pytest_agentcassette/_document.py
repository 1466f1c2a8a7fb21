"""A run as one document of plain JSON: what each test did, the steps of its cassette, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette import Cassette, CassetteFormatError, CassetteNotFound
from pytest_agentcassette._ledger import total
from pytest_agentcassette._timeline import spans

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytest_agentcassette._ledger import Ledger, Record

__all__ = ["VERSION", "document", "read_steps", "timeline"]

#: The version of the document; it grows when a field changes its meaning or goes.
VERSION = 1

Step = dict[str, Any]


class Reading(NamedTuple):
    """What a cassette file gives: its steps, or what is in the way of them."""

    steps: list[Step]
    problem: str | None = None


def document(
    ledger: Ledger,
    *,
    root: Path,
    created_at: str,
    stopped: str | None,
    read: Callable[[Path], Reading],
) -> dict[str, Any]:
    """Write a run down as plain JSON.

    Args:
        ledger: What the tests did.
        root: The folder that the paths of the cassettes start at.
        created_at: The time of the run, ISO 8601.
        stopped: What ended the run before its last test, if anything did.
        read: Gives what is in the cassette at a path, as `read_steps` does.

    Returns:
        The document; `docs/report-json.md` describes it field by field.
    """
    records = ledger.records()
    totals = total(records)
    return {
        "version": VERSION,
        "created_at": created_at,
        "stopped": stopped,
        "totals": {
            "outcomes": totals.outcomes,
            "calls": totals.calls,
            "cost": totals.cost._asdict(),
            "saved": totals.saved._asdict(),
            "price": totals.price,
            "price_saved": totals.price_saved,
        },
        "tests": [_test(record, read(root / record.path)) for record in records],
        "stale": [one._asdict() for one in ledger.stale],
        "live_calls": [one._asdict() for one in ledger.live_calls],
        "lost_workers": ledger.lost_workers,
        "lost_tests": list(ledger.lost_tests),
    }


def read_steps(path: Path) -> Reading:
    """Read the steps of a cassette that may be missing, or be none."""
    try:
        return Reading(Cassette.load(path).steps)
    except CassetteNotFound:
        return Reading([], "there is no such file")
    except CassetteFormatError as error:
        return Reading([], str(error))
    except OSError as error:
        return Reading([], f"the file can't be read: {error.strerror}")


def timeline(steps: Sequence[Step]) -> list[Step]:
    """Tell of each step what is no part of the conversation: what it is, what it cost, and when.

    Args:
        steps: The steps, as a cassette has them.

    Returns:
        The facts of each step, and its `Span`.
    """
    return [
        {
            "index": at,
            "name": step["name"],
            "type": step["type"],
            "input_tokens": step["input_tokens"],
            "output_tokens": step["output_tokens"],
            "duration_ms": step["duration_ms"],
            **span._asdict(),
            "parent": step.get("parent"),
            "error": _error(step),
        }
        for at, (step, span) in enumerate(zip(steps, spans(steps)))
    ]


def _error(step: Step) -> str | None:
    """The class of the exception that a call ended with, or None.

    What an exception of a registered type is told by is for its user to say.
    """
    if "error" not in step:
        return None
    error, name = step["error"], str(step.get("types", {}).get("/error", ""))
    told = error.get("type") if isinstance(error, dict) else None
    found = name.partition("(")[0].rpartition(":")[2].rpartition(".")[2]
    return told if isinstance(told, str) else found or "an exception"


def _test(record: Record, reading: Reading) -> dict[str, Any]:
    return {
        **record._asdict(),
        "cost": record.cost._asdict(),
        "saved": record.saved._asdict(),
        "drifts": [{"step": step, "message": message} for step, message in record.drifts],
        "problem": reading.problem,
        "steps": timeline(reading.steps),
    }
