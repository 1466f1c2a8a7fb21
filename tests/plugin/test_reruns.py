"""pytest-rerunfailures: every attempt starts afresh, and only the last one counts."""

from __future__ import annotations

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
