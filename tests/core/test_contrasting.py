"""The calls of a run beside the steps of a cassette: which belong together, and what differs."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from agentcassette import Cassette, intercept, record, use_cassette


@intercept(kind="llm")
def ask(prompt, *, api_key=None, request_id=None):
    """Stand for a model."""
    return {"text": prompt.upper() if isinstance(prompt, str) else "?"}


@intercept(kind="tool")
def search(query):
    """Stand for a tool."""
    return [query]


@intercept
def outer(prompt):
    """Make a call inside of a call."""
    return ask(prompt)


@pytest.fixture
def tape(tmp_path):
    """Give a function that records some calls, and gives the cassette."""

    def tape(*calls, **options):
        path = tmp_path / "tape.json"
        with record(path, **options):
            for call in calls:
                call()
        return Cassette.load(path)

    return tape


def contrasts(cassette, *calls, **options):
    """Make some calls, and put them beside the steps of a cassette."""
    session = use_cassette("nowhere.json", record_mode="all", **options)
    recorder = session.open()
    try:
        for call in calls:
            call()
        return recorder.contrast(cassette)
    finally:
        session.discard()


def pairs(found):
    """For each contrast the index of the step, that of the call, and where they differ."""
    return [
        (
            one.recorded and one.recorded["index"],
            one.made and one.made["index"],
            [difference.place for difference in one.arguments],
        )
        for one in found
    ]


def calling(function, *args, **kwargs):
    """Give a call that is still to be made."""
    return lambda: function(*args, **kwargs)


CASES = {
    "nothing": ([], [], []),
    "the same": (
        [calling(ask, "a"), calling(search, "b")],
        [calling(ask, "a"), calling(search, "b")],
        [(0, 0, []), (1, 1, [])],
    ),
    "by position or by name": (
        [calling(ask, "a")],
        [calling(ask, prompt="a")],
        [(0, 0, [])],
    ),
    "in another order": (
        [calling(ask, "a"), calling(ask, "b")],
        [calling(ask, "b"), calling(ask, "a")],
        [(1, 0, []), (0, 1, [])],
    ),
    "each step once": (
        [calling(ask, "a")],
        [calling(ask, "a"), calling(ask, "a")],
        [(0, 0, []), (None, 1, [])],
    ),
    "changed": (
        [calling(ask, "a"), calling(ask, "c")],
        [calling(ask, "b"), calling(ask, "c")],
        [(0, 0, ["prompt"]), (1, 1, [])],
    ),
    "a new one": (
        [calling(ask, "a"), calling(ask, "c")],
        [calling(ask, "a"), calling(search, "b"), calling(ask, "c")],
        [(0, 0, []), (None, 1, []), (1, 2, [])],
    ),
    "not called, first and last": (
        [calling(search, "0"), calling(ask, "a"), calling(search, "1"), calling(search, "2")],
        [calling(ask, "a")],
        [(0, None, []), (1, 0, []), (2, None, []), (3, None, [])],
    ),
    "not called, before what came too early": (
        [calling(ask, "a"), calling(search, "b"), calling(search, "c")],
        [calling(search, "c"), calling(ask, "a")],
        [(1, None, []), (2, 0, []), (0, 1, [])],
    ),
    "the likeliest of a name": (
        [calling(ask, "where to go in May"), calling(ask, "what to eat there")],
        [calling(ask, "what to eat in there")],
        [(0, None, []), (1, 0, ["prompt"])],
    ),
    "another callable is no change": (
        [calling(ask, "a")],
        [calling(search, "a")],
        [(None, 0, []), (0, None, [])],
    ),
}


@pytest.mark.parametrize(("recorded", "made", "expected"), CASES.values(), ids=CASES)
def test_which_belong_together(tape, recorded, made, expected):
    """A call belongs to the step that is the same call, else to the nearest of its name."""
    assert pairs(contrasts(tape(*recorded), *made)) == expected


def test_both_steps_are_whole(tape):
    """What came of a call is there, so that it can be compared."""
    (found,) = contrasts(tape(calling(ask, "a")), calling(ask, "b"))

    assert found.recorded["result"] == {"text": "A"}
    assert found.made["result"] == {"text": "B"}
    assert (found.arguments[0].a, found.arguments[0].b) == ("a", "b")


def test_what_is_ignored_is_not_compared(tape):
    """As in a replay."""
    recorded = tape(calling(ask, "a", request_id=1), calling(ask, "b", request_id=2))
    calls = calling(ask, "a", request_id=3), calling(ask, "c", request_id=4)

    found = contrasts(recorded, *calls, ignore="kwargs.request_id")

    assert pairs(found) == [(0, 0, []), (1, 1, ["prompt"])]


def test_secrets_are_on_neither_side(tape):
    """A whole value that was redacted stands for any value, and today's is not told."""
    recorded = tape(calling(ask, "a", api_key="then"), redact="api_key")
    known = contrasts(recorded, calling(ask, "b", api_key="now"), redact="api_key")
    unknown = contrasts(recorded, calling(ask, "b", api_key="now"))
    later = contrasts(tape(calling(ask, "a", api_key="then")), calling(ask, "b"), redact="api_key")

    assert pairs(known) == pairs(unknown) == [(0, 0, ["prompt"])]
    assert json.dumps([known, later]).count("then") == json.dumps(known).count("now") == 0


def test_calls_inside_of_calls_are_compared_for_themselves(tape):
    """All of them ran."""
    recorded = tape(calling(outer, "a"))

    assert pairs(contrasts(recorded, calling(outer, "a"))) == [(0, 0, []), (1, 1, [])]


def test_calls_that_were_answered_are_compared_as_well(tape, tmp_path):
    """Of what was made inside of one, only the step is known."""
    recorded = tape(calling(outer, "a"), calling(ask, "b"))
    session = use_cassette(tmp_path / "tape.json", record_mode="update")
    recorder = session.open()
    outer("a")
    ask("c")
    session.discard()

    found = recorder.contrast(recorded)

    assert (recorder.replayed, recorder.recorded) == (2, 1)
    assert pairs(found) == [(0, 0, []), (1, 1, []), (2, 2, ["prompt"])]


@dataclass
class Question:
    """An argument with a type."""

    text: str


def test_types_are_compared_where_the_cassette_has_them(tape):
    """Another writer's cassette does not say."""
    recorded = tape(calling(ask, Question("a")))
    untyped = Cassette([{"name": "ask", "arguments": recorded.steps[0]["arguments"]}])
    call = calling(ask, {"text": "a"})

    assert pairs(contrasts(recorded, call)) == [(0, 0, ["prompt"])]
    assert pairs(contrasts(untyped, call)) == [(0, 0, [])]
