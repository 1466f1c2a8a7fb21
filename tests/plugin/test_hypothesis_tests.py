"""Tests of Hypothesis run many times, and a cassette has the calls of one run."""

from __future__ import annotations

import pytest

GIVEN = """
    from hypothesis import given, strategies

    @given(strategies.integers())
    def test_plan({argument}):
        ask("hello")
    """


def test_a_marked_one_is_refused(project):
    """The run does not begin, and the error says why."""
    project.test(GIVEN.replace("@given", "@pytest.mark.cassette\n    @given").format(argument="n"))

    run = project.run()

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: test_it.py::test_plan: Hypothesis runs a test many times" in run.text
    assert "Traceback" not in run.text
    assert run.live == []


def test_one_that_asks_for_the_fixture_is_refused(project):
    """So it is without a marker."""
    project.test(GIVEN.format(argument="cassette, n"))

    run = project.run()

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "Hypothesis runs a test many times" in run.text


def test_one_that_asks_in_the_middle_is_refused(project):
    """A fixture may ask on its behalf, which nobody knows at collection."""
    asking = """
    @pytest.fixture(autouse=True)
    def asking(request):
        return request.getfixturevalue("cassette")
    """
    project.test(asking + GIVEN.format(argument="n"))

    run = project.run(errors=1)

    assert "Hypothesis runs a test many times" in run.text
    assert "_planning.py" not in run.text
