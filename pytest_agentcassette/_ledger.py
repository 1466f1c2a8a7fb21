"""What every test did with its cassette, as plain data."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

__all__ = [
    "LIVE",
    "OUTCOMES",
    "RECORD",
    "STALE",
    "Cost",
    "Ledger",
    "LiveCalls",
    "Record",
    "Stale",
    "Totals",
    "elapsed",
    "total",
]

#: The attribute of the report of a test's teardown that carries the test's record, as plain data,
#: to whoever keeps the ledger; with pytest-xdist from a worker to its controller.
RECORD = "agentcassette"

#: The same for the calls that ran for real where no session was open.
LIVE = "agentcassette_live"

#: What can have become of a cassette, in the order in which the summary tells it: answered every
#: call; was written; was written anew where the run changed; was recorded again and found the
#: same; was compared with a live run, and still holds; did not fit what the agent does; was not
#: there; could not be used; was compared with a live run that differs; was not written because the
#: test failed, and what that had paid for is kept for the next run, or is not.
OUTCOMES = (
    "replayed",
    "recorded",
    "updated",
    "unchanged",
    "verified",
    "drifted",
    "missing",
    "unusable",
    "differs",
    "pending",
    "discarded",
)

#: How a cassette can be stale: no collected test claims the file; some of its steps were never
#: played; it is older than the project wants.
STALE = ("unclaimed", "unplayed", "old")


class Cost(NamedTuple):
    """What calls cost when they ran live.

    Attributes:
        input_tokens: The tokens that went in.
        output_tokens: The tokens that came out.
        duration_ms: The time they took, in milliseconds; calls at the same time count once.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    duration_ms: float = 0.0

    @property
    def tokens(self) -> int:
        """The tokens in and out."""
        return self.input_tokens + self.output_tokens

    def plus(self, other: Cost) -> Cost:
        """The cost of both."""
        return Cost(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.duration_ms + other.duration_ms,
        )


def elapsed(recorded_at: str | None, now: datetime) -> timedelta | None:
    """The time since a recording, or None where nobody knows when that was."""
    try:
        moment = datetime.fromisoformat((recorded_at or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return now - (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc))


class Record(NamedTuple):
    """What one test did with its cassette.

    Attributes:
        test: The id of the test.
        path: The file of the cassette.
        outcome: What became of the cassette, one of `OUTCOMES`.
        remedy: The command that records the test again, or goes on with what is pending.
        calls: How many calls the agent made.
        cost: What all of them cost when they ran live, now or when they were recorded.
        saved: The part of it that was answered from the cassette.
        recorded_at: When the cassette was recorded, ISO 8601, or None where nobody knows.
        drift: What differed, one line for each drift or difference.
        unplayed: How many steps of the cassette were never played.
        resumed: How many calls were answered from what a failed run had left.
        mode: The record mode.
        price: What the calls would cost at list prices, in US dollars; None where nobody asked,
            or where nobody knows the price of any.
        price_saved: The part of it that was answered from the cassette.
        drifts: The drifts in full, where a report has the room: the index of the step that was
            expected, and the whole message.
        unplayed_steps: The indexes of the steps that were never played, likewise.
        unpriced: The models of the calls that the price leaves out, as nobody knows theirs: a name
            for each call, empty where not even that is known.
        redacted: How many secrets were taken out of what was written.
    """

    test: str
    path: str
    outcome: str
    remedy: str = ""
    calls: int = 0
    cost: Cost = Cost()
    saved: Cost = Cost()
    recorded_at: str | None = None
    drift: tuple[str, ...] = ()
    unplayed: int = 0
    resumed: int = 0
    mode: str = "once"
    price: float | None = None
    price_saved: float | None = None
    drifts: tuple[tuple[int, str], ...] = ()
    unplayed_steps: tuple[int, ...] = ()
    unpriced: tuple[str, ...] = ()
    redacted: int = 0

    def age(self, now: datetime) -> timedelta | None:
        """How long ago the cassette was recorded, or None where nobody knows."""
        return elapsed(self.recorded_at, now)

    def to_plain(self) -> tuple[Any, ...]:
        """The record as plain data: its values in their order."""
        return (*self[:_COST], tuple(self.cost), tuple(self.saved), *self[_COST + 2 :])

    @classmethod
    def from_plain(cls, plain: Iterable[Any]) -> Record:
        """The record that `to_plain` made the data of, also if that went through JSON."""
        values = [*plain]
        values[_COST : _COST + 2] = Cost(*values[_COST]), Cost(*values[_COST + 1])
        record = cls(*values)
        if type(record.drift) is tuple:  # as nearly always
            return record
        drifts: Any = map(tuple, record.drifts)
        return record._replace(
            drift=tuple(record.drift),
            drifts=tuple(drifts),
            unplayed_steps=tuple(record.unplayed_steps),
            unpriced=tuple(record.unpriced),
        )

    def properties(self) -> list[tuple[str, str | int | float]]:
        """What a report of the test says of its cassette, to those who read reports by program.

        Returns:
            A name and a value for each fact that there is to tell; one for each drift.
        """
        cost, saved = self.cost, self.saved
        properties: list[tuple[str, str | int | float]] = [
            ("cassette", self.path),
            ("cassette_outcome", self.outcome),
            ("cassette_mode", self.mode),
            ("cassette_calls", self.calls),
            ("cassette_input_tokens", cost.input_tokens),
            ("cassette_output_tokens", cost.output_tokens),
            ("cassette_tokens", cost.tokens),
            ("cassette_tokens_saved", saved.tokens),
            ("cassette_live_seconds", round(cost.duration_ms / 1000, 3)),
        ]
        if self.price is not None:
            properties.append(("cassette_price", self.price))
        if self.price_saved is not None:
            properties.append(("cassette_price_saved", self.price_saved))
        if self.recorded_at is not None:
            properties.append(("cassette_recorded_at", self.recorded_at))
        if self.unplayed:
            properties.append(("cassette_unplayed", self.unplayed))
        properties += [("cassette_drift", line) for line in self.drift]
        return properties


_COST = Record._fields.index("cost")  # behind which comes what is saved of it


class Stale(NamedTuple):
    """A cassette that is stale, in one of the ways of `STALE`; one can be so in several.

    Attributes:
        kind: How it is stale.
        path: The file, as it is shown.
        detail: What is known of it, in a few words: `3 steps never played`, `140 days old`.
        test: The id of the test that it belongs to, or did; None where nobody knows.
    """

    kind: str
    path: str
    detail: str = ""
    test: str | None = None


class LiveCalls(NamedTuple):
    """Intercepted calls that ran for real, outside of any session.

    Attributes:
        test: The id of the test that was running.
        name: The name of the callable.
        kind: The label of its calls, such as "llm".
        calls: How many there were.
        fixture: The fixture, of a wider scope than the test, that made them; None for the test.
    """

    test: str
    name: str
    kind: str
    calls: int
    fixture: str | None = None


class Totals(NamedTuple):
    """What all tests of a run did with their cassettes.

    Attributes:
        outcomes: How many cassettes had each outcome, without those that none had, in the order
            of `OUTCOMES`.
        calls: How many calls were made.
        cost: What they cost when they ran live.
        saved: The part of it that was answered from the cassettes.
        price: What they would cost at list prices, in US dollars, as far as anybody knows; None
            where nobody does.
        price_saved: The part of it that was answered from the cassettes.
    """

    outcomes: dict[str, int]
    calls: int
    cost: Cost
    saved: Cost
    price: float | None = None
    price_saved: float | None = None


def total(records: Iterable[Record]) -> Totals:
    """Add up the records of a run."""
    counts = dict.fromkeys(OUTCOMES, 0)
    calls, cost, saved = 0, Cost(), Cost()
    price: float | None = None
    price_saved: float | None = None
    for record in records:
        counts[record.outcome] += 1
        calls += record.calls
        cost, saved = cost.plus(record.cost), saved.plus(record.saved)
        price, price_saved = _sum(price, record.price), _sum(price_saved, record.price_saved)
    outcomes = {name: count for name, count in counts.items() if count}
    return Totals(outcomes, calls, cost, saved, price, price_saved)


def _sum(one: float | None, other: float | None) -> float | None:
    """Add up two prices; None is one that nobody knows."""
    return (one or 0.0) + (other or 0.0) if (one, other) != (None, None) else None


class Ledger:
    """The records of a run, with pytest-xdist those of all its workers.

    Attributes:
        lost_workers: How many workers crashed.
        lost_tests: The ids of the tests that they were running, as far as they are known.
        stale: The cassettes that are stale, as far as this run could know.
        ended: The ids of the tests that came to any end, with a cassette or without.
        failed: Those of them that failed, or were skipped.
    """

    def __init__(self) -> None:
        self.ended: set[str] = set()
        self.failed: set[str] = set()
        self.lost_workers = 0
        self.lost_tests: list[str] = []
        self.stale: list[Stale] = []
        self._live_calls: dict[str, tuple[LiveCalls, ...]] = {}
        self._records: dict[str, Record] = {}

    @property
    def passed(self) -> set[str]:
        """The ids of the tests that passed."""
        return self.ended - self.failed

    def enter(self, record: Record) -> None:
        """Enter a record; it takes the place of the one that an earlier attempt left."""
        self._records[record.test] = record

    def enter_live_calls(self, test: str, calls: Iterable[LiveCalls]) -> None:
        """Enter the live calls of a test, of all attempts at it so far."""
        self._live_calls[test] = tuple(calls)

    @property
    def live_calls(self) -> list[LiveCalls]:
        """The calls that ran for real where no session was open, in the order of the tests' ids."""
        return [one for test in sorted(self._live_calls) for one in self._live_calls[test]]

    def records(self) -> list[Record]:
        """The records, in the order of the tests' ids."""
        return [self._records[test] for test in sorted(self._records)]
