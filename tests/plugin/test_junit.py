"""What a test did with its cassette, in its report: for JUnit's XML and whoever reads reports."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

TESTS = """
    @pytest.mark.cassette
    def test_plan():
        ask("one")
        ask("two")

    @pytest.mark.cassette(strict=True)
    def test_strict(record_property):
        record_property("mine", "kept")
        ask("three")

    def test_plain():
        pass
    """


def properties(project):
    """The properties of each test in the file, in their order."""
    cases = ET.parse(project.path / "junit.xml").iter("testcase")
    return {
        case.get("name"): [(one.get("name"), one.get("value")) for one in case.iter("property")]
        for case in cases
    }


XML = ("--junitxml=junit.xml", "-o", "junit_family=xunit1")


@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n", "2"]], ids=["alone", "-n 2"])
def test_the_facts_are_properties_of_the_test(project, workers):
    """With and without workers, beside what the test itself records."""
    project.test(TESTS)
    project.run(passed=3)
    project.edit("test_it.py", "two", "2")
    project.edit("test_it.py", "three", "<3>")

    project.run(*XML, *workers, passed=2, failed=1)

    facts = properties(project)
    plan, strict = dict(facts["test_plan"]), dict(facts["test_strict"])
    assert 0 <= float(plan.pop("cassette_live_seconds")) < 60
    assert plan.pop("cassette_recorded_at").endswith("Z")
    assert plan == {
        "cassette": "cassettes/test_plan.json",
        "cassette_outcome": "drifted",
        "cassette_mode": "once",
        "cassette_calls": "2",
        "cassette_input_tokens": "40",
        "cassette_output_tokens": "20",
        "cassette_tokens": "60",
        "cassette_tokens_saved": "60",
        "cassette_drift": "step 1, ask: the arguments differ",
    }
    assert strict["mine"] == "kept"
    assert strict["cassette_drift"] == "Replay diverged at step 0: ask differs at prompt"
    assert facts["test_plain"] == []


def test_a_rerun_tells_of_itself_alone(project):
    """The facts of the attempt before are not repeated beside its own."""
    project.plugins += ["rerunfailures"]
    project.test(
        """
        attempts = []

        @pytest.mark.cassette
        def test_plan():
            ask("one")
            attempts.append(1)
            assert len(attempts) == 2
        """
    )

    project.run(*XML, "--reruns=1", passed=1, rerun=1)

    (facts,) = properties(project).values()
    assert [value for name, value in facts if name == "cassette_outcome"] == ["recorded"]


def test_a_missing_cassette_is_told(project):
    """It has a path, and no call."""
    project.test(TESTS)

    project.run(*XML, "--record-mode=none", failed=2, passed=1)

    facts = dict(properties(project)["test_plan"])
    assert facts["cassette_outcome"] == "missing"
    assert facts["cassette_mode"] == "none"
    assert "cassette_price" not in facts
