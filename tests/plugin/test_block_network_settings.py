"""Whose connections are refused: who asks for it, and what is a replay."""

from __future__ import annotations

import pytest

BLOCK = "--cassette-block-network"

TEST = """
    @pytest.mark.cassette({keyword})
    def test_plan():
        ask("hello")
        {then}
    """


@pytest.fixture
def recorded(connected):
    """Give a function that records a test, and lets it do something else from then on."""

    def record(then="", *, keyword="", ini=""):
        connected.test(TEST.format(keyword="", then=""))
        connected.run(passed=1)
        connected.test(TEST.format(keyword=keyword, then=then))
        connected.edit("pytest.ini", "[pytest]", f"[pytest]\n{ini}")
        return connected

    return record


@pytest.mark.parametrize(
    ("options", "ini", "keyword", "outcome"),
    [
        ([], "", "", "passed"),
        ([BLOCK], "", "", "failed"),
        ([], "cassette_block_network = true", "", "failed"),
        ([], "cassette_block_network = false", "", "passed"),
        ([BLOCK], "", "block_network=False", "passed"),
        ([], "", "block_network=True", "failed"),
        ([], "cassette_block_network = true", "block_network=False", "passed"),
        ([BLOCK], "", "block_network=None", "failed"),
    ],
)
def test_the_closest_wins(recorded, options, ini, keyword, outcome):
    """The option, the ini file, the marker."""
    project = recorded("reach()", keyword=keyword, ini=ini)

    project.run(*options, **{outcome: 1})


def test_a_marker_of_the_module(recorded):
    """The marker of the test itself comes before it."""
    project = recorded("reach()", keyword="block_network=False")
    marker = "pytestmark = pytest.mark.cassette(block_network=True)"
    project.edit("test_it.py", "from agent import *", f"from agent import *\n{marker}")

    project.run(passed=1)


@pytest.mark.parametrize(
    ("keyword", "ini", "message"),
    [
        ("block_network='yes'", "", "block_network='yes': it takes True or False"),
        ("", "cassette_block_network = perhaps", "cassette_block_network in the ini file"),
    ],
)
def test_what_is_no_truth_value_is_a_usage_error(recorded, keyword, ini, message):
    """Nobody shall believe that the network is blocked."""
    run = recorded(keyword=keyword, ini=ini).run()

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert message in run.text


@pytest.mark.parametrize("mode", ["once", "all", "update"])
def test_whoever_may_record_may_connect(recorded, mode):
    """Else nothing could be recorded; the mode decides, not whether a call was answered."""
    project = recorded("reach()")
    if mode == "once":
        (project.path / "cassettes" / "test_plan.json").unlink()

    project.run(BLOCK, f"--record-mode={mode}", passed=1)


def test_live_calls_in_a_replay_are_kept_from_it_as_well(recorded):
    """They run for real, but to connect takes a word from the test."""
    project = recorded("swallow(intercept(reach, kind='tool'))", keyword="live=['tool']")

    run = project.run(BLOCK, failed=1)

    assert "network blocked in replay: connection to 198.51.100.1:9" in run.lines


def test_a_replay_without_a_cassette(connected):
    """A test that makes no call needs none, and no network either."""
    connected.test(
        """
        @pytest.mark.cassette
        def test_plan():
            swallow(reach)
        """
    )

    connected.run(BLOCK, "--record-mode=none", failed=1)


def test_tests_without_a_cassette_are_left_alone(connected):
    """They are no replay."""
    connected.test(
        """
        def test_plan():
            reach()
        """
    )

    connected.run(BLOCK, "--record-mode=none", passed=1)


def test_only_who_needs_one_gets_a_hook(recorded):
    """It could never be removed."""
    project = recorded()
    project.write(
        "conftest.py",
        """
        import sys

        def pytest_unconfigure():
            answers = []
            sys.audit("pytest_agentcassette.guards", answers)
            print("guards:", answers)
        """,
    )

    idle = project.run("-s", subprocess=True, passed=1)
    recording = project.run("-s", BLOCK, "--record-mode=all", subprocess=True, passed=1)
    replaying = project.run("-s", BLOCK, subprocess=True, passed=1)

    assert "guards: []" in idle.lines
    assert "guards: []" in recording.lines
    assert "guards: [[]]" in replaying.lines
