"""Where today's steps differ from the recorded ones: steps in, lines out."""

from __future__ import annotations

import pytest

from agentcassette import Contrast, Difference
from pytest_agentcassette._verifying import verify

ANSWER = "Take the tram to the old town, and walk down to the river from there."
TODAY = 'Start at the castle in the morning, before the crowds "arrive"; then\nhave lunch.'


def step(name="ask", result="yes", index=0, tokens=(10, 10), **fields):
    """Make a step."""
    return {
        "index": index,
        "type": "llm",
        "name": name,
        "arguments": {"args": [], "kwargs": {}},
        "result": result,
        "input_tokens": tokens[0],
        "output_tokens": tokens[1],
        **fields,
    }


def changed(*path, a, b):
    """A difference of two values."""
    return Difference(path, "changed", a, b, path, "", "")


def lines(*contrasts, typed=True, finished=True, live=()):
    """The differences of some calls, each given as (recorded, made, differences of arguments)."""
    calls = [Contrast(*one) for one in contrasts]
    return list(verify(calls, typed=typed, finished=finished, live=live))


def test_another_answer_is_no_difference():
    """It is what a model is for."""
    assert lines() == []
    assert lines((step(result={"text": ANSWER}), step(result={"text": TODAY}))) == []


def test_calls_that_are_new_or_dropped():
    """Each is told by its place, on tape or in today's run."""
    search = step("search", type="tool", index=1)

    assert lines((step(), step()), (search, None)) == ["step 1, search: not called today"]
    assert lines((step(), step()), (None, search)) == ["step 1 of today, search: not on tape"]


def test_a_run_that_failed_owes_no_call():
    """What it did call is compared all the same."""
    calls = (step(), step(result=1)), (step(index=1), None), (None, step("act", index=1))

    assert lines(*calls, finished=False) == [
        "step 0, ask: result: a text -> a number",
        "step 1 of today, act: not on tape",
    ]


def test_kinds_that_are_live_in_a_replay_are_no_matter_of_the_tape():
    """A replay would not compare them either."""
    tool = step("search", type="tool", index=1)

    assert lines((tool, None), (None, tool), (tool, {**tool, "result": 1}), live=("tool",)) == []


ARGUMENTS = {
    "changed": (
        [changed("city", a="Lisbon", b="Porto")],
        ['city: "Lisbon" -> "Porto"'],
    ),
    "changed in a long text": (
        [changed("prompt", a="x" * 50 + " in May" + "y" * 60, b="x" * 50 + " in June" + "y" * 60)],
        [
            f"prompt: …{'x' * 6} in May{'y' * 27}… -> …{'x' * 6} in June{'y' * 26}…",
        ],
    ),
    "a number that grew": ([changed("n", a=1, b=12)], ["n: 1 -> 12"]),
    "new": (
        [Difference(("args", 0), "added", None, {"a": "b" * 50}, ("args", 0), "", "")],
        [f'args[0] is new: {{"a": "{"b" * 33}…'],
    ),
    "gone": (
        [Difference(("n",), "removed", 1, None, ("n",), "", "")],
        ["n is gone: 1"],
    ),
    "another type": (
        [Difference(("n",), "type", 1, 1, ("n",), "int", "float")],
        ["n: int -> float"],
    ),
    "a sixth": (
        [changed(name, a=1, b=2) for name in "abcdef"],
        [*[f"{name}: 1 -> 2" for name in "abcde"], "1 more difference in its arguments"],
    ),
    "a seventh": (
        [changed(name, a=1, b=2) for name in "abcdefg"],
        [*[f"{name}: 1 -> 2" for name in "abcde"], "2 more differences in its arguments"],
    ),
    "what a terminal would obey": (
        [changed("a\x1b", a="\x9b", b="\u202e")],
        [r'["a\u001b"]: "\x9b" -> "\u202e"'],
    ),
}


@pytest.mark.parametrize(("differences", "expected"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments_are_told_by_their_paths(differences, expected):
    """With what stood there and what stands there, as far as a line has room."""
    found = lines((step(), step(), tuple(differences)))

    assert found == [f"step 0, ask: {line}" for line in expected]


HISTORY = ("messages", 1, "content")
CONSEQUENCES = {
    "a message of the history": changed(*HISTORY, a="on tape", b="today"),
    "a history by position": changed("args", 0, 2, "content", a="on tape", b="today"),
    "a message that is new": Difference(("messages", 2), "added", None, {}, (), "", ""),
    "a message that is gone": Difference(("messages", 2), "removed", {}, None, (), "", ""),
    "another kind of message": Difference(HISTORY, "type", "x", "x", HISTORY, "str", "m:Text"),
    "a prompt": changed("prompt", a=ANSWER, b=TODAY),
    "a prompt by position": changed("args", 0, a=f"{ANSWER}\n", b=f"{TODAY}\n"),
    "a text around it": changed("prompt", a=f"Shorten: {ANSWER}", b=f"Shorten: {TODAY}"),
    "json around it": changed(
        "prompt",
        a='{"plan": "' + ANSWER + '"}',
        b='{"plan": "' + TODAY.replace('"', '\\"').replace("\n", "\\n") + '"}',
    ),
}
DECISIONS = {
    "a short text": changed("city", a="Lisbon", b="Porto"),
    "one by position": changed("args", 0, a="Lisbon", b="Porto"),
    "one in an object": changed("arguments", "city", a="Lisbon", b="Porto"),
    "a number": changed("nights", a=1700, b=1800),
    "the text around an answer": changed("prompt", a=f"Shorten: {ANSWER}", b=f"Cut: {TODAY}"),
    "a text that was no answer": changed("prompt", a=ANSWER[::-1], b=TODAY),
    "a text that is no answer": changed("prompt", a=ANSWER, b=TODAY[::-1]),
    "a list that is none any more": changed("messages", a=[], b=None),
    "a type": Difference(("prompt",), "type", ANSWER, ANSWER, (), "str", "m:Text"),
}
THEN = step(result={"text": ANSWER, "choices": [{"city": "Lisbon"}], "created": 1700})
NOW = step(result={"text": TODAY, "choices": [{"city": "Porto"}], "created": 1800})


def after(*calls, difference):
    """What is told of a call that differs from its step, and that others came before."""
    last = step("plan", index=9)
    found = lines(*calls, (last, last, (difference,)))
    return [line for line in found if line.startswith("step 9, ")]


@pytest.mark.parametrize("difference", CONSEQUENCES.values(), ids=CONSEQUENCES)
def test_what_follows_from_another_answer_is_no_difference(difference):
    """Answers differ each time, and so does what goes back to the model with them."""
    assert after((THEN, NOW), difference=difference) == []


@pytest.mark.parametrize("difference", DECISIONS.values(), ids=DECISIONS)
def test_what_the_agent_decides_is_one(difference):
    """Which city it asks for is what a test is about."""
    assert len(after((THEN, NOW), difference=difference)) == 1


OTHERS = {
    "a new call": (None, NOW),
    "a dropped call": (THEN, None),
    "another error": (step(error={"message": "a"}), step(error={"message": "b"})),
}


@pytest.mark.parametrize("call", OTHERS.values(), ids=OTHERS)
def test_what_else_makes_another_history(call):
    """A message more, a message less, and an error that the model is told of."""
    assert after(call, difference=CONSEQUENCES["a message of the history"]) == []


@pytest.mark.parametrize("name", ["a message of the history", "a prompt"])
def test_nothing_follows_from_the_same_answers(name):
    """Then somebody has changed the prompt, or the agent."""
    assert len(after((THEN, THEN), difference=CONSEQUENCES[name])) == 1


@pytest.mark.parametrize("name", ["a message of the history", "a prompt"])
def test_nothing_follows_from_later_answers(name):
    """They cannot have been known."""
    first, later = step(), ({**THEN, "index": 1}, {**NOW, "index": 1})

    found = lines((first, first, (CONSEQUENCES[name],)), later)

    assert len(found) == 1


RATE_LIMIT = {"error": {"type": "RateLimitError", "message": "Too many requests, " + "x" * 40}}
ERRORS = {
    "raises now": (
        {},
        RATE_LIMIT,
        "raises RateLimitError today: Too many requests, " + "x" * 21 + "…",
    ),
    "raised then": (RATE_LIMIT, {}, "raised RateLimitError, and answers today"),
    "raises another": (
        RATE_LIMIT,
        {"error": {"type": "E", "message": "no"}, "types": {"/error": "openai:APIError"}},
        "raised RateLimitError, and raises openai.APIError today: no",
    ),
    "raises the same with other words": (
        RATE_LIMIT,
        {"error": {"type": "RateLimitError", "message": "Wait."}},
        None,
    ),
    "somebody else's error": ({"error": "boom"}, {"error": "bang"}, None),
    "somebody else's error, and none": (
        {"error": ["x"]},
        {},
        "raised an exception, and answers today",
    ),
}


@pytest.mark.parametrize(("then", "now", "expected"), ERRORS.values(), ids=ERRORS)
def test_exceptions_are_compared_by_class(then, now, expected):
    """Their texts carry times and ids."""
    found = lines((step(result=None, **then), step(result=None, **now)))

    assert found == ([f"step 0, ask: {expected}"] if expected else [])


ENDS = {
    "both to the end": ({}, {}, True),
    "one to the end": ({"stream": {}}, {"stream": {"left": True}}, False),
    "none to the end": ({"stream": {"left": True}}, {"stream": {"left": True}}, True),
    "both cancelled": ({"unfinished": True}, {"unfinished": True}, False),
}


@pytest.mark.parametrize(("then", "now", "compared"), ENDS.values(), ids=ENDS)
def test_shapes_are_compared_where_both_came_as_far(then, now, compared):
    """The chunks of a stream are items of a list, and a part of them tells less."""
    found = lines((step(result=[{"a": 1}], **then), step(result=[{"b": 1}], **now)))

    assert bool(found) is compared


def test_types_are_compared_where_the_cassette_has_them():
    """Another writer's does not say."""
    then, now = step(result=[1]), step(result=[1], types={"/result": "tuple"})

    assert lines((then, now)) == ["step 0, ask: result: a list -> tuple"]
    assert lines((then, now), typed=False) == []


def test_the_tokens_of_the_whole_run_are_compared():
    """Each call may vary, but the bill should not, by more than half and more than a few."""
    old = [step(tokens=(100, 10)), step("plan", tokens=(100, 200), index=1)]
    new = [step(tokens=(120, 30)), step("plan", tokens=(1_200, 210), index=1)]

    assert lines(*zip(old, new)) == [
        "tokens in: 200 -> 1,320, most of it in step 1, plan (100 -> 1,200)"
    ]
    assert lines((old[0], new[0])) == []
    assert lines((step(tokens=(9, 100)), step(tokens=(60, 151)))) == [
        "tokens in: 9 -> 60",
        "tokens out: 100 -> 151",
    ]
    assert lines((step(tokens=(60, 0)), None)) == [
        "step 0, ask: not called today",
        "tokens in: 60 -> 0",
    ]
    assert lines((step(tokens=(0, 1000)), step(tokens=(50, 700)))) == []
