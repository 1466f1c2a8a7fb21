"""`--cassette-strict`: a drift fails the test, unless its marker says otherwise."""

from __future__ import annotations

import pytest

TEST = """
    @pytest.mark.cassette{marker}
    def test_plan():
        ask("{prompt}")
    """


def record_and_change(project, marker=""):
    """Record a test, and let its agent ask for something else from then on."""
    project.test(TEST.format(marker=marker, prompt="hello"))
    project.run(passed=1)
    project.test(TEST.format(marker=marker, prompt="good day"))


def test_a_drift_passes_by_default_and_is_told(project):
    """Best effort answers with the nearest step, and the summary has the command to mend it."""
    record_and_change(project)

    run = project.run(passed=1)

    assert run.live == []
    assert "cassettes: 1 drifted; 30 tokens and 0.0s of live calls not spent" in run.lines
    assert "pytest --record-mode=update test_it.py::test_plan" in run.lines


@pytest.mark.parametrize("args", [["--cassette-strict"], ["-o", "cassette_strict=true"]])
def test_a_drift_fails_in_strict_mode(project, args):
    """The option and the setting do the same."""
    record_and_change(project)

    run = project.run(*args, failed=1)

    assert run.live == []
    assert "Replay diverged at step 0: ask differs at prompt" in run.text
    assert "cassettes: 1 drifted" in run.lines


def test_the_marker_beats_the_option(project):
    """A test that says it is not strict is not."""
    record_and_change(project, "(strict=False)")

    project.run("--cassette-strict", passed=1)


def test_a_step_that_is_never_played_fails_in_strict_mode(project):
    """An agent that does less than it did has changed."""
    project.test(
        """
        @pytest.mark.cassette
        def test_plan():
            ask("one")
            ask("two")
        """
    )
    project.run(passed=1)
    project.edit("test_it.py", 'ask("two")', "pass")

    run = project.run("--cassette-strict", failed=1)

    assert "Replay diverged at step 1: ask was never called" in run.lines
    assert "hidden" not in run.text
    assert "caught" not in run.text


def test_no_truth_value_in_the_ini_file(project):
    """The error names the setting."""
    project.test(TEST.format(marker="", prompt="hello"))

    run = project.run("-o", "cassette_strict=perhaps")

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: cassette_strict in the ini file: invalid truth value" in run.text
    assert "Traceback" not in run.text


def test_all_of_a_long_drift_is_told_at_vv(project):
    """A screen has to do unless somebody wants to know it all."""
    project.test(
        """
        @pytest.mark.cassette(strict=True)
        def test_plan():
            search([f"{word} x" for word in range(40)])
        """.replace("x", "apple")
    )
    project.run(passed=1)
    project.edit("test_it.py", "apple", "pear")

    short = project.run(failed=1)
    whole = project.run("-vv", failed=1)

    assert '39 pear"' not in short.text
    assert "more differences" in short.text
    assert 'query[39]: "39 apple" -> "39 pear"' in whole.text


RETRYING = """
    import os

    def agent(prompt):
        for _ in range(3):
            try:
                return ask(prompt)
            except Exception:
                pass
        return "sorry"

    @pytest.mark.cassette
    def test_plan():
        agent("one")
        if os.environ.get("CHANGED"):
            agent("two")
            assert os.environ["CHANGED"] == "passes"
    """


@pytest.mark.parametrize(("changed", "outcome"), [("passes", "passed"), ("fails", "failed")])
def test_a_call_too_many_is_a_drift(project, monkeypatch, changed, outcome):
    """Nothing can answer it; an agent that swallows the error has changed all the same."""
    project.test(RETRYING)
    project.run(passed=1)
    monkeypatch.setenv("CHANGED", changed)

    run = project.run("-p", "cacheprovider", "--cassette-report", **{outcome: 1})

    assert run.live == []
    assert "step 1, ask: called once more than recorded" in run.text
    assert run.text.count("called once more than recorded") == 1
    assert "pytest --record-mode=update test_it.py::test_plan" in run.lines
    monkeypatch.setenv("CHANGED", "passes")
    repair = project.run(
        "-p", "cacheprovider", "--cassette-drifted", "--record-mode=update", passed=1
    )
    assert repair.live == ["two"]
