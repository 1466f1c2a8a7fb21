"""The summary, line by line: exact texts."""

from __future__ import annotations

from textwrap import dedent

import pytest

from pytest_agentcassette._ledger import OUTCOMES, Cost, LiveCalls, Record, Stale
from pytest_agentcassette._report import RunFacts, summary
from pytest_agentcassette._wording import Line

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
        Record("d", "d.json", "pending", "pytest d", cost=Cost(1000)),
        Record("e", "e.json", "pending", "pytest e", resumed=3),
    ]

    lines = summary(records, RunFacts(has_cache=False))

    assert text(lines) == dedent(
        """\
        cassettes: 1 recorded, 1 drifted, 1 without a cassette, 1 unusable, 2 pending, \
1 not written; 4 tokens and 0.0s of live calls not spent
          drifted; if the change is meant, record what changed with
            pytest --record-mode=update test_trip.py::TestTrip::test_b
          without a cassette; record one with
            pytest --record-mode=update a
          unusable; bring the file back, or delete it and record it with
            pytest --record-mode=update b
          failed; what was paid for is kept, and used when the test runs again, with
            pytest d  (1,000 tokens)
            pytest e
          failed; what was paid for is lost, as there is no cache folder to keep it in
            c  (11 tokens)
          3 calls answered from what failed runs had left"""
    )
    assert lines[0].markup == "red"


def test_several_drifts_are_repaired_by_one_command():
    """It is offered where the next run can know which tests those are."""
    other = DRIFTED._replace(test="b", remedy="pytest --record-mode=update b")

    lines = summary([DRIFTED, other], RunFacts("--cassette-record-mode"))

    assert lines[-1] == Line(
        "    all that drifted: pytest --cassette-drifted --cassette-record-mode=update"
    )
    for records, has_cache in (([DRIFTED], True), ([DRIFTED, other], False)):
        assert "--cassette-drifted" not in text(summary(records, RunFacts(has_cache=has_cache)))


def test_what_differs_today_is_told():
    """The first of its differences, and the command that takes the new answers over."""
    records = [
        Record("a", "a.json", "differs", "pytest a", drift=("step 0, ask: x",)),
        Record("b", "b.json", "differs", "pytest b", drift=("step 1, ask: y", "z", "w")),
        Record("c", "c.json", "verified"),
    ]

    lines = summary(records, RunFacts())

    assert text(lines) == dedent(
        """\
        cassettes: 1 verified, 2 differing
          today's run differs; if that is right, record it with
            pytest a
              step 0, ask: x
            pytest b
              step 1, ask: y (and 2 more)"""
    )
    assert [line.markup for line in lines[:2]] == ["yellow", "yellow"]


def test_what_could_not_be_kept_is_not_blamed_on_the_cache():
    """There is one, and the errors of the run say what was wrong."""
    lines = summary([Record("c", "c.json", "discarded", cost=Cost(10, 5))], RunFacts())

    assert lines[1:] == [
        Line("  failed; what was paid for could not be kept", "yellow"),
        Line("    c  (15 tokens)"),
    ]


def test_what_is_pending_in_ci_may_be_lost():
    """The cache folder is on that machine, too."""
    record = Record("d", "d.json", "pending", "pytest d", cost=Cost(1000))

    assert text(summary([record], RunFacts(is_ci=True))[1:]) == (
        "  failed; what was paid for is in pytest's cache folder, and if that outlasts CI, it is"
        " used when the test runs again, with\n    pytest d  (1,000 tokens)"
    )


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


def test_the_tests_that_crashed_are_named():
    """As far as pytest-xdist tells."""
    lines = summary([REPLAYED], RunFacts(lost_workers=2, lost_tests=("a", "b")))

    assert text(lines[1:]) == (
        "  2 workers crashed; what these tests did with a cassette is not known\n    a\n    b"
    )


@pytest.mark.parametrize(
    ("has_table", "where"), [(False, "with --cassette-report"), (True, "in the table above")]
)
def test_a_long_list_ends_with_a_count(has_table, where):
    """The table has all of them."""
    records = [Record(f"t{n:02}", "x.json", "missing", f"pytest t{n:02}") for n in range(13)]

    lines = summary(records, RunFacts(has_table=has_table))

    assert len(lines) == 13
    assert lines[-2].text == "    pytest t09"
    assert lines[-1].text == f"    and 3 more, {where}"


def test_what_was_redacted_is_said():
    """Of what was written now: whoever asserts on it should know."""
    one = RECORDED._replace(path="a.json", redacted=1)
    two = RECORDED._replace(test="test_new.py::test_b", path="b.json", redacted=1_200)

    lines = summary([one, REPLAYED, RECORDED, two], RunFacts())

    assert [line.text for line in lines[-3:]] == [
        "  written without its secrets; in their place stands ****",
        "    a.json: 1 secret",
        "    b.json: 1,200 secrets",
    ]


def test_stale_cassettes():
    """The file, what is known of it, and the command: that of the test's record, if it has one."""
    stale = [
        Stale("unclaimed", "tests/cassettes/test_gone.json", "was tests/test_trip.py::test_gone"),
        Stale("unclaimed", "tests/cassettes/other.json"),
        Stale("unplayed", "a.json", "2 steps never played", "test_trip.py::test_plan"),
        Stale("unplayed", "b.json", "1 step never played", "test_b.py::test_b[a b]"),
        Stale("old", "b.json", "140 days old", "test_b.py::test_b[a b]"),
        Stale("old", "c.json", "99 days old"),
    ]

    lines = summary([REPLAYED], RunFacts("--cassette-record-mode"), stale=stale)

    assert text(lines) == dedent(
        """\
        cassettes: 1 replayed, 5 stale; 48,210 tokens and 3m12s of live calls not spent
          stale: no test claims these any more; delete them with pytest --cassette-prune
            tests/cassettes/test_gone.json: was tests/test_trip.py::test_gone
            tests/cassettes/other.json
          stale; record these again with
            a.json: 2 steps never played
              pytest --record-mode=update test_trip.py::test_plan
            b.json: 1 step never played
              pytest --cassette-record-mode=update 'test_b.py::test_b[a b]'
            b.json: 140 days old
              pytest --cassette-record-mode=all 'test_b.py::test_b[a b]'
            c.json: 99 days old"""
    )
    assert lines[0].markup == "yellow"


def test_many_stale_cassettes_are_cut_to_ten():
    """An entry of two lines counts as one."""
    stale = [Stale("old", f"{n}.json", "99 days old", f"t{n}") for n in range(12)]

    lines = summary([], RunFacts(), stale=stale)

    assert lines[0].text == "cassettes: 12 stale"
    assert [line.text for line in lines[-3:]] == [
        "    9.json: 99 days old",
        "      pytest --record-mode=all t9",
        "    and 2 more, with --cassette-report",
    ]


def test_live_calls_are_told_without_any_cassette():
    """A run that pays for calls says so, although no test has a cassette."""
    live_calls = [
        LiveCalls("tests/test_x.py::test_y", "call_model", "llm", 7, "agent"),
        LiveCalls("tests/test_x.py::test_z", "search", "tool", 1),
    ]

    lines = summary([], RunFacts(), live_calls=live_calls)

    assert text(lines) == dedent(
        """\
        cassettes: 8 live calls outside of any session
          no cassette could answer these; refuse such calls with --cassette-live=block
            7 live calls of call_model: tests/test_x.py::test_y (fixture agent)
            1 live call of search: tests/test_x.py::test_z"""
    )
    assert lines[0].markup == "yellow"


def test_the_price_that_was_not_paid_is_told_where_it_is_known():
    """Beside tokens and time."""
    record = REPLAYED._replace(price=0.1234, price_saved=0.1234)

    assert text(summary([record], RunFacts())) == (
        "cassettes: 1 replayed; 48,210 tokens, $0.12 and 3m12s of live calls not spent"
    )


def test_a_narrow_terminal_breaks_the_texts_and_no_command():
    """A command that is cut in two can't be copied."""
    lines = summary([REPLAYED, DRIFTED, RECORDED], RunFacts(is_ci=True, width=60))

    assert text(lines) == dedent(
        """\
        cassettes: 1 replayed, 1 recorded, 1 drifted; 48,210 tokens
          and 3m12s of live calls not spent
          drifted; if the change is meant, record what changed with
            pytest --record-mode=update test_trip.py::TestTrip::test_b
          written in CI, and lost with it; record where you can
          commit the file, or run CI with --record-mode=none
            tests/cassettes/test_new.json"""
    )
    assert [line.markup for line in lines] == ["red", "red", "red", "", "yellow", "yellow", ""]


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


def test_only_time_was_saved():
    """A tool costs no tokens."""
    record = Record("a", "a.json", "replayed", saved=Cost(duration_ms=2000))

    assert text(summary([record], RunFacts())) == (
        "cassettes: 1 replayed; 2.0s of live calls not spent"
    )
