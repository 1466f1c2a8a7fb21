"""`--cassette-drifted`: the tests that drifted in the last run, and only those."""

from __future__ import annotations

import json

import pytest

from pytest_agentcassette._drifted import still_drifted
from pytest_agentcassette._ledger import OUTCOMES, Record

CACHED = ("-p", "cacheprovider")
XDIST = ("-p", "xdist", "-n", "2")
COMMAND = "all that drifted: pytest --cassette-drifted --record-mode=update"

TESTS = """
    @pytest.mark.cassette(strict=True)
    @pytest.mark.parametrize("prompt", ["alpha", "beta", "gamma", "delta"])
    def test_plan(prompt):
        ask(prompt)

    def test_plain():
        pass
    """


class Remembering:
    """A project whose runs have a cache."""

    def __init__(self, project, workers):
        self.project = project
        self.workers = workers

    def run(self, *args, **outcomes):
        """Run pytest, as the fixture wants it."""
        if self.workers:
            outcomes.pop("deselected", None)  # pytest-xdist does not tell
        return self.project.run(*CACHED, *self.workers, *args, **outcomes)

    def drift(self, old, new, **outcomes):
        """Record the tests, change one, and replay them."""
        self.run(passed=sum(outcomes.values()))
        self.project.edit("test_it.py", old, new)
        return self.run(**outcomes)

    def remembered(self):
        """The tests that the cache remembers."""
        path = self.project.path / ".pytest_cache/v/agentcassette/drifted"
        return json.loads(path.read_text()) if path.exists() else None


@pytest.fixture(params=[[], [*XDIST]], ids=["alone", "-n 2"])
def story(request, project):
    """A project with a cache, without and with workers."""
    project.test(TESTS)
    return Remembering(project, request.param)


@pytest.fixture
def alone(project):
    """A project with a cache, and no workers."""
    project.test(TESTS)
    return Remembering(project, [])


CHANGE = ("ask(prompt)", "ask({'beta': 'x', 'delta': 'y'}.get(prompt, prompt))")


def test_one_command_repairs_all(story):
    """It runs what drifted, pays for what changed, and leaves nothing to repair."""
    drifted = story.drift(*CHANGE, passed=3, failed=2)
    repair = story.run("--cassette-drifted", "--record-mode=update", passed=2, deselected=3)
    again = story.run("--cassette-drifted")
    replay = story.run(passed=5)

    assert COMMAND in drifted.lines
    assert sorted(repair.live) == ["x", "y"]
    assert "cassettes: 2 updated" in repair.lines
    assert again.code == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "cassettes: no test drifted in the last run" in again.lines
    assert replay.live == []
    assert story.remembered() == []


def test_the_others_are_deselected(alone):
    """As with -k: pytest tells how many."""
    alone.drift(*CHANGE, passed=3, failed=2)

    run = alone.run("--cassette-drifted", failed=2, deselected=3)

    assert "collected 5 items / 3 deselected / 2 selected" in run.lines


def test_a_drift_that_failed_no_test_is_one(story):
    """Best effort lets the test pass, and the cassette is wrong all the same."""
    story.project.edit("test_it.py", "strict=True", "strict=False")
    drifted = story.drift(*CHANGE, passed=5)

    story.run("--cassette-drifted", "--record-mode=update", passed=2, deselected=3)

    assert COMMAND in drifted.lines
    assert story.remembered() == []


def test_a_single_drift_has_its_own_command(alone):
    """One command is enough then."""
    run = alone.drift("ask(prompt)", "ask({'beta': 'x'}.get(prompt, prompt))", passed=4, failed=1)

    assert "pytest --record-mode=update 'test_it.py::test_plan[beta]'" in run.lines
    assert "--cassette-drifted" not in run.text


def test_tests_that_do_not_run_stay_as_they_are(alone):
    """A run of some tests tells nothing of the others."""
    alone.drift(*CHANGE, passed=3, failed=2)

    alone.run("test_it.py::test_plan[alpha]", passed=1)
    assert len(alone.remembered()) == 2
    alone.project.edit("test_it.py", CHANGE[1], CHANGE[0])
    alone.run("test_it.py::test_plan[beta]", passed=1)

    assert alone.remembered() == ["test_it.py::test_plan[delta]"]


def test_a_repair_that_fails_is_still_to_be_done(alone):
    """The cassette was not written, so it fits no better than before."""
    alone.drift(*CHANGE, passed=3, failed=2)
    alone.project.edit(
        "test_it.py", "def test_plain", "    assert prompt != 'beta'\n\ndef test_plain"
    )

    run = alone.run("--cassette-drifted", "--record-mode=update", passed=1, failed=1, deselected=3)

    assert run.live == ["x", "y"]
    assert alone.remembered() == ["test_it.py::test_plan[beta]"]


def test_a_test_that_fails_before_it_drifts_is_remembered(alone):
    """It has not come so far: nobody knows whether it would."""
    alone.drift(*CHANGE, passed=3, failed=2)
    alone.project.edit("test_it.py", "    ask(", "    assert prompt != 'beta'\n    ask(")

    alone.run(passed=3, failed=2)

    beta, delta = "test_it.py::test_plan[beta]", "test_it.py::test_plan[delta]"
    assert alone.remembered() == [beta, delta]


def test_tests_that_no_longer_exist_are_forgotten(story):
    """Their module was collected, and they are not in it."""
    story.drift(*CHANGE, passed=3, failed=2)
    story.project.edit("test_it.py", '"gamma", "delta"', '"gamma"')

    story.run("-k", "plain", passed=1, deselected=3)

    assert story.remembered() == ["test_it.py::test_plan[beta]"]


def test_a_module_that_is_gone_takes_its_tests_along(story):
    """Nobody could run them."""
    story.drift(*CHANGE, passed=3, failed=2)
    story.project.test("def test_other(): pass", name="test_other.py")
    (story.project.path / "test_it.py").unlink()

    story.run(passed=1)

    assert story.remembered() == []


NOT_WHOLE = {
    "another module": ["test_other.py"],
    "a test of the module": ["test_it.py::test_plain"],
    "the failed ones": ["--lf"],
    "a module that can't be collected": ["test_it.py", "--continue-on-collection-errors"],
    "a module that is ignored": ["--ignore=test_it.py"],
}


@pytest.mark.parametrize("args", NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_tests_that_may_still_exist_are_not_forgotten(alone, args):
    """Where the module was not collected whole, nobody knows."""
    alone.drift(*CHANGE, passed=3, failed=2)
    alone.project.test("def test_other(): pass", name="test_other.py")
    alone.project.edit("test_it.py", '"gamma", "delta"', '"gamma"')
    if "--continue-on-collection-errors" in args:
        alone.project.edit("test_it.py", "import pytest", "import pytest, no_such_module")

    alone.run(*args)

    assert "test_it.py::test_plan[delta]" in alone.remembered()


def test_a_test_that_has_no_cassette_any_more_is_forgotten(story):
    """It passed, and can't drift."""
    story.drift(*CHANGE, passed=3, failed=2)
    story.project.edit("test_it.py", "@pytest.mark.cassette(strict=True)", "")

    story.run("--cassette-drifted", passed=2, deselected=3)

    assert story.remembered() == []


def test_a_group_of_xdist_is_no_part_of_the_name(project):
    """Else the test would never be found again, or never be forgotten."""
    project.test(
        TESTS.replace(
            "@pytest.mark.cassette", '@pytest.mark.xdist_group("g")\n    @pytest.mark.cassette'
        )
    )
    story = Remembering(project, [*XDIST, "--dist=loadgroup"])
    story.drift(*CHANGE, passed=3, failed=2)

    assert story.remembered() == ["test_it.py::test_plan[beta]", "test_it.py::test_plan[delta]"]
    project.edit("test_it.py", "@pytest.mark.cassette(strict=True)", "")
    story.run("--cassette-drifted", passed=2, deselected=3)
    assert story.remembered() == []


def test_another_selection_narrows_it(story):
    """-k and --lf choose among those that drifted."""
    story.drift(*CHANGE, passed=3, failed=2)

    story.run("--cassette-drifted", "-k", "beta", failed=1, deselected=4)
    story.project.edit("test_it.py", "pass", "assert False")
    story.run("test_it.py", passed=2, failed=3)
    story.run("--cassette-drifted", "--lf", failed=2, deselected=1)  # --lf drops two before


def test_nothing_is_left_of_a_narrow_selection(story):
    """The run says which tests it could have run."""
    story.drift(*CHANGE, passed=3, failed=2)

    run = story.run("--cassette-drifted", "-k", "plain")

    assert run.code == pytest.ExitCode.NO_TESTS_COLLECTED
    at = run.lines.index("cassettes: no test was selected of those that drifted in the last run:")
    assert run.lines[at + 1 : at + 3] == [
        "test_it.py::test_plan[beta]",
        "test_it.py::test_plan[delta]",
    ]


def test_many_names_are_cut(alone):
    """Ten are enough to know them by."""
    alone.project.edit("test_it.py", '["alpha", "beta", "gamma", "delta"]', '"abcdefghijkl"')
    alone.drift("ask(prompt)", "ask(2 * prompt)", passed=1, failed=12)

    run = alone.run("--cassette-drifted", "-k", "plain")
    collected = alone.run("--cassette-drifted", "--collect-only", "-q")

    assert "and 2 more" in run.lines
    assert sum("test_plan" in line for line in run.lines) == 10
    assert "12/13 tests collected (1 deselected)" in collected.text
    assert "no test was selected" not in collected.text


def test_without_a_drift_there_is_nothing_to_run(story):
    """The exit status is pytest's own, and a line says why."""
    story.run(passed=5)

    run = story.run("--cassette-drifted", "-q")

    assert run.code == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "cassettes: no test drifted in the last run" in run.lines
    assert story.remembered() is None


def test_without_a_cache_it_is_refused(project):
    """Nothing was remembered, and nobody could."""
    project.test(TESTS)

    run = project.run("--cassette-drifted")

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "--cassette-drifted runs the tests that pytest's cache remembers" in run.text
    assert "Traceback" not in run.text


def test_without_a_cache_the_command_is_not_offered(project):
    """It would be refused."""
    project.test(TESTS)
    project.run(passed=5)
    project.edit("test_it.py", *CHANGE)

    run = project.run(passed=3, failed=2)

    assert "--cassette-drifted" not in run.text


@pytest.mark.parametrize("text", ["{}", '[1, "test_it.py::test_plan[alpha]", null]', "no JSON"])
def test_a_cache_that_somebody_else_wrote(alone, text):
    """What is no id of a test is none."""
    alone.run(passed=5)
    alone.project.write(".pytest_cache/v/agentcassette/drifted", text)

    run = alone.run("--cassette-drifted")

    assert "Traceback" not in run.text
    assert run.code == (
        pytest.ExitCode.OK if "test_plan" in text else pytest.ExitCode.NO_TESTS_COLLECTED
    )


def test_ids_hold_from_whatever_folder(alone, monkeypatch):
    """They start at the root folder, as the cache does."""
    alone.project.write("tests/test_deep.py", "from test_it import *\n")
    alone.drift(*CHANGE, passed=6, failed=4)
    monkeypatch.chdir(alone.project.path / "tests")

    run = alone.run("--cassette-drifted", failed=2, deselected=3)

    assert "all that drifted" in run.text
    assert len(alone.remembered()) == 4


def test_the_last_attempt_counts(alone):
    """A rerun that fits is no drift."""
    alone.project.test(
        """
        attempts = []

        @pytest.mark.cassette(strict=True)
        def test_plan():
            attempts.append(1)
            ask("a" if len(attempts) > FIRST else "b")
        """.replace("FIRST", "0")
    )
    alone.run(passed=1)
    alone.project.edit("test_it.py", "> 0", "> 1")

    alone.run("-p", "pytest_rerunfailures", "--reruns=1", passed=1, rerun=1)
    assert alone.remembered() is None
    alone.run(failed=1)
    assert alone.remembered() == ["test_it.py::test_plan"]


def test_a_mistake_in_a_marker_is_told_as_ever(story):
    """The selection is not in its way."""
    story.drift(*CHANGE, passed=3, failed=2)
    story.project.edit("test_it.py", "strict=True", "stritc=True")

    run = story.run("--cassette-drifted")

    assert run.code != pytest.ExitCode.OK
    assert "there is no keyword 'stritc'" in run.text
    assert "INTERNALERROR" not in run.text


FITTING = {"replayed", "recorded", "updated", "unchanged", "verified"}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_each_outcome_means(outcome):
    """Only what fits its cassette is forgotten, and only what drifted is new."""
    records = [Record("old", "x.json", outcome), Record("new", "x.json", outcome)]

    after = still_drifted({"old", "gone", "other"}, records, passed={"new", "old"}, gone={"gone"})

    drifted = {"drifted": {"old", "new", "other"}}
    assert after == drifted.get(outcome, {"other"} if outcome in FITTING else {"old", "other"})
