"""A run as one document of plain JSON: what each test did, the steps of its cassette, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette import Cassette, CassetteFormatError, CassetteNotFound
from pytest_agentcassette._ledger import total

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
    """Say of each step when it ran, as far as a cassette tells.

    A cassette keeps how long each call took, and the order in which all of them started and ended.
    So a call begins here as soon as those that ended before it have, and not before the call that
    it was made in.

    Args:
        steps: The steps, as a cassette has them.

    Returns:
        The facts of each step: `start_ms` and `end_ms` from the start of the run, and the `lane`
        which no step has at the same time.
    """
    events = []
    for at, step in enumerate(steps):
        places = step.get("concurrency", {"start": 2 * at, "end": 2 * at + 1})
        events.append((places["start"], at, True))
        events.append((places.get("end", float("inf")), at, False))
    starts, ends = [0.0] * len(steps), [0.0] * len(steps)
    lanes = [0] * len(steps)
    taken: set[int] = set()
    latest = 0.0
    for _, at, begins in sorted(events):
        step = steps[at]
        if begins:
            outer = step.get("parent")
            starts[at] = latest if outer is None else max(latest, starts[outer])
            ends[at] = starts[at] + step["duration_ms"]
            lanes[at] = next(lane for lane in range(len(steps)) if lane not in taken)
            taken.add(lanes[at])
        else:
            latest = max(latest, ends[at])
            taken.discard(lanes[at])
    return [
        {
            "index": at,
            "name": step["name"],
            "type": step["type"],
            "input_tokens": step["input_tokens"],
            "output_tokens": step["output_tokens"],
            "duration_ms": step["duration_ms"],
            "start_ms": round(starts[at], 3),
            "end_ms": round(ends[at], 3),
            "lane": lanes[at],
            "parent": step.get("parent"),
            "error": step.get("error", {}).get("type"),
        }
        for at, step in enumerate(steps)
    ]


def _test(record: Record, reading: Reading) -> dict[str, Any]:
    return {
        **record.to_plain(),
        "cost": record.cost._asdict(),
        "saved": record.saved._asdict(),
        "drifts": [{"step": step, "message": message} for step, message in record.drifts],
        "problem": reading.problem,
        "steps": timeline(reading.steps),
    }
