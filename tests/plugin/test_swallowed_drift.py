"""A drift that the agent's own error handling hides fails the test all the same, once."""

from __future__ import annotations

CAUGHT = """
    @pytest.mark.cassette(strict=True)
    def test_plan():
        for prompt in ["{prompt}", "again"]:
            try:
                ask(prompt)
            except Exception:
                pass
    """


def record_and_change(project, test):
    """Record a test, and let its agent ask for something else from then on."""
    project.test(test.format(prompt="hello"))
    project.run(passed=1)
    project.test(test.format(prompt="good day"))


def test_a_drift_that_is_caught_is_a_failure(project):
    """It is F, not E; the first line of the drift is pytest's summary of it."""
    record_and_change(project, CAUGHT)

    run = project.run(failed=1)

    assert run.live == []
    assert "Replay diverged at step 0: ask differs at prompt" in run.lines
    assert (
        "FAILED test_it.py::test_plan - agentcassette.DivergenceError: Replay diverged at step 0"
        in run.text
    )
    assert run.text.count("Replay diverged at step 0: ask differs at prompt") == 1
    assert "The body of the test ended without an error: the code under test caught this one." in (
        run.lines
    )
    assert "hidden" not in run.text


def test_a_drift_that_is_raised_shows_no_frame_of_ours(project):
    """The traceback ends at the line of the test that makes the call."""
    record_and_change(
        project,
        """
        @pytest.mark.cassette(strict=True)
        def test_plan():
            ask("{prompt}")
        """,
    )

    run = project.run("--tb=long", failed=1)

    assert '>       ask("good day")' in run.text
    assert "E       agentcassette.DivergenceError: Replay diverged at step 0: ask" in run.text
    assert "agentcassette/_" not in run.text
    assert "plugin.py" not in run.text
    assert "code under test caught" not in run.text


def test_an_exception_of_the_agent_shows_no_frame_of_ours(project):
    """What the real callable raises while it is recorded is shown as if nothing were around it."""
    project.test(
        """
        from agentcassette import intercept

        @intercept
        def fail(prompt):
            raise ValueError("no answer")

        @pytest.mark.cassette
        def test_plan():
            fail("hello")
        """
    )

    run = project.run("--tb=long", failed=1)

    assert "ValueError: no answer" in run.text
    assert "agentcassette/_" not in run.text


def test_an_error_of_the_test_comes_first_and_the_drift_beside_it(project):
    """A test that fails because of a hidden drift shows both."""
    record_and_change(
        project,
        """
        @pytest.mark.cassette(strict=True)
        def test_plan():
            answer = None
            try:
                answer = ask("{prompt}")
            except Exception:
                pass
            assert answer
        """,
    )

    run = project.run(failed=1)

    assert "FAILED test_it.py::test_plan - assert None" in run.text
    assert "agentcassette: the replay drifted too" in run.text
    assert "Replay diverged at step 0: ask differs at prompt" in run.lines


def test_a_drift_that_the_error_tells_of_is_told_once(project):
    """An error that was raised from the drift needs no note."""
    record_and_change(
        project,
        """
        @pytest.mark.cassette(strict=True)
        def test_plan():
            try:
                ask("{prompt}")
            except Exception as error:
                raise RuntimeError("the agent gave up") from error
        """,
    )

    run = project.run(failed=1)

    assert "RuntimeError: the agent gave up" in run.text
    assert "the replay drifted too" not in run.text


def test_an_expected_drift_is_an_expected_failure(project):
    """An xfail sees the drift by its class, also where the agent caught it."""
    project.test(
        """
        import agentcassette

        @pytest.mark.cassette
        def test_plan():
            ask("hello")
        """
    )
    project.run(passed=1)
    project.test(
        """
        import agentcassette

        @pytest.mark.xfail(raises=agentcassette.DivergenceError, strict=True)
        @pytest.mark.cassette(strict=True)
        def test_plan():
            try:
                ask("good day")
            except Exception:
                pass
        """
    )

    run = project.run(xfailed=1)

    assert run.changed == set()
