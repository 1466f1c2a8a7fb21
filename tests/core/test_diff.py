"""The difference of two cassettes: its numbers, its lists and its report."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest

from agentcassette._diff import CassetteDiff


class Tape:
    """Anything that has steps can be compared."""

    def __init__(self, *steps: dict[str, Any]) -> None:
        self.steps = [{**step, "index": index} for index, step in enumerate(steps)]


def step(name: str, prompt: Any = "x", result: Any = "y", **fields: Any) -> dict[str, Any]:
    """Make a step, without its index."""
    return {
        "type": "llm",
        "name": name,
        "arguments": {"args": [], "kwargs": {"prompt": prompt}},
        "result": result,
        "input_tokens": 3,
        "output_tokens": 4,
        "duration_ms": 1.5,
        **fields,
    }


PLAN, SEARCH, ANSWER = step("plan"), step("search", type="tool"), step("answer")


def diff(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> CassetteDiff:
    """Compare two lists of steps."""
    return CassetteDiff(Tape(*a), Tape(*b))


def test_an_unchanged_cassette_has_no_difference():
    """All numbers are nothing, all lists are empty, and the report says so."""
    same = diff([PLAN, ANSWER], [PLAN, ANSWER])
    assert same.identical
    assert (same.new_calls, same.dropped_calls, same.changed_calls) == ([], [], [])
    assert same.token_delta == same.input_token_delta == same.output_token_delta == 0
    assert same.step_delta == 0
    assert str(same) == "no difference"
    assert repr(same) == "CassetteDiff(new=[], dropped=[], changed=0, token_delta=0)"


CIRCUMSTANCES = {
    "duration": {"duration_ms": 99.0},
    "parent": {"parent": 0},
    "concurrency": {"concurrency": {"start": 0, "end": 3}},
}


@pytest.mark.parametrize("fields", CIRCUMSTANCES.values(), ids=CIRCUMSTANCES)
def test_circumstances_make_no_difference(fields):
    """How long a call took and where it stood among others is not what it was."""
    other = diff([PLAN, ANSWER], [PLAN, {**ANSWER, **fields}])
    assert other.identical
    assert other.changed_calls == []


CHANGES = {
    "name": ({"name": "act"}, True),
    "arguments": ({"arguments": {"args": [1], "kwargs": {}}}, True),
    "result": ({"result": {}}, True),
    "error": ({"error": {"args": []}}, True),
    "types": ({"types": {"/result": "m:Answer"}}, True),
    "stream": ({"stream": {"left": True}}, True),
    "kind": ({"type": "tool"}, False),
    "tokens": ({"input_tokens": 9}, False),
}


@pytest.mark.parametrize(("fields", "is_call"), CHANGES.values(), ids=CHANGES)
def test_what_a_step_is_makes_a_difference(fields, is_call):
    """A changed call is one with another name, other arguments or another outcome."""
    other = diff([PLAN, ANSWER], [PLAN, {**ANSWER, **fields}])
    assert not other.identical
    assert [change["index"] for change in other.changed_calls] == ([1] if is_call else [])
    assert "~ step 1" in str(other)


def test_types_are_exact():
    """1 and 1.0 are two values on tape."""
    assert len(diff([step("a", 1)], [step("a", 1.0)]).changed_calls) == 1


def test_calls_are_counted_as_often_as_they_were_made():
    """New and dropped calls are multisets, in order of their names."""
    other = diff([PLAN, SEARCH, SEARCH, PLAN], [SEARCH, ANSWER, ANSWER, step("act")])
    assert other.new_calls == ["act", "answer", "answer"]
    assert other.dropped_calls == ["plan", "plan", "search"]


def test_a_changed_call_has_its_place_and_both_steps():
    """Steps are compared by their position, as long as both cassettes have one there."""
    a, b = Tape(PLAN, ANSWER), Tape(PLAN, SEARCH, ANSWER)
    assert CassetteDiff(a, b).changed_calls == [{"index": 1, "a": a.steps[1], "b": b.steps[1]}]


def test_tokens_and_steps_are_subtracted():
    """What the newer cassette has more counts as more."""
    other = diff([PLAN], [step("plan", input_tokens=10, output_tokens=1), ANSWER])
    assert other.input_token_delta == 10
    assert other.output_token_delta == 1
    assert other.token_delta == 11
    assert other.step_delta == 1


def test_the_older_of_the_other_way_round_has_less():
    """The same the other way round has the opposite sign."""
    assert diff([PLAN, ANSWER], [PLAN]).token_delta == -7
    assert diff([PLAN, ANSWER], [PLAN]).step_delta == -1


def test_the_representation_is_short():
    """It has the counts, and no content."""
    other = diff([PLAN, ANSWER], [PLAN, SEARCH])
    assert repr(other) == (
        "CassetteDiff(new=['search'], dropped=['answer'], changed=1, token_delta=0)"
    )


REPORTS = {
    "one step inserted": (
        [PLAN, ANSWER, PLAN],
        [PLAN, SEARCH, ANSWER, PLAN],
        """\
steps: 3 -> 4 (+1)
tokens: +7 (input +3, output +4)
+ step 1: search (3 + 4 tokens)""",
    ),
    "one step removed": (
        [PLAN, SEARCH, step("answer", input_tokens=1_200)],
        [PLAN, SEARCH],
        """\
steps: 3 -> 2 (-1)
tokens: -1,204 (input -1,200, output -4)
- step 2: answer (1,200 + 4 tokens)""",
    ),
    "one step changed behind an inserted one": (
        [PLAN, step("answer", "what is the weather in Paris", {"text": "good"})],
        [SEARCH, PLAN, step("answer", "what is the weather in Rome", {"text": "bad"})],
        """\
steps: 2 -> 3 (+1)
tokens: +7 (input +3, output +4)
+ step 0: search (3 + 4 tokens)
~ step 2 (was 1): answer
  arguments.kwargs.prompt: "what is the weather in Paris" -> "what is the weather in Rome"
  result.text: "good" -> "bad\"""",
    ),
    "another call in its place": (
        [PLAN],
        [step("act")],
        """\
steps: 1 -> 1 (+0)
tokens: +0 (input +0, output +0)
~ step 0: act
  name: "plan" -> "act\"""",
    ),
    "another type": (
        [step("a", types={"/result": "m:Old"})],
        [step("a", types={"/result": "m:New"})],
        """\
steps: 1 -> 1 (+0)
tokens: +0 (input +0, output +0)
~ step 0: a
  result: "y" (m:Old) -> "y" (m:New)""",
    ),
}


@pytest.mark.parametrize(("a", "b", "expected"), REPORTS.values(), ids=REPORTS)
def test_the_report_tells_aligned_steps_and_paths(a, b, expected):
    """What was inserted is one line, what was changed is told by its paths."""
    assert str(diff(a, b)) == expected


def test_steps_of_one_name_are_paired():
    """A step is not taken for the changed one of another callable while there is its own."""
    report = str(diff([step("a", 1), step("b", 2)], [step("b", 3), step("c", 4)]))
    assert "- step 0: a" in report
    assert "~ step 0 (was 1): b" in report
    assert "+ step 1: c" in report


def test_a_step_that_differs_everywhere_is_cut():
    """The report of one step stays short."""
    a = step("a", {f"k{n}": 1 for n in range(50)})
    report = str(diff([a], [step("a", {f"k{n}": 2 for n in range(50)})]))
    assert "more differences" in report
    assert len(report.splitlines()) < 20


def test_a_diff_keeps_what_it_was_made_from():
    """Steps appended to a cassette later do not change what was compared."""
    a, b = Tape(PLAN), Tape(PLAN)
    same = CassetteDiff(a, b)
    b.steps.append(ANSWER)
    assert same.identical


@pytest.mark.parametrize("name", ["identical", "token_delta", "new_calls", "other"])
def test_a_diff_can_not_be_changed(name):
    """It says what was."""
    with pytest.raises(AttributeError):
        setattr(diff([], []), name, True)


def test_lists_of_a_diff_are_the_callers_own():
    """Whoever changes a list that was given out changes nothing else."""
    other = diff([], [PLAN])
    other.new_calls.clear()
    assert other.new_calls == ["plan"]


def test_long_cassettes_are_compared_in_a_moment():
    """Two hundred steps with growing histories take no more than seconds on a slow machine."""
    history = [{"role": "user", "content": f"message {n} " * 10} for n in range(200)]
    a = [step("chat", history[:n]) for n in range(200)]
    b = copy.deepcopy(a)
    b[50]["result"] = "changed"
    b.insert(20, SEARCH)
    started = time.perf_counter()
    report = str(diff(a, b))
    assert time.perf_counter() - started < 5
    assert [line[:8] for line in report.splitlines()[2:]] == ["+ step 2", "~ step 5", "  result"]
