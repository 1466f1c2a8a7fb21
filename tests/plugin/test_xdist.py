"""pytest-xdist: the workers' records come together on the controller."""

from __future__ import annotations

import pytest

XDIST = ("-p", "xdist", "-n", "2")

TESTS = """
    @pytest.mark.cassette(strict=True)
    @pytest.mark.parametrize("number", range(4))
    def test_plan(number):
        ask(f"hello {number}")
    """


@pytest.fixture(params=[[], ["-p", "xdist", "-n", "0"], [*XDIST]], ids=["alone", "-n 0", "-n 2"])
def workers(request):
    """The options of runs that all do the same: without pytest-xdist, without workers, with two."""
    return request.param


def test_the_summary_is_the_same_with_and_without_workers(project, workers):
    """Record, replay, drift."""
    project.test(TESTS)

    first = project.run(*workers, passed=4)
    second = project.run(*workers, "--record-mode=none", passed=4)
    project.edit("test_it.py", 'f"hello {number}"', 'f"hello {number % 3}"')
    third = project.run(*workers, "--cassette-report", passed=3, failed=1)

    assert len(first.changed) == 4
    assert "cassettes: 4 recorded" in first.lines
    assert second.live == []
    assert "cassettes: 4 replayed; 120 tokens and 0.0s of live calls not spent" in second.lines
    assert "cassettes: 3 replayed, 1 drifted; 90 tokens and 0.0s of live calls not spent" in (
        third.lines
    )
    assert "pytest --record-mode=update 'test_it.py::test_plan[3]'" in third.lines
    assert any(line.startswith("drifted") and "test_plan[3]" in line for line in third.lines)


def test_the_options_reach_the_workers(project):
    """A mode of the command line holds there too."""
    project.test(TESTS)

    run = project.run(*XDIST, "--record-mode", "none", failed=4)

    assert (run.live, run.changed) == ([], set())
    assert "cassettes: 4 without a cassette" in run.lines


def test_groups_are_no_part_of_the_name_of_a_test(project):
    """pytest-xdist puts the group behind the id; a cassette must not depend on that."""
    project.test(
        """
        @pytest.mark.xdist_group("models")
        @pytest.mark.cassette
        def test_plan():
            ask("hello")
        """
    )

    project.run(*XDIST, "--dist=loadgroup", passed=1)

    assert project.cassette("cassettes/test_plan.json").test == "test_it.py::test_plan"


def test_a_crashed_worker_is_said(project):
    """What the lost test did is not known; the records of the others are there."""
    project.test(
        """
        import os

        @pytest.mark.cassette
        @pytest.mark.parametrize("number", range(4))
        def test_plan(number):
            ask(f"hello {number}")
            if number == 2:
                os._exit(1)
        """
    )

    run = project.run(*XDIST)

    assert "cassettes: 3 recorded" in run.lines
    at = run.lines.index("1 worker crashed; what these tests did with a cassette is not known")
    assert run.lines[at + 1] == "test_it.py::test_plan[2]"
    assert len(run.changed) == 3


def test_a_usage_error_of_the_workers_is_readable(project):
    """Workers collect, so they find the mistakes."""
    project.test(
        """
        @pytest.mark.cassette(recordmode="all")
        def test_plan():
            ask("hello")
        """
    )

    run = project.run(*XDIST)

    assert run.code != pytest.ExitCode.OK
    assert "there is no keyword 'recordmode' (did you mean 'record_mode'?)" in run.text
    assert run.live == []
