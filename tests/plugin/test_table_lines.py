"""The table, line by line: exact texts."""

from __future__ import annotations

from datetime import datetime, timezone
from textwrap import dedent

from pytest_agentcassette._ledger import Cost, LiveCalls, Record, Stale
from pytest_agentcassette._table import table
from pytest_agentcassette._wording import Line

NOW = datetime(2026, 7, 12, 12, tzinfo=timezone.utc)

REPLAYED = Record(
    "test_trip.py::test_plan",
    "tests/cassettes/test_plan.json",
    "replayed",
    calls=3,
    cost=Cost(40_000, 8_210, 192_000),
    saved=Cost(40_000, 8_210, 192_000),
    recorded_at="2026-06-30T12:00:00Z",
)
DRIFTED = Record(
    "test_trip.py::TestTrip::test_b",
    "tests/cassettes/TestTrip.test_b.json",
    "drifted",
    calls=1,
    cost=Cost(420, 88, 512),
    recorded_at="2026-07-12T09:00:00Z",
    drift=("step 1, call_model: the arguments differ",),
    unplayed=2,
)
RECORDED = Record(
    "test_new.py::test_new",
    "tests/cassettes/test_new.json",
    "recorded",
    calls=2,
    cost=Cost(10, 5, 3_780_000),
    recorded_at="2026-07-12T12:00:00Z",
)
STALE = [
    Stale("unclaimed", "tests/cassettes/test_gone.json", test="tests/test_trip.py::test_gone"),
    Stale("unplayed", "a.json", "2 steps never played", "test_trip.py::test_plan"),
    Stale("old", "b.json", "140 days old"),
]
LIVE_CALLS = [
    LiveCalls("tests/test_x.py::test_y", "call_model", "llm", 7, "agent"),
    LiveCalls("tests/test_x.py::test_z", "search", "tool", 1),
]


def text(lines):
    """The text of lines, one below the other."""
    return "\n".join(line.text for line in lines)


def test_the_table_on_a_wide_terminal():
    """One line for each test, drifts below it, the totals, and what of them was not spent."""
    lines = table([RECORDED, DRIFTED, REPLAYED], width=120, now=NOW)

    assert text(lines) == dedent(
        """\
        cassette   calls  tokens in    out   total  live time  age  test
        recorded       2         10      5      15      1h03m  new  test_new.py::test_new
        drifted        1        420     88     508       0.5s   3h  test_trip.py::TestTrip::test_b
            step 1, call_model: the arguments differ
            2 steps never played
        replayed       3     40,000  8,210  48,210      3m12s  12d  test_trip.py::test_plan
        total          6     40,430  8,303  48,733      1h06m
        not spent            40,000  8,210  48,210      3m12s"""
    )
    assert [line.markup for line in lines] == ["bold", "", *["red"] * 3, "", "bold", "bold"]


def test_the_table_in_a_pipe():
    """A line may be as long as it likes; whoever reads it searches for the test."""
    record = REPLAYED._replace(test="test_trip.py::" + "x" * 200)

    assert text(table([record], width=None, now=NOW)).splitlines()[1].endswith("x" * 200)


def test_the_table_on_a_narrow_terminal():
    """The tests have lines of their own."""
    lines = table([REPLAYED], width=80, now=NOW)

    assert text(lines) == dedent(
        """\
        cassette  calls  tokens in    out   total  live time  age
        test_trip.py::test_plan
        replayed      3     40,000  8,210  48,210      3m12s  12d
        total         3     40,000  8,210  48,210      3m12s"""
    )


def test_the_table_on_a_very_narrow_terminal():
    """Columns would be broken there, so that words have to do."""
    records = [RECORDED, DRIFTED, REPLAYED._replace(price=1.5, price_saved=1.5)]

    lines = table(records, width=50, now=NOW)

    assert text(lines) == dedent(
        """\
        test_new.py::test_new
          recorded, 2 calls, 15 tokens (10 in, 5 out),
            1h03m live, age new
        test_trip.py::TestTrip::test_b
          drifted, 1 call, 508 tokens (420 in, 88 out),
            0.5s live, age 3h
            step 1, call_model: the arguments differ
            2 steps never played
        test_trip.py::test_plan
          replayed, 3 calls, 48,210 tokens (40,000 in,
            8,210 out), 3m12s live, $1.50, age 12d
        total: 6 calls, 48,733 tokens (40,430 in, 8,303
          out), 1h06m live, $1.50
        not spent: 48,210 tokens (40,000 in, 8,210 out),
          3m12s live, $1.50"""
    )
    assert max(len(line.text) for line in lines) <= 50


def test_words_that_need_no_second_sum():
    """All of it was replayed."""
    lines = table([REPLAYED], width=50, now=NOW)

    assert text(lines[-2:]) == (
        "total: 3 calls, 48,210 tokens (40,000 in, 8,210\n  out), 3m12s live"
    )


def test_a_long_drift_is_broken_to_the_width():
    """Set in, so that the next test stands out."""
    record = REPLAYED._replace(drift=("step 1, ask: " + "word " * 12,))

    lines = table([record], width=60, now=NOW)

    assert text(lines[3:5]) == (
        "    step 1, ask: word word word word word word word word\n      word word word word"
    )


def test_prices_have_a_column():
    """Where one is known; an unknown one is a question mark, and said."""
    records = [
        REPLAYED._replace(price=0.1234, price_saved=0.1234, unpriced=("my-llama",)),
        RECORDED._replace(price=1234.5, price_saved=0.0),
        DRIFTED._replace(unpriced=("", "my-llama", "another"), drift=(), unplayed=0),
        Record("test_a", "a.json", "missing"),
    ]

    lines = table(records, width=120, now=NOW)

    assert text(lines) == dedent(
        """\
        cassette   calls  tokens in    out   total  live time  age      price  test
        replayed       3     40,000  8,210  48,210      3m12s  12d      $0.12  \
test_trip.py::test_plan
        recorded       2         10      5      15      1h03m  new  $1,234.50  test_new.py::test_new
        drifted        1        420     88     508       0.5s   3h          ?  \
test_trip.py::TestTrip::test_b
        missing        0          0      0       0       0.0s    ?             test_a
        total          6     40,430  8,303  48,733      1h06m       $1,234.62
        not spent            40,000  8,210  48,210      3m12s           $0.12
        4 calls of unknown models not priced: another, my-llama"""
    )


def test_a_call_of_no_known_model():
    """There is no name to tell, and no column where no price is known."""
    lines = table([REPLAYED._replace(unpriced=("",))], width=120, now=NOW)

    assert "price " not in lines[0].text
    assert lines[-1].text == "1 call of an unknown model not priced"


def test_stale_cassettes_and_live_calls_have_sections():
    """All of them, and also where no test had a cassette."""
    lines = table([], width=120, now=NOW, stale=STALE, live_calls=LIVE_CALLS)

    assert text(lines).rstrip("\n") == dedent(
        """\

        stale      cassette
        unclaimed  tests/cassettes/test_gone.json  tests/test_trip.py::test_gone
        unplayed   a.json                          2 steps never played, test_trip.py::test_plan
        old        b.json                          140 days old

        live     outside of any session
        7 calls  call_model (llm)        tests/test_x.py::test_y (fixture agent)
        1 call   search (tool)           tests/test_x.py::test_z"""
    )
    assert lines[1] == Line("stale      cassette", "bold")
    assert lines[2].markup == "yellow"


def test_sections_on_a_narrow_terminal():
    """No columns, and lines that are broken where a text ends."""
    lines = table([], width=60, now=NOW, stale=STALE)

    assert text(lines) == dedent(
        """\

        stale  cassette
        unclaimed  tests/cassettes/test_gone.json
          tests/test_trip.py::test_gone
        unplayed  a.json  2 steps never played,
          test_trip.py::test_plan
        old  b.json  140 days old"""
    )


def test_a_test_is_named_once():
    """What is known of a cassette may name it already."""
    stale = Stale("unclaimed", "a.json", "test_a.py::test_a is gone", "test_a.py::test_a")
    lines = table([], width=120, now=NOW, stale=[stale])

    assert text(lines).count("test_a.py::test_a") == 1
