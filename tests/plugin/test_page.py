"""``--cassette-report-html``: the run as one page that needs nothing beside it."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from pytest_agentcassette._page import page

OPTION = "--cassette-report-html=out/page.html"
HOSTILE = "</script><script>alert(1)</script><!-- \u2028 \ud800"
TWICE = """
    from agent import ask

    def test_plan(cassette):
        ask("one </script><b>")
        ask("two")
    """


def document(**test):
    """Make a document with one test."""
    brief = {"test": "test_it.py::test_a", "path": "a.json", "outcome": "replayed"}
    details = {"steps": [], "drifts": [], "unplayed_steps": [], "problem": None}
    return {"version": 1, "stale": [], "tests": [{**brief, **details, **test}]}


def embedded(text):
    """The data of a page, by the name of the piece."""
    found = re.findall(r'<script type="application/json" id="([^"]+)">(.*?)</script>', text)
    return {name: json.loads(data) for name, data in found}


def test_the_data_stands_in_the_page():
    """What belongs to one test is a piece of its own, which a browser reads when it is opened."""
    fact = {"index": 0, "start_ms": 5, "end_ms": 6, "lane": 0, "lanes": 1}
    whole = document(problem="gone", steps=[fact])
    arguments = {"args": ["a"], "kwargs": {}}
    step = {"name": "ask", "arguments": arguments, "result": "b", "duration_ms": 9.0}

    data = embedded(page(whole, {"a.json": [step]}.get))

    brief = {"test": "test_it.py::test_a", "path": "a.json", "outcome": "replayed"}
    assert data["run"] == {**whole, "tests": [brief]}
    assert data["test-0"] == {
        "steps": [fact],
        "drifts": [],
        "unplayed_steps": [],
        "problem": "gone",
        "said": [
            [
                ["call", "call", 'ask("a")'],
                ["answer", "text", "b"],
            ]
        ],
    }


def test_nothing_in_the_data_is_markup():
    """Whatever agents say."""
    text = page(document(test=HOSTILE, problem=HOSTILE), lambda _: [])

    assert "alert" not in re.sub(r'<script type="application/json".*?</script>', "", text)
    assert embedded(text)["test-0"]["problem"] == HOSTILE
    assert embedded(text)["run"]["tests"][0]["test"] == HOSTILE
    text.encode("ascii", "xmlcharrefreplace")


def test_no_script_may_run_but_its_own():
    """And nothing may be asked of any server."""
    text = page(document(), lambda _: [])

    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digests = [hashlib.sha256(script.encode()).digest() for script in scripts]
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].split() == [
        f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests
    ]
    assert len(scripts) == 2
    assert not re.search(r"\b(src|href)=", text)


@pytest.mark.parametrize("options", [(), ("-p", "xdist", "-n2")], ids=["alone", "-n 2"])
def test_a_run_as_a_page(project, options):
    """With what was said in each step, and the drift in full."""
    project.test(TWICE)
    project.run(passed=1)
    project.edit("test_it.py", '"two"', '"three"')

    run = project.run(OPTION, "--cassette-strict", "--record-mode=none", *options, failed=1)

    data = embedded(project.read("out/page.html"))
    assert f"cassette report: {project.path / 'out/page.html'}" in run.lines
    assert [test["outcome"] for test in data["run"]["tests"]] == ["drifted"]
    assert '"two" -> "three"' in data["test-0"]["drifts"][0]["message"]
    assert [len(said) for said in data["test-0"]["said"]] == [2, 2]
    assert data["test-0"]["unplayed_steps"] == [1]
