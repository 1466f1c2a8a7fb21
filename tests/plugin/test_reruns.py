"""pytest-rerunfailures: every attempt starts afresh, and only the last one counts."""

from __future__ import annotations

import pytest

RERUNS = ("-p", "pytest_rerunfailures", "--reruns=2")


def test_the_attempt_that_passes_is_the_one_that_is_written(project):
    """Nothing of the attempts before is on the tape."""
    project.test(
        """
        attempts = []

        @pytest.mark.cassette
        def test_plan():
            attempts.append(1)
            ask(f"attempt {len(attempts)}")
            assert len(attempts) == 2
        """
    )

    run = project.run(*RERUNS, passed=1, rerun=1)

    assert run.live == ["attempt 1", "attempt 2"]
    steps = project.cassette("cassettes/test_plan.json").steps
    assert [step["arguments"]["args"] for step in steps] == [["attempt 2"]]
    assert "cassettes: 1 recorded" in run.lines


def test_every_attempt_replays_from_the_beginning(project):
    """The steps that a failed attempt played are there for the next one."""
    project.test(
        """
        attempts = []

        @pytest.mark.cassette(strict=True)
        def test_plan():
            attempts.append(1)
            ask("hello")
            assert len(attempts) > FAILING
        """.replace("FAILING", "0")
    )
    project.run(passed=1)
    project.edit("test_it.py", "> 0", "> 1")

    run = project.run(*RERUNS, passed=1, rerun=1)

    assert run.live == []
    assert "cassettes: 1 replayed; 30 tokens and 0.0s of live calls not spent" in run.lines


def test_a_swallowed_drift_fails_every_attempt(project):
    """A drift is no flake: the last attempt fails for it too."""
    test = """
        @pytest.mark.cassette(strict=True)
        def test_plan():
            try:
                ask("hello")
            except Exception:
                pass
        """
    project.test(test)
    project.run(passed=1)
    project.test(test.replace("hello", "good day"))

    run = project.run(*RERUNS, failed=1, rerun=2)

    assert run.live == []
    assert "cassettes: 1 drifted" in run.lines


REPEATING = """
    import pytest

    @pytest.hookimpl(wrapper=True, {order}=True)
    def pytest_runtest_makereport(item, call):
        report = yield
        if call.when == "call" and report.failed:
            item.ihook.pytest_runtest_teardown(item=item, nextitem=item.parent)
            item.ihook.pytest_runtest_setup(item=item)
            run = lambda: item.ihook.pytest_runtest_call(item=item)
            again = pytest.CallInfo.from_call(run, "call")
            report.outcome = "passed" if again.excinfo is None else "failed"
        return report
    """
REPEATED = """
    import os

    attempts = []

    @pytest.mark.cassette(strict=True)
    def test_plan():
        attempts.append(1)
        ask("hello")
        assert len(attempts) > 1 or "FLAKY" not in os.environ
    """


@pytest.mark.parametrize("order", ["tryfirst", "trylast"])
def test_a_plugin_may_repeat_a_test_between_its_reports(project, monkeypatch, order):
    """pytest-retry does: of the attempts in between there is no report."""
    project.write("conftest.py", REPEATING.format(order=order))
    project.test(REPEATED)
    monkeypatch.setenv("FLAKY", "1")

    first = project.run(passed=1)
    replay = project.run("--record-mode=none", passed=1)

    assert first.live == ["hello", "hello"]
    assert first.changed == {"cassettes/test_plan.json"}
    assert "cassettes: 1 recorded" in first.lines
    assert replay.live == []
    assert any(line.startswith("cassettes: 1 replayed; ") for line in replay.lines)
