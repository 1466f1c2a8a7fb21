"""`--cassette-dir`: all cassettes below one folder, in folders like those of the tests."""

from __future__ import annotations

import pytest

TEST = """
    import pytest
    from agent import ask

    @pytest.mark.cassette
    def test_plan():
        ask("hello")
    """


@pytest.mark.parametrize(
    "args", [["--cassette-dir=tapes"], ["-o", "cassette_dir=tapes"]], ids=["option", "ini"]
)
def test_the_folders_of_the_tests_are_mirrored(project, args):
    """Tests of one name in two folders have two cassettes."""
    project.write("tests/a/test_it.py", TEST)
    project.write("tests/b/test_it.py", TEST)

    run = project.run("--import-mode=importlib", *args, passed=2)

    assert run.changed == {"tapes/tests/a/test_plan.json", "tapes/tests/b/test_plan.json"}


def test_the_folder_starts_at_the_root_wherever_pytest_runs(project, monkeypatch):
    """The folder does not depend on the working directory."""
    project.write("tests/a/test_it.py", TEST)
    monkeypatch.chdir(project.path / "tests" / "a")

    run = project.run("--cassette-dir=tapes", passed=1)

    assert run.changed == {"tapes/tests/a/test_plan.json"}


def test_the_option_beats_the_ini_file(project):
    """The command line is closer."""
    project.write("test_it.py", TEST)

    run = project.run("--cassette-dir=tapes", "-o", "cassette_dir=others", passed=1)

    assert run.changed == {"tapes/test_plan.json"}


def test_a_path_of_the_marker_stays_where_it_is(project):
    """Who names a file means that file."""
    project.test(
        """
        @pytest.mark.cassette("mine.json")
        def test_plan():
            ask("hello")
        """
    )

    run = project.run("--cassette-dir=tapes", passed=1)

    assert run.changed == {"mine.json"}
