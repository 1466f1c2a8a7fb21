"""What somebody reads who did not write the agent, when it does something else than on its tape.

Each message is written out whole: it has to fit on a screen, and to say where and what to do.
"""

from __future__ import annotations

import copy
import re
from textwrap import dedent

import pytest

from agentcassette import DivergenceError, ReplayExhausted, intercept, record, use_cassette

COMMAND = "pytest --record-mode=update tests/test_trip.py::test_plan"
LINES_OF_A_SCREEN = 24


@intercept(kind="llm")
def ask(messages, *, tools=None, **options):
    """Stand for a model."""
    return {"text": "ok", "usage": {"input_tokens": 1200, "output_tokens": 80}}


@intercept(kind="tool")
def search(query, limit=10):
    """Stand for a tool."""
    return [query]


@intercept(kind="tool")
def find(query):
    """Stand for a tool that was called `search`."""
    return [query]


@intercept(kind="tool")
def book(city, nights):
    """Stand for a tool with other parameters."""
    return {"booked": True}


@intercept(kind="llm")
def stream(prompt):
    """Stand for a model that answers word by word."""
    yield from prompt.split()


HISTORY = [
    {"role": "system", "content": "You are a careful travel agent.\nAnswer briefly.\nBe kind."},
    *(
        {
            "role": "user" if number % 2 else "assistant",
            "content": f"This is message {number}, and it says something about a trip to Lisbon.",
        }
        for number in range(1, 40)
    ),
]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "parameters": {"type": "object", "properties": {"nights": {"type": "integer"}}},
        },
    }
    for name in ("flights", "hotels")
]


def agent(history=HISTORY, tools=TOOLS, *, between=lambda: book("Lisbon", nights=3), **options):
    """Ask, look something up, do something, and ask again with all that was said."""
    ask(history[:2])
    search("weather in Lisbon")
    between()
    ask(history, tools=tools, **options)


def changed(value, change):
    """Give a value with a change in it."""
    other = copy.deepcopy(value)
    change(other)
    return other


def with_text(number, old, new):
    """Give the history with another text in one of its messages."""
    text = HISTORY[number]["content"].replace(old, new)
    return changed(HISTORY, lambda history: history[number].update(content=text))


def with_tool(change):
    """Give the tools with a change in the second one."""
    return changed(TOOLS, lambda tools: change(tools[1]["function"]))


def first(count):
    """Read some words of a stream."""
    return [word for word, _ in zip(stream("one two three"), range(count))]


def new_tool():
    """Call the tool by its new name."""
    ask(HISTORY[:2])
    find("weather in Lisbon")


def swapped():
    """Do two things the other way round."""
    ask(HISTORY[:2])
    book("Lisbon", nights=3)
    search("weather in Lisbon")


def dated(moment, request="req_8f14e45fceea167a"):
    """Ask with the time in the prompt, and an id of the request."""
    ask([{"role": "system", "content": f"Today is {moment}. Be brief."}], request_id=request)


INSERTED = {"role": "user", "content": "It has to be near the sea."}
SITUATIONS = {
    "one changed word in a history of 40 messages": (
        agent,
        lambda: agent(with_text(17, "something", "anything")),
        """\
        Replay diverged at step 3: ask differs at messages[17].content
          cassette: tape.json (record mode none, 3 of 4 steps played)
          the call: ask(messages=[40 items], tools=[2 items])
            messages[17].content:
              - "This is message 17, and it says something about a trip to Lisbon."
              + "This is message 17, and it says anything about a trip to Lisbon."
        """,
    ),
    "one inserted message": (
        agent,
        lambda: agent(changed(HISTORY, lambda history: history.insert(20, INSERTED))),
        """\
        Replay diverged at step 3: ask differs at messages[20]
          cassette: tape.json (record mode none, 3 of 4 steps played)
          recorded: ask(messages=[40 items], tools=[2 items])
          now:      ask(messages=[41 items], tools=[2 items])
            + messages[20]: {"role": "user", "content": "It has to be near the sea."}
        """,
    ),
    "one changed line of a prompt": (
        agent,
        lambda: agent(with_text(0, "briefly", "at length")),
        """\
        Replay diverged at step 0: ask differs at messages[0].content
          cassette: tape.json (record mode none, 0 of 4 steps played)
          the call: ask(messages=[2 items])
            messages[0].content:
              @@ line 2 @@
                You are a careful travel agent.
              - Answer briefly.
              + Answer at length.
                Be kind.
        """,
    ),
    "a renamed tool that is called": (
        agent,
        new_tool,
        """\
        Replay diverged at step 1: find is called where search was
          cassette: tape.json (record mode none, 1 of 4 steps played)
          recorded: search("weather in Lisbon")
          now:      find(query="weather in Lisbon")
        """,
    ),
    "a renamed tool that is offered": (
        agent,
        lambda: agent(tools=with_tool(lambda tool: tool.update(name="lodging"))),
        """\
        Replay diverged at step 3: ask differs at tools[1].function.name
          cassette: tape.json (record mode none, 3 of 4 steps played)
          the call: ask(messages=[40 items], tools=[2 items])
            tools[1].function.name: "hotels" -> "lodging"
        """,
    ),
    "a changed schema of a tool": (
        agent,
        lambda: agent(
            tools=with_tool(lambda tool: tool["parameters"]["properties"]["nights"].update(min=1))
        ),
        """\
        Replay diverged at step 3: ask differs at tools[1].function.parameters.properties.nights.min
          cassette: tape.json (record mode none, 3 of 4 steps played)
          the call: ask(messages=[40 items], tools=[2 items])
            + tools[1].function.parameters.properties.nights.min: 1
        """,
    ),
    "a new extra call": (
        agent,
        lambda: agent(between=lambda: [search("events in Lisbon"), book("Lisbon", nights=3)]),
        """\
        Replay diverged at step 2: search is called where book was
          cassette: tape.json (record mode none, 2 of 4 steps played)
          recorded: book("Lisbon", nights=3)
          now:      search(query="events in Lisbon")
        """,
    ),
    "an extra call at the end": (
        agent,
        lambda: [agent(), search("events in Lisbon")],
        """\
        Replay exhausted at step 4: search is called once more than recorded
          cassette: tape.json (record mode none, 4 of 4 steps played)
          now:      search("events in Lisbon")
        """,
    ),
    "the same call once more": (
        agent,
        lambda: agent(between=lambda: search("weather in Lisbon")),
        """\
        Replay diverged at step 2: search is called where book was
          cassette: tape.json (record mode none, 2 of 4 steps played)
          recorded: book("Lisbon", nights=3)
          now:      search(query="weather in Lisbon")
          an equal call was made before, and answered by step 1
        """,
    ),
    "a dropped call": (
        agent,
        lambda: agent(between=lambda: None),
        """\
        Replay diverged at step 2: ask is called where book was
          cassette: tape.json (record mode none, 2 of 4 steps played)
          recorded: book("Lisbon", nights=3)
          now:      ask(messages=[40 items], tools=[2 items])
          an equal call comes later on tape, as step 3
        """,
    ),
    "a dropped call at the end": (
        agent,
        lambda: [ask(HISTORY[:2]), search("weather in Lisbon"), book("Lisbon", nights=3)],
        """\
        Replay diverged at step 3: ask was never called
          cassette: tape.json (record mode none, 3 of 4 steps played)
          recorded: ask([40 items], tools=[2 items])
        """,
    ),
    "two calls swapped": (
        agent,
        swapped,
        """\
        Replay diverged at step 1: book is called where search was
          cassette: tape.json (record mode none, 1 of 4 steps played)
          recorded: search("weather in Lisbon")
          now:      book(city="Lisbon", nights=3)
          an equal call comes later on tape, as step 2
        """,
    ),
    "a time in the prompt": (
        lambda: dated("2026-11-24T09:00:00Z"),
        lambda: dated("2026-11-25T10:30:00Z"),
        """\
        Replay diverged at step 0: ask differs at messages[0].content
          cassette: tape.json (record mode none, 0 of 1 steps played)
          the call: ask(messages=[1 item], request_id="req_8f14e45fceea167a")
            messages[0].content:
              - "Today is 2026-11-24T09:00:00Z. Be brief."
              + "Today is 2026-11-25T10:30:00Z. Be brief."
          if that differs in every run: ignore=["<datetime>"]
        """,
    ),
    "an id of the request": (
        lambda: dated("Monday"),
        lambda: dated("Monday", "req_c9f0f895fb98ab91"),
        """\
        Replay diverged at step 0: ask differs at request_id
          cassette: tape.json (record mode none, 0 of 1 steps played)
          recorded: ask(messages=[1 item], request_id="req_8f14e45fceea167a")
          now:      ask(messages=[1 item], request_id="req_c9f0f895fb98ab91")
            request_id: "req_8f14e45fceea167a" -> "req_c9f0f895fb98ab91"
          if that differs in every run: ignore=["kwargs.request_id"]
        """,
    ),
    "another type": (
        agent,
        lambda: agent(between=lambda: book("Lisbon", nights=3.0)),
        """\
        Replay diverged at step 2: book differs at nights
          cassette: tape.json (record mode none, 2 of 4 steps played)
          recorded: book(city="Lisbon", nights=3)
          now:      book(city="Lisbon", nights=3.0)
            nights: 3 (int) -> 3.0 (float)
        """,
    ),
    "a stream that is read further": (
        lambda: first(1),
        lambda: first(3),
        """\
        Replay diverged at step 0: stream, the stream is read further than recorded
          cassette: tape.json (record mode none, 1 of 1 steps played)
          the call: stream(prompt="one two three")
        """,
    ),
}


@pytest.mark.parametrize(("before", "after", "message"), SITUATIONS.values(), ids=SITUATIONS)
def test_the_message(before, after, message, tmp_path, monkeypatch):
    """Its first line says what, and where; its last ones what to do, and what that costs."""
    monkeypatch.chdir(tmp_path)
    with record("tape.json"):
        before()
    with (
        pytest.raises((DivergenceError, ReplayExhausted)) as drift,
        use_cassette("tape.json", record_mode="none", strict=True, rerecord=COMMAND),
    ):
        after()

    text = re.sub(r"cost [\d,]+ tokens and [\d.]+ s", "cost N tokens and N s", str(drift.value))
    assert text == dedent(message) + (
        f"  if the change is meant: {COMMAND}\n"
        "  (recording it all cost N tokens and N s the last time)"
    )
    assert text.count("\n") < LINES_OF_A_SCREEN


def test_all_of_a_long_difference_is_told_where_it_is_asked_for(tmp_path, monkeypatch):
    """A screen has to do unless somebody wants to know it all."""
    monkeypatch.chdir(tmp_path)
    with record("tape.json"):
        ask(HISTORY)
    texts = []
    for full in (False, True):
        with (
            pytest.raises(DivergenceError) as drift,
            use_cassette("tape.json", record_mode="none", strict=True, full=full),
        ):
            ask([{**message, "content": "x" * 200} for message in HISTORY])
        texts.append(str(drift.value).splitlines())

    short, whole = texts
    assert len(short) < LINES_OF_A_SCREEN
    assert "more differences" in short[-1]
    assert len([line for line in whole if "x" * 200 in line]) == 40


FRESH = {
    "a time": ("2026-11-24 09:00:00", "2026-11-25 10:30:00", '["<datetime>"]'),
    "a uuid": (
        "a b1f0c9a0-1111-4222-8333-444455556666",
        "a 0a1b2c3d-1111-4222-8333-444455556677",
        '["<uuid>"]',
    ),
    "both": (
        "2026-11-24T09:00:00Z b1f0c9a0-1111-4222-8333-444455556666",
        "2026-11-25T10:30:00Z 0a1b2c3d-1111-4222-8333-444455556677",
        '["<datetime>", "<uuid>"]',
    ),
    "an id in a list": (
        [{"traceId": "8f14e45fceea167a"}, 1],
        [{"traceId": "c9f0f895fb98ab91"}, 1],
        '["kwargs.query[*].traceId"]',
    ),
    "seconds": ({"created": 1795588391}, {"created": 1795588999}, '["kwargs.query.created"]'),
    "an id that is short": ({"id": "17"}, {"id": "18"}, None),
    "a word under the name of an id": ({"id": "somewhere"}, {"id": "elsewhere"}, None),
    "a text": ("8f14e45fceea167a", "c9f0f895fb98ab91", None),
    "an id and a word": (
        {"id": "8f14e45fceea167a", "city": "Lisbon"},
        {"id": "c9f0f895fb98ab91", "city": "Porto"},
        None,
    ),
    "more than a few ids": (
        {f"a{n}_id": "8f14e45fceea167a" for n in range(4)},
        {f"a{n}_id": "c9f0f895fb98ab91" for n in range(4)},
        None,
    ),
    "an id that was not there": ({"a": 1}, {"a": 1, "id": "c9f0f895fb98ab91"}, None),
}


@pytest.mark.parametrize(("before", "after", "ignore"), FRESH.values(), ids=FRESH)
def test_what_is_made_afresh_in_each_run_can_be_ignored(before, after, ignore, tmp_path):
    """It is suggested only where it would make the two calls the same, and looks like it."""
    path = tmp_path / "tape.json"
    with record(path):
        search(before)
    with (
        pytest.raises(DivergenceError) as drift,
        use_cassette(path, record_mode="none", strict=True),
    ):
        search(after)

    lines = [line for line in str(drift.value).splitlines() if "ignore=" in line]
    assert lines == ([] if ignore is None else [f"  if that differs in every run: ignore={ignore}"])
