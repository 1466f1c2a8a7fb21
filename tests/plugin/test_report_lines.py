"""The ledger as lines: exact texts."""

from __future__ import annotations

from datetime import datetime, timezone
from textwrap import dedent

import pytest

from pytest_agentcassette._ledger import OUTCOMES, Cost, Record
from pytest_agentcassette._report import Line, RunFacts, summary, table

NOW = datetime(2026, 7, 12, 12, tzinfo=timezone.utc)

REPLAYED = Record(
    "test_trip.py::test_plan",
    "tests/cassettes/test_plan.json",
    "replayed",
    "pytest --record-mode=update test_trip.py::test_plan",
    calls=3,
    cost=Cost(40_000, 8_210, 192_000),
    saved=Cost(40_000, 8_210, 192_000),
    recorded_at="2026-06-30T12:00:00Z",
)
DRIFTED = Record(
    "test_trip.py::TestTrip::test_b",
    "tests/cassettes/TestTrip.test_b.json",
    "drifted",
    "pytest --record-mode=update test_trip.py::TestTrip::test_b",
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


def text(lines):
    """The text of lines, one below the other."""
    return "\n".join(line.text for line in lines)


def test_nothing_to_say():
    """A run without cassettes has no summary, whatever else happened to it."""
    assert summary([], RunFacts(is_ci=True, lost_workers=1)) == []


def test_the_summary_is_one_line_where_nothing_needs_a_hand():
    """How many cassettes did what, and what that saved."""
    assert summary([REPLAYED, RECORDED], RunFacts()) == [
        Line(
            "cassettes: 1 replayed, 1 recorded; 48,210 tokens and 3m12s of live calls not spent",
            "green",
        )
    ]


def test_the_summary_names_what_needs_a_hand():
    """With the command that does it."""
    records = [
        DRIFTED,
        RECORDED,
        Record("a", "a.json", "missing", "pytest --record-mode=update a"),
        Record("b", "b.json", "unusable", "pytest --record-mode=update b"),
        Record("c", "c.json", "discarded", cost=Cost(10, 5), saved=Cost(4)),
        Record("d", "d.json", "pending", cost=Cost(1000), resumed=3),
    ]

    lines = summary(records, RunFacts())

    assert text(lines) == dedent(
        """\
        cassettes: 1 recorded, 1 drifted, 1 without a cassette, 1 unusable, 1 pending, \
1 not written; 4 tokens and 0.0s of live calls not spent
          drifted; if the change is meant, record what changed with
            pytest --record-mode=update test_trip.py::TestTrip::test_b
          without a cassette; record one with
            pytest --record-mode=update a
          unusable; bring the file back, or delete it and record it with
            pytest --record-mode=update b
          failed; what was paid for is kept, and the next run of the test goes on from there
            d (1,000 tokens)
          failed; what was paid for is lost, as there is no cache folder to keep it in
            c (11 tokens)
          3 calls answered from what failed runs had left"""
    )
    assert lines[0].markup == "red"


def test_several_drifts_are_repaired_by_one_command():
    """It is offered where the next run can know which tests those are."""
    other = DRIFTED._replace(test="b", remedy="pytest --record-mode=update b")

    lines = summary([DRIFTED, other], RunFacts("--cassette-record-mode", remembers=True))

    assert lines[-1] == Line(
        "    all that drifted: pytest --cassette-drifted --cassette-record-mode=update"
    )
    for records, remembers in (([DRIFTED], True), ([DRIFTED, other], False)):
        lines = summary(records, RunFacts(remembers=remembers))
        assert "--cassette-drifted" not in text(lines)


def test_what_differs_today_is_named():
    """With the first of its differences, and the option that takes the new answers over."""
    records = [
        Record("a", "a.json", "differs", drift=("step 0, ask: x",)),
        Record("b", "b.json", "differs", drift=("step 1, ask: y", "step 2, ask: z", "w")),
        Record("c", "c.json", "verified"),
    ]

    lines = summary(records, RunFacts("--cassette-record-mode"))

    assert text(lines) == dedent(
        """\
        cassettes: 1 verified, 2 differing
          today's run differs; if that is right, record it with --cassette-record-mode=all
            a: step 0, ask: x
            b: step 1, ask: y (and 2 more)"""
    )
    assert [line.markup for line in lines[:2]] == ["yellow", "yellow"]


def test_what_is_written_in_ci_is_called_out():
    """It is gone with the machine; without a machine like that there is nothing to say."""
    lines = summary([REPLAYED, RECORDED], RunFacts("--cassette-record-mode", is_ci=True))

    assert [line.text for line in lines[1:]] == [
        (
            "  written in CI, and lost with it; record where you can commit the file, or run CI"
            " with --cassette-record-mode=none"
        ),
        "    tests/cassettes/test_new.json",
    ]


@pytest.mark.parametrize(("count", "words"), [(1, "1 worker"), (2, "2 workers")])
def test_lost_workers_are_said(count, words):
    """Nobody guesses what their last tests did."""
    lines = summary([REPLAYED], RunFacts(lost_workers=count))

    assert lines[-1] == Line(
        f"  {words} crashed: what the tests that ran there last did is not known", "red"
    )


def test_a_long_list_ends_with_a_count():
    """The table has all of them."""
    records = [Record(f"t{n:02}", "x.json", "missing", f"pytest t{n:02}") for n in range(13)]

    lines = summary(records, RunFacts())

    assert len(lines) == 13
    assert lines[-2].text == "    pytest t09"
    assert lines[-1].text == "    and 3 more, which --cassette-report lists"


def test_the_color_of_the_summary():
    """Red for what is wrong, yellow for what was not written."""
    colors = {
        outcome: summary([Record("a", "a.json", outcome, drift=("x",))], RunFacts())[0].markup
        for outcome in OUTCOMES
    }

    assert colors == {
        "replayed": "green",
        "recorded": "green",
        "updated": "green",
        "unchanged": "green",
        "verified": "green",
        "drifted": "red",
        "missing": "red",
        "unusable": "red",
        "differs": "yellow",
        "pending": "yellow",
        "discarded": "yellow",
    }


def test_the_table_on_a_wide_terminal():
    """One line for each test, drifts below it, and the totals."""
    lines = table([RECORDED, DRIFTED, REPLAYED], width=120, now=NOW)

    assert text(lines) == dedent(
        """\
        cassette  calls  tokens in    out   total  live time  age  test
        recorded      2         10      5      15      1h03m  new  test_new.py::test_new
        drifted       1        420     88     508       0.5s   3h  test_trip.py::TestTrip::test_b
            step 1, call_model: the arguments differ
            2 steps never played
        replayed      3     40,000  8,210  48,210      3m12s  12d  test_trip.py::test_plan
        total         6     40,430  8,303  48,733      1h06m"""
    )


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


@pytest.mark.parametrize(
    ("duration_ms", "expected"),
    [
        (0, "0.0s"),
        (49, "0.0s"),
        (950, "0.9s"),
        (59_949, "59.9s"),
        (59_960, "1m00s"),
        (60_000, "1m00s"),
        (192_400, "3m12s"),
        (3_599_600, "1h00m"),
        (3_780_000, "1h03m"),
    ],
)
def test_live_time(duration_ms, expected):
    """Tenths of a second, or minutes, or hours."""
    record = Record("a", "a.json", "replayed", cost=Cost(duration_ms=duration_ms))

    assert table([record], width=100, now=NOW)[1].text.split()[5] == expected


@pytest.mark.parametrize(
    ("recorded_at", "expected"),
    [
        ("2026-07-12T12:00:00Z", "new"),
        ("2026-07-12T12:00:30Z", "new"),
        ("2026-07-12T11:59:00Z", "1m"),
        ("2026-07-12T11:00:00", "1h"),
        ("2026-07-11T12:00:01+00:00", "23h"),
        ("2026-07-11T12:00:00Z", "1d"),
        ("2025-07-12T12:00:00Z", "365d"),
        (None, "?"),
        ("some day", "?"),
    ],
)
def test_age(recorded_at, expected):
    """In its largest unit, or a question mark."""
    record = Record("a", "a.json", "replayed", recorded_at=recorded_at)

    assert table([record], width=100, now=NOW)[1].text.split()[6] == expected


def test_only_time_was_saved():
    """A tool costs no tokens."""
    record = Record("a", "a.json", "replayed", saved=Cost(duration_ms=2000))

    assert text(summary([record], RunFacts())) == (
        "cassettes: 1 replayed; 2.0s of live calls not spent"
    )
