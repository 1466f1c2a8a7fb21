"""What the tests did with their cassettes, as data."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentcassette._ledger import OUTCOMES, Cost, Ledger, LiveCalls, Record, total

numbers = st.integers(min_value=0, max_value=10**9)
costs = st.builds(Cost, numbers, numbers, st.floats(0, 1e9))
records = st.builds(
    Record,
    test=st.text(),
    path=st.text(),
    outcome=st.sampled_from(OUTCOMES),
    remedy=st.text(),
    calls=numbers,
    cost=costs,
    saved=costs,
    recorded_at=st.none() | st.text(),
    drift=st.lists(st.text()).map(tuple),
    unplayed=numbers,
    resumed=numbers,
    mode=st.sampled_from(["once", "none", "all", "update"]),
    price=st.none() | st.floats(0, 1e6),
    price_saved=st.none() | st.floats(0, 1e6),
    unpriced=st.lists(st.text()).map(tuple),
    redacted=st.integers(0),
)


@given(records)
def test_a_record_survives_its_way_as_json(record):
    """From a worker to its controller."""
    assert Record.from_plain(json.loads(json.dumps(record.to_plain()))) == record


def test_the_last_record_of_a_test_counts():
    """A rerun takes the place of the attempt before."""
    ledger = Ledger()

    ledger.enter(Record("b", "b.json", "discarded"))
    ledger.enter(Record("a", "a.json", "replayed"))
    ledger.enter(Record("b", "b.json", "recorded"))

    assert [(one.test, one.outcome) for one in ledger.records()] == [
        ("a", "replayed"),
        ("b", "recorded"),
    ]


def test_the_live_calls_of_a_test_take_the_place_of_earlier_ones():
    """A rerun tells of those of all attempts."""
    ledger = Ledger()
    first, second = LiveCalls("b", "ask", "llm", 1), LiveCalls("b", "ask", "llm", 2)
    other = [LiveCalls("a", "ask", "llm", 1), LiveCalls("a", "search", "tool", 1, "model")]

    ledger.enter_live_calls("b", [first])
    ledger.enter_live_calls("a", other)
    ledger.enter_live_calls("b", [second])

    assert ledger.live_calls == [*other, second]


def test_the_totals():
    """Counts in the order of the outcomes, none of them zero; sums of all the rest."""
    totals = total(
        [
            Record(
                "a", "a.json", "drifted", calls=2, cost=Cost(20, 10, 1.5), saved=Cost(2, 1, 0.5)
            ),
            Record("b", "b.json", "replayed", calls=1, cost=Cost(5, 5, 1.0), saved=Cost(5, 5, 1.0)),
            Record("c", "c.json", "replayed"),
        ]
    )

    assert list(totals.outcomes.items()) == [("replayed", 2), ("drifted", 1)]
    assert totals.calls == 3
    assert totals.cost == Cost(25, 15, 2.5)
    assert totals.saved == Cost(7, 6, 1.5)
    assert totals.saved.tokens == 13


@pytest.mark.parametrize(
    ("prices", "expected"),
    [([], None), ([None, None], None), ([None, 0.25], 0.25), ([0.0], 0.0), ([0.5, 0.25], 0.75)],
)
def test_a_price_that_nobody_knows_is_not_nothing(prices, expected):
    """A total leaves it out; it is unknown itself where nothing else is there."""
    records = [Record("a", "a.json", "replayed", price=one, price_saved=one) for one in prices]

    assert total(records)[-2:] == (expected, expected)


def test_what_a_report_says_of_a_test():
    """A fact for each thing that there is to tell, and no empty ones."""
    assert Record("a", "a.json", "missing", mode="none").properties() == [
        ("cassette", "a.json"),
        ("cassette_outcome", "missing"),
        ("cassette_mode", "none"),
        ("cassette_calls", 0),
        ("cassette_input_tokens", 0),
        ("cassette_output_tokens", 0),
        ("cassette_tokens", 0),
        ("cassette_tokens_saved", 0),
        ("cassette_live_seconds", 0.0),
    ]
    full = Record(
        "a",
        "a.json",
        "drifted",
        calls=3,
        cost=Cost(20, 10, 1234.5678),
        saved=Cost(5, 2),
        recorded_at="2026-06-30T12:00:00Z",
        drift=("step 1, ask: the arguments differ", "step 2, ask: never called"),
        unplayed=1,
        price=0.5,
        price_saved=0.0,
    )
    assert full.properties()[3:] == [
        ("cassette_calls", 3),
        ("cassette_input_tokens", 20),
        ("cassette_output_tokens", 10),
        ("cassette_tokens", 30),
        ("cassette_tokens_saved", 7),
        ("cassette_live_seconds", 1.235),
        ("cassette_price", 0.5),
        ("cassette_price_saved", 0.0),
        ("cassette_recorded_at", "2026-06-30T12:00:00Z"),
        ("cassette_unplayed", 1),
        ("cassette_drift", "step 1, ask: the arguments differ"),
        ("cassette_drift", "step 2, ask: never called"),
    ]
