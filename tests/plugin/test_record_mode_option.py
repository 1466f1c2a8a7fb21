"""`--record-mode` and its other places: what each mode does, and which place wins."""

from __future__ import annotations

import pytest

TEST = """
    @pytest.mark.cassette
    def test_plan():
        ask("one")
        ask("two")
    """


def test_none_never_records(project):
    """Without a cassette the first call fails the test, in one line and with what to do."""
    project.test(TEST)

    run = project.run("--record-mode=none", failed=1)

    assert (run.live, run.changed) == ([], set())
    assert "no cassette at" in run.text
    assert "cassettes/test_plan.json and --record-mode=none: record it with" in run.text
    assert "pytest --record-mode=update test_it.py::test_plan" in run.lines


def test_none_needs_no_cassette_for_a_test_without_calls(project):
    """A test that makes no call owes no cassette."""
    project.test(
        """
        @pytest.mark.cassette
        def test_nothing():
            pass
        """
    )

    run = project.run("--record-mode=none", passed=1)

    assert run.changed == set()
    assert "cassettes:" not in run.text


def test_a_missing_cassette_fails_a_test_that_swallows_the_error(project):
    """The agent's own error handling does not make a test pass that could not be replayed."""
    project.test(
        """
        @pytest.mark.cassette
        def test_plan():
            try:
                ask("one")
            except Exception:
                pass
        """
    )

    run = project.run("--record-mode=none", failed=1)

    assert "FAILED test_it.py::test_plan - agentcassette.CassetteNotFound: no cassette" in run.text
    assert "1 without a cassette" in run.text


def test_once_replays_and_records_what_is_missing(project):
    """The default pays for a test once."""
    project.test(TEST)

    assert project.run("--record-mode=once", passed=1).live == ["one", "two"]
    assert project.run("--record-mode=once", passed=1).live == []


def test_all_pays_for_everything_again(project):
    """The new run replaces the cassette, and an equal one leaves the file as it is."""
    project.test(TEST)
    project.run(passed=1)

    same = project.run("--record-mode=all", passed=1)
    project.edit("test_it.py", "two", "three")
    different = project.run("--record-mode=all", passed=1)

    assert (same.live, same.changed) == (["one", "two"], set())
    assert "cassettes: 1 unchanged" in same.lines
    assert (different.live, different.changed) == (["one", "three"], {"cassettes/test_plan.json"})
    assert "cassettes: 1 updated" in different.lines


def test_update_pays_from_the_first_drift_on(project):
    """What is still the same is answered from the tape, and said to be."""
    project.test(TEST)
    project.run(passed=1)

    same = project.run("--record-mode=update", passed=1)
    project.edit("test_it.py", "two", "three")
    different = project.run("--record-mode=update", passed=1)

    assert (same.live, same.changed) == ([], set())
    assert (different.live, different.changed) == (["three"], {"cassettes/test_plan.json"})
    assert "cassettes: 1 updated; 30 tokens and 0.0s of live calls not spent" in different.lines
    assert project.run("--record-mode=none", "--cassette-strict", passed=1).live == []


@pytest.mark.parametrize(
    "args",
    [
        ["--record-mode", "none"],
        ["--cassette-record-mode=none"],
        ["--cassette-record-mode", "none"],
        ["-o", "addopts=--record-mode none"],
        ["-o", "cassette_record_mode=none"],
    ],
    ids=" ".join,
)
def test_every_way_to_say_it(project, args):
    """The mode can stand behind a blank, in addopts, and in the ini file."""
    project.test(TEST)

    run = project.run(*args, failed=1)

    assert run.live == []


def test_the_mode_can_stand_in_the_environment(project, monkeypatch):
    """PYTEST_ADDOPTS is a command line too."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "--record-mode none")
    project.test(TEST)

    run = project.run(failed=1)

    assert run.live == []


@pytest.mark.parametrize(
    ("marker", "command_line", "ini", "mode"),
    [
        (None, None, None, "once"),
        (None, None, "none", "none"),
        (None, "all", "none", "all"),
        ("update", "all", "none", "update"),
        ("update", "none", "all", "none"),
        ("none", "all", None, "none"),
        ("none", "verify", None, "none"),
        ("verify", "none", None, "none"),
        ("once", None, "update", "once"),
    ],
)
def test_which_place_wins(project, marker, command_line, ini, mode):
    """None on the command line beats every marker; else marker, command line, ini file."""
    project.test(
        f"""
        @pytest.mark.cassette(record_mode={marker!r})
        def test_plan(cassette):
            assert cassette.mode == {mode!r}
        """
    )
    options = [f"--record-mode={command_line}"] if command_line else []
    settings = ["-o", f"cassette_record_mode={ini}"] if ini else []

    project.run(*options, *settings, passed=1)


def test_the_command_for_a_test_whose_marker_has_a_mode(project):
    """A mode in the marker is in the way of the command, so the command says so."""
    project.test(
        """
        @pytest.mark.cassette(record_mode="none")
        def test_plan():
            ask("one")
        """
    )

    run = project.run(failed=1)

    command = "pytest --record-mode=update test_it.py::test_plan"
    assert f"{command}  (once its marker no longer says record_mode='none')" in run.lines


def test_an_unknown_mode_on_the_command_line(project):
    """The error names the modes there are."""
    project.test(TEST)

    run = project.run("--record-mode=onec", subprocess=True)

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "invalid choice: 'onec'" in run.text
    assert "Traceback" not in run.text


def test_an_unknown_mode_in_the_ini_file(project):
    """The error names the setting and the nearest mode."""
    project.test(TEST)

    run = project.run("-o", "cassette_record_mode=updaet")

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: cassette_record_mode='updaet' (did you mean 'update'?)" in run.text
    assert "Traceback" not in run.text


def test_the_help_tells_of_both_options(project):
    """`--help` shows the options, and the settings of the ini file."""
    text = project.run("--help").text

    assert "--record-mode" in text
    assert "--cassette-record-mode" in text
    assert "cassette_redact (args)" in text
