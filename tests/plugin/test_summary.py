"""What a run says about its cassettes: one line, what needs a hand, and the table on demand."""

from __future__ import annotations

import pytest

TEST = """
    @pytest.mark.cassette
    def test_plan():
        ask("hello")

    def test_other():
        pass
    """


def test_a_run_without_cassettes_says_nothing(project):
    """Not even when the table is asked for."""
    project.test("def test_plain(): pass")

    run = project.run("--cassette-report", passed=1)

    assert "cassette" not in run.text.replace("project", "").split("collected")[1]


def test_a_quiet_run_says_nothing(project):
    """`-q` means that."""
    project.test(TEST)

    run = project.run("-q", passed=2)

    assert run.changed == {"cassettes/test_plan.json"}
    assert "cassettes:" not in run.text


def test_the_table_is_shown_to_who_asks_for_it(project):
    """Also in a quiet run."""
    project.test(TEST)
    project.run(passed=2)

    run = project.run("-q", "--cassette-report", passed=2)

    assert run.text.count("= cassettes =") == 1
    start = run.lines.index("cassette  calls  tokens in  out  total  live time  age  test")
    assert run.lines[start + 1 : start + 3] == [
        "replayed      1         20   10     30       0.0s  new  test_it.py::test_plan",
        "total         1         20   10     30       0.0s",
    ]
    assert "cassettes:" not in run.text


def test_a_drift_is_told_in_the_table(project):
    """Each drift on a line of its own, below its test."""
    project.test(
        """
        @pytest.mark.cassette
        def test_plan():
            ask("one")
            ask("two")
            ask("three")
        """
    )
    project.run(passed=1)
    project.edit("test_it.py", "two", "four")
    project.edit("test_it.py", 'ask("three")', "pass")

    run = project.run("--cassette-report", passed=1)

    assert "step 1, ask: the arguments differ" in run.lines
    assert "1 step never played" in run.lines


def test_a_pipe_gets_no_colors(project):
    """They are for terminals."""
    project.test(TEST)

    plain = project.run("--cassette-report", passed=2)
    colored = project.run("--cassette-report", "--color=yes")

    assert "\x1b[" not in plain.text
    assert "\x1b[32mcassettes: 1 replayed" in colored.text


def test_a_recording_in_ci_is_called_out(project, monkeypatch):
    """The machine and what was paid for are gone in a minute."""
    monkeypatch.setenv("CI", "true")
    project.test(TEST)

    first = project.run(passed=2)
    second = project.run(passed=2)

    hint = "written in CI, and lost with it; record where you can commit the file, or run CI with"
    assert f"{hint} --record-mode=none" in first.lines
    assert "cassettes/test_plan.json" in first.lines
    assert hint not in second.text


@pytest.mark.parametrize("value", ["", "0", "false"])
def test_a_machine_that_says_it_is_no_ci_is_none(project, monkeypatch, value):
    """Some shells and containers set the variable to that."""
    monkeypatch.setenv("CI", value)
    project.test(TEST)

    assert "written in CI" not in project.run(passed=2).text


def test_a_terminal_gets_texts_of_its_width(project, monkeypatch):
    """A pipe gets lines of any length, which are easier to search."""
    monkeypatch.setenv("COLUMNS", "44")
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.hookimpl(tryfirst=True)
        def pytest_terminal_summary(terminalreporter):
            terminalreporter.isatty = terminalreporter.config.getoption("verbose") > 0
        """,
    )
    project.test(TEST)
    project.run(passed=2)

    pipe = project.run("--cassette-report", passed=2)
    terminal = project.run("--cassette-report", "-v", passed=2)

    assert (
        "replayed      1         20   10     30       0.0s  new  test_it.py::test_plan"
        in pipe.lines
    )
    assert "cassettes: 1 replayed; 30 tokens and 0.0s of live calls not spent" in pipe.lines
    at = terminal.lines.index("test_it.py::test_plan")
    assert terminal.lines[at : at + 8] == [
        "test_it.py::test_plan",
        "replayed, 1 call, 30 tokens (20 in, 10",
        "out), 0.0s live, age new",
        "total: 1 call, 30 tokens (20 in, 10 out),",
        "0.0s live",
        "1 call of an unknown model not priced",
        "cassettes: 1 replayed; 30 tokens and 0.0s of",
        "live calls not spent",
    ]


def test_stale_cassettes_and_live_calls_are_shown(project):
    """Also in a run without any cassette, as whoever finds them enters them in the ledger."""
    project.write(
        "conftest.py",
        """
        import pytest
        from pytest_agentcassette._bookkeeping import LEDGER
        from pytest_agentcassette._ledger import LiveCalls, Stale

        @pytest.hookimpl(tryfirst=True)
        def pytest_sessionfinish(session):
            ledger = session.config.stash[LEDGER]
            ledger.stale.append(Stale("old", "a.json", "140 days old", "test_it.py::test_a"))
            test = "test_it.py::test_b"
            ledger.enter_live_calls(test, [LiveCalls(test, "ask", "llm", 2)])
        """,
    )
    project.test("def test_plain(): pass")

    run = project.run("--cassette-report", passed=1)

    at = run.lines.index("cassettes: 1 stale, 2 live calls outside of any session")
    assert run.lines[at - 6 : at] == [
        "",
        "stale  cassette",
        "old    a.json    140 days old, test_it.py::test_a",
        "",
        "live     outside of any session",
        "2 calls  ask (llm)               test_it.py::test_b",
    ]
    assert run.lines[at + 1 : at + 6] == [
        "stale; record these again with",
        "a.json: 140 days old",
        "pytest --record-mode=all test_it.py::test_a",
        "no cassette could answer these; refuse such calls with --cassette-live=block",
        "2 live calls of ask: test_it.py::test_b",
    ]


def test_the_commands_work_where_pytest_was_started(project, monkeypatch):
    """They name the test as it is seen from the working directory, for a shell."""
    project.write("tests/README", "")
    project.test(
        """
        @pytest.mark.cassette
        @pytest.mark.parametrize("prompt", ["a b"])
        def test_plan(prompt):
            ask(prompt)
        """,
        name="tests/test_it.py",
    )
    monkeypatch.chdir(project.path / "tests")

    run = project.run("--record-mode=none", failed=1)

    assert "pytest --record-mode=update 'test_it.py::test_plan[a b]'" in run.lines


def test_a_cassette_outside_of_the_project_is_named_in_full(project, monkeypatch, tmp_path):
    """Nothing is shortened that would lead nowhere."""
    monkeypatch.setenv("CI", "true")
    project.test(TEST)

    run = project.run(f"--cassette-dir={tmp_path / 'tapes'}", passed=2)

    assert str(tmp_path / "tapes" / "test_plan.json") in run.lines


def test_clean_up_that_drifts_is_an_error_of_the_clean_up(project):
    """The test itself has passed by then, but a changed agent does not pass unnoticed."""
    test = """
        @pytest.fixture
        def agent():
            yield
            ask("one")
            ask("two")

        @pytest.mark.cassette(strict=True)
        def test_plan(agent):
            ask("hello")
        """
    project.test(test)
    project.run(passed=1)
    project.edit("test_it.py", 'ask("two")', "pass")

    run = project.run(passed=1, errors=1)

    assert "Replay diverged at step 2: ask was never called" in run.text
    assert "_lifecycle.py" not in run.text
    assert "raceback" not in run.text
    assert "cassettes: 1 drifted; 60 tokens and 0.0s of live calls not spent" in run.lines


@pytest.mark.parametrize("args", [["--collect-only"], ["--setup-plan"], ["--fixtures"]])
def test_runs_that_run_nothing_say_nothing(project, args):
    """They open no session."""
    project.test(TEST)

    run = project.run(*args)

    assert run.code == pytest.ExitCode.OK
    assert (run.live, run.changed) == ([], set())
    assert "cassettes:" not in run.text
