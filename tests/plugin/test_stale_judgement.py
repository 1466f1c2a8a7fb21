"""Judging a cassette that no test claims, on what is known of the run: values in, values out."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from pytest_agentcassette._ledger import Record, Stale
from pytest_agentcassette._stale import Found, Known, Verdict, judge, of_records
from pytest_agentcassette._survey import Survey, merged

OWNER = "test_it.py::test_old"

WHOLE = {"test_it.py": ""}


def found(**facts):
    """A cassette of a test that is gone."""
    return Found(**{"name": "cassettes/test_old.json", "owner": OWNER, **facts})


def known(**facts):
    """A run that has collected everything."""
    sets = {name: frozenset(one) for name, one in facts.items() if isinstance(one, list)}
    return Known(**{"modules": WHOLE, **facts, **sets})


@pytest.mark.parametrize(
    ("cassette", "run", "reason"),
    {
        "its test is gone": (found(), known(), f"{OWNER} is gone"),
        "its module is gone": (found(module="gone"), known(modules={}), "test_it.py is gone"),
        "its case is gone": (
            found(owner=f"{OWNER}[2]", is_written=True),
            known(tests=[f"{OWNER}[1]"]),
            f"{OWNER}[2] is gone",
        ),
        "a module that was collected mentions it": (
            found(mentions=["test_it.py"]),
            known(),
            f"{OWNER} is gone",
        ),
    }.values(),
)
def test_what_is_unclaimed(cassette, run, reason):
    """Where nothing can claim it."""
    assert judge(cassette, run) == Verdict(stale=reason)


@pytest.mark.parametrize(
    ("cassette", "run", "reason", "is_suspect"),
    {
        "nothing is known": (found(), known(obstacle="--lf"), "--lf", True),
        "its module was not collected": (
            found(),
            known(modules={}),
            "test_it.py was not collected",
            True,
        ),
        "its module was collected in part": (
            found(),
            known(modules={"test_it.py": "was skipped"}),
            "test_it.py was skipped",
            True,
        ),
        "and mentions it": (
            found(mentions=["test_it.py"]),
            known(modules={"test_it.py": "was skipped"}),
            "test_it.py was skipped",
            False,
        ),
        "another module may have its test now": (
            found(module="gone", mentions=["test_it.py", "test_new.py"]),
            known(),
            "test_new.py was not collected",
            False,
        ),
        "its test uses another": (
            found(),
            known(tests=[OWNER], claimants=[OWNER]),
            f"{OWNER} has another cassette in this run",
            False,
        ),
        "its test used none": (
            found(),
            known(tests=[OWNER], passed=[OWNER]),
            f"{OWNER} does not use cassettes/test_old.json in this run",
            True,
        ),
        "its test used none, and that of another id is not known": (
            found(users=["sub/test_it.py::test_old"]),
            known(tests=[OWNER, "sub/test_it.py::test_old"], passed=[OWNER]),
            "sub/test_it.py::test_old may ask for its cassette, and did not run and pass",
            False,
        ),
        "its test did not run": (
            found(),
            known(tests=[OWNER]),
            f"{OWNER} may ask for its cassette, and did not run and pass",
            False,
        ),
        "another test did not run, whose it would be": (
            found(owner=None, users=["test_it.py::test_asks"]),
            known(tests=["test_it.py::test_asks"]),
            "test_it.py::test_asks may ask for its cassette, and did not run and pass",
            False,
        ),
        "its test may have used it on a lost worker": (
            found(),
            known(tests=[OWNER], passed=[OWNER], lost_workers=1),
            f"{OWNER} may have used it on a worker that was lost",
            False,
        ),
        "its test is written down": (
            found(is_written=True),
            known(),
            f"{OWNER} is written down, and was not collected",
            False,
        ),
        "its test has no cases": (
            found(owner=f"{OWNER}[2]", is_written=True),
            known(
                tests=[f"{OWNER}[NOTSET]"],
                empty=[f"{OWNER}[NOTSET]"],
                claimants=[f"{OWNER}[NOTSET]"],
            ),
            f"{OWNER} has no cases in this run",
            False,
        ),
        "it lies elsewhere": (
            found(module="elsewhere"),
            known(),
            f"{OWNER} does not keep its cassette in cassettes/test_old.json",
            False,
        ),
        "it tells of no test, and the run is not whole": (
            found(owner=None),
            known(gap="sub was ignored"),
            "sub was ignored",
            False,
        ),
        "it tells of no test, and is mentioned": (
            found(owner=None, mentions=["tools.py"]),
            known(),
            "tools.py mentions cassettes/test_old.json",
            False,
        ),
        "it tells of no test, and a test chooses such files": (
            found(owner=None, chooser=OWNER),
            known(),
            f"{OWNER} has a cassette that is chosen for each run",
            False,
        ),
        "it tells of no test": (
            found(owner=None),
            known(),
            "cassettes/test_old.json tells of no test",
            True,
        ),
    }.values(),
)
def test_what_can_not_be_known(cassette, run, reason, is_suspect):
    """In doubt it is not stale."""
    assert judge(cassette, run) == Verdict(doubt=reason, is_suspect=is_suspect)


def record(test, path, **facts):
    """What a test did."""
    return Record(test=test, path=path, outcome="replayed", **facts)


NOW = datetime(2026, 6, 30, tzinfo=timezone.utc)


def test_steps_that_nobody_plays():
    """Of a file that tests share nobody can tell."""
    records = [
        record("a", "a.json", unplayed=1200),
        record("b", "b.json", unplayed=2),
        record("c", "c.json"),
    ]
    claims = {"a": "a.json", "d": "b.json"}

    stale = of_records(records, claims, max_age=None, now=NOW)

    assert stale == [Stale("unplayed", "a.json", "1,200 steps never played", "a")]


@pytest.mark.parametrize(
    ("recorded_at", "days"),
    [
        ("2026-06-20T00:00:00Z", 10),
        ("2026-06-20T00:00:00", 10),
        ("2026-06-20T02:00:00+02:00", 10),
        ("2026-06-21T00:00:00Z", None),
        ("2027-06-21T00:00:00Z", None),
        ("last summer", None),
        (None, None),
    ],
)
def test_old_cassettes(recorded_at, days):
    """Older than nine days, in whatever form the date is; without a date it is not old."""
    records = [record("a", "a.json", recorded_at=recorded_at)]

    stale = of_records(records, {}, max_age=timedelta(days=9), now=NOW)

    assert stale == ([] if days is None else [Stale("old", "a.json", f"{days} days old", "a")])


def test_a_survey_becomes_plain_data_and_back():
    """As workers of pytest-xdist send it."""
    survey = Survey(("a",), ("b",), {"a": "a.json"}, {"a.py": ""}, ("c",), "no")

    assert Survey.from_plain(survey.to_plain()) == survey


def test_surveys_add_up():
    """Whoever saw something wrong is right."""
    one = Survey(("a", "b"), (), {"a": "a.json"}, {"a.py": "was skipped", "b.py": ""})
    other = Survey(("a", "b"), ("b",), {"b": "b.json"}, {"a.py": "", "b.py": "failed"}, ("c",))

    both = Survey(
        ("a", "b"),
        ("b",),
        {"a": "a.json", "b": "b.json"},
        {"a.py": "was skipped", "b.py": "failed"},
        ("c",),
    )
    assert merged([one, other]) == both
