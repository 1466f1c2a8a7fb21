"""``--cassette-report-json``: the run as data, with the times of its calls."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentcassette import Cassette
from pytest_agentcassette._document import read_steps, timeline

OPTION = "--cassette-report-json=out/report.json"
TWICE = """
    from agent import ask

    def test_plan(cassette):
        ask("one")
        ask("two")
    """


def step(index: int, duration_ms: float = 10, **fields: Any) -> dict[str, Any]:
    """Make a step as a cassette has it."""
    return {
        "index": index,
        "type": "llm",
        "name": "ask",
        "input_tokens": 3,
        "output_tokens": 4,
        "duration_ms": duration_ms,
        **fields,
    }


def test_what_is_told_of_a_step():
    """All but what was said: that stands in the cassette."""
    (told,) = timeline([step(0, 10, error={"type": "KeyError", "message": "x"})])
    assert told == {
        "index": 0,
        "name": "ask",
        "type": "llm",
        "input_tokens": 3,
        "output_tokens": 4,
        "duration_ms": 10,
        "start_ms": 0.0,
        "end_ms": 10.0,
        "lane": 0,
        "lanes": 1,
        "parent": None,
        "error": "KeyError",
    }


ERRORS = {
    "as we write it": ({"error": {"type": "KeyError", "message": "x"}}, "KeyError"),
    "of a registered type": (
        {"error": [7], "types": {"/error": "tool:Outer.QuotaError(tuple)"}},
        "QuotaError",
    ),
    "of another writer": ({"error": "no quota left"}, "an exception"),
    "of a type that is no text": ({"error": {"type": 7}}, "an exception"),
    "none": ({}, None),
}


@pytest.mark.parametrize(("fields", "told"), ERRORS.values(), ids=ERRORS)
def test_what_is_told_of_an_error(fields, told):
    """Its class, as far as the cassette tells that there was one."""
    assert timeline([step(0, 10, **fields)])[0]["error"] == told


class TestCassettesThatCanNotBeRead:
    """The report says why, and goes on."""

    def test_a_missing_one(self, tmp_path):
        """Of a test that has failed, for example."""
        assert read_steps(tmp_path / "no.json") == ([], "there is no such file")

    def test_one_that_is_none(self, tmp_path):
        """With what is wrong with it."""
        file = tmp_path / "no.json"
        file.write_text("{")
        steps, problem = read_steps(file)
        assert steps == []
        assert "no.json" in problem

    def test_one_that_the_system_refuses(self, tmp_path):
        """A path below a file, for example."""
        file = tmp_path / "file"
        file.write_text("{}")
        assert read_steps(file / "no.json") == ([], "the file can't be read: Not a directory")


@pytest.mark.parametrize("options", [(), ("-p", "xdist", "-n2")], ids=["alone", "-n 2"])
def test_a_run_as_data(project, options):
    """Who ran it alone, or with workers, reads the same."""
    project.test(TWICE)
    project.run(passed=1)

    run = project.run(OPTION, *options, passed=1)

    report = json.loads(project.read("out/report.json"))
    assert f"cassette report: {project.path / 'out/report.json'}" in run.lines
    (test,) = report["tests"]
    assert {name: test[name] for name in ("test", "path", "outcome", "calls", "problem")} == {
        "test": "test_it.py::test_plan",
        "path": "cassettes/test_plan.json",
        "outcome": "replayed",
        "calls": 2,
        "problem": None,
    }
    assert test["cost"] == test["saved"] == report["totals"]["cost"]
    assert [one["name"] for one in test["steps"]] == ["ask", "ask"]
    assert report["totals"]["outcomes"] == {"replayed": 1}
    assert report["version"] == 1


def test_calls_at_the_same_time_count_once(project):
    """Nobody has waited for twenty of them one after the other, nor is spared that."""
    project.test(
        """
        import asyncio
        import agentcassette

        @agentcassette.intercept
        async def fetch(number):
            await asyncio.sleep(0.05)
            return number

        async def agent(count):
            return await asyncio.gather(*map(fetch, range(count)))

        @pytest.mark.cassette
        def test_plan():
            asyncio.run(agent(20))
        """
    )

    def times(*options):
        project.run(OPTION, *options, passed=1)
        (test,) = json.loads(project.read("out/report.json"))["tests"]
        costs = (test["cost"], test["saved"])
        steps = sum(step["duration_ms"] for step in test["steps"])
        return [cost["duration_ms"] / steps for cost in costs]

    cost, saved = times()
    assert saved == 0 < cost < 0.5
    assert times() == [cost, cost]
    project.edit("test_it.py", "agent(20)", "agent(20)); asyncio.run(fetch(20)")
    cost, saved = times("--record-mode=update")
    assert 0 < saved < cost < 0.5


def test_a_drift_is_told_in_full(project):
    """The message with its diff, and which steps were never played."""
    project.test(TWICE)
    project.run(passed=1)
    project.edit("test_it.py", '"one"', '"other"')

    project.run(OPTION, "--cassette-strict", "--record-mode=none", failed=1)

    (test,) = json.loads(project.read("out/report.json"))["tests"]
    (drift,) = test["drifts"]
    assert drift["step"] == 0
    assert drift["message"].startswith("Replay diverged at step 0")
    assert '"one" -> "other"' in drift["message"]
    assert test["unplayed_steps"] == [0, 1]


def test_drifts_that_fail_no_test_are_told_in_full_as_well(project):
    """Each with its diff: no other place tells where the calls differ."""
    project.test(TWICE)
    project.run(passed=1)
    project.edit("test_it.py", '"one"', '"other"')
    project.edit("test_it.py", '"two"', '"many"')

    project.run(OPTION, "--record-mode=none", passed=1)

    (test,) = json.loads(project.read("out/report.json"))["tests"]
    assert [drift["step"] for drift in test["drifts"]] == [0, 1]
    for drift, change in zip(test["drifts"], ['"one" -> "other"', '"two" -> "many"']):
        assert drift["message"].startswith(f"Replay diverged at step {drift['step']}: ask differs")
        assert change in drift["message"]
    assert len(test["drift"]) == 2


def test_what_is_ignored_is_no_part_of_a_diff(project):
    """It would be taken for the cause."""
    project.test(
        """
        @pytest.mark.cassette(ignore="kwargs.query.id")
        def test_plan():
            search(query={"id": 1, "text": "one"})
        """
    )
    project.run(passed=1)
    project.edit("test_it.py", '{"id": 1, "text": "one"}', '{"id": 2, "text": "two"}')

    project.run(OPTION, "--record-mode=none", passed=1)

    (test,) = json.loads(project.read("out/report.json"))["tests"]
    (drift,) = test["drifts"]
    assert 'query.text: "one" -> "two"' in drift["message"]
    assert "query.id" not in drift["message"]


def test_a_missing_cassette_is_said(project):
    """In the place of its steps."""
    project.test(TWICE)

    project.run(OPTION, "--record-mode=none", failed=1)

    (test,) = json.loads(project.read("out/report.json"))["tests"]
    assert (test["outcome"], test["steps"]) == ("missing", [])
    assert test["problem"] == "there is no such file"


def test_nothing_is_said_in_a_quiet_run(project):
    """But the file is there."""
    project.test("def test_no(): pass")

    run = project.run(OPTION, "-q", passed=1)

    assert "cassette report" not in run.text
    assert json.loads(project.read("out/report.json"))["tests"] == []


def test_what_is_in_the_cassettes_stays_as_it_was(project):
    """A report reads them, no more."""
    project.test(TWICE)
    project.run(passed=1)
    before = Cassette.load(project.path / "cassettes/test_plan.json").steps

    run = project.run(OPTION, passed=1)

    assert run.changed == {"out/report.json"}
    assert Cassette.load(project.path / "cassettes/test_plan.json").steps == before
