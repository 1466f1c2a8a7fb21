"""Cassettes of every format version ever written: they load, replay and can be saved, for ever.

`version_1_plain.json` has the fields of format version 1 and no others, as any other writer of
that format leaves them. `version_1_full.json` was recorded by `full_run` below, and has every
optional field. `version_2_history.json` was recorded by `history_run`, and has every kind of
reference. None of these files is ever written again.
"""

from __future__ import annotations

import asyncio
import json
from collections import namedtuple
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from agentcassette import Cassette, diff_cassettes, intercept, replay, use_cassette

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.json"))

USAGE = {"input_tokens": 7, "output_tokens": 5}
UTC = timezone.utc
Outcome = namedtuple("Outcome", "body cleanup")  # noqa: PYI024 - values of any type

ran = []


@intercept(kind="llm")
def call_model(prompt, **options):
    """Stand for a model."""
    ran.append("call_model")
    return {"text": f"{prompt}, {len(options)} options", "usage": USAGE}


@intercept(kind="tool")
def search(query, limit=10):
    """Stand for a tool, with results that are no JSON, and calls of its own."""
    ran.append("search")
    if limit == 0:
        raise ValueError("no results", limit)
    ranked = rank((query, limit))
    return {"ranked": ranked, "price": Decimal("0.10"), "at": datetime(2026, 6, 30, tzinfo=UTC)}


@intercept
def rank(terms):
    """Stand for what a tool calls."""
    ran.append("rank")
    return frozenset(terms)


@intercept(kind="llm")
def stream(prompt):
    """Stand for a model that answers word by word."""
    ran.append("stream")
    yield from prompt.split()
    return ("stop", 3)


@intercept(kind="llm")
async def ask(prompt, seconds):
    """Stand for a model that is awaited, and that takes its time."""
    ran.append("ask")
    await asyncio.sleep(seconds)
    return prompt.upper()


@intercept(kind="llm")
def ask_later(prompt):
    """Stand for a method of an SDK: a plain function that returns an awaitable."""
    return ask_now(prompt)


async def ask_now(prompt):
    """Answer at once."""
    ran.append("ask_later")
    return b"bytes of " + prompt.encode()


def full_body():
    """Run an agent whose cassette needs every optional field."""
    done = [call_model("plan", headers={"x-api-key": "k3y"}), search("Rome", 3)]
    try:
        search("Rome", limit=0)
    except ValueError as error:
        done.append((type(error), error.args))
    words = stream("one two three")
    done.append(next(words))
    words.close()
    done.append([*chunks_and_returned(stream("four five"))])
    done.append(asyncio.run(full_tasks()))
    return done


def chunks_and_returned(words):
    """Read a generator to its end, and its return value as one chunk more."""
    returned = yield from words
    yield returned


async def full_tasks():
    """Make calls at the same time, and one that is cancelled."""
    both = await asyncio.gather(ask("slow", 0.05), ask("fast", 0.01))
    try:
        await asyncio.wait_for(ask("never", 60), 0.05)
    except asyncio.TimeoutError:
        both.append("cancelled")
    return [*both, await ask_later("sdk")]


def full_run(path, **options):
    """Run the agent, and clean up after it."""
    session = use_cassette(path, redact=["x-api-key"], test="test_formats.py::full", **options)
    session.open()
    try:
        body = full_body()
        fault = session.end_body()
        if fault is not None:
            raise fault
        return Outcome(body, call_model("bye"))
    finally:
        session.commit()


def plain_run(path, **options):
    """Run an agent that knows nothing of types."""
    headers = {"x-api-key": "k3y", "accept": "*/*"}
    with replay(path, **options):
        return [
            call_model(prompt="plan the task", stop=("\n\n", "END"), headers=headers),
            search("Grüße", 5),
            search("Grüße", limit=5),
            call_model("sum it up"),
        ]


HISTORY_TOOLS = [{"name": "search", "description": "Searches for what it is given. " * 40}]
LOOKS_LIKE_ONE = {"$same": 1, "$items": [1, 0, 2]}


def history_run(path, **options):
    """Run an agent that sends its whole history with every call, and edits it once."""
    history = [{"role": "system", "content": "You are a helpful assistant. " * 40}]
    answers = []
    with use_cassette(path, test="test_formats.py::history", **options):
        for number in range(4):
            history.append({"role": "user", "content": ("question", number), "at": LOOKS_LIKE_ONE})
            answer = call_model([*history], tools=HISTORY_TOOLS)
            history.append({"role": "assistant", "content": answer["text"][-9:] * 30})
            answers.append(len(answer["text"]))
            if number == 2:
                history[1] = {"role": "user", "content": "summed up"}
    return answers


HISTORY = [1293, 1688, 2083, 2433]
PLAIN = [
    {"text": "search for „Grüße“", "usage": {"input_tokens": 420, "output_tokens": 88}},
    [{"title": "Greetings 🎉", "score": 0.5}, None],
    [],
    "done",
]
FULL = Outcome(
    body=[
        {"text": "plan, 1 options", "usage": USAGE},
        {
            "ranked": frozenset({"Rome", 3}),
            "price": Decimal("0.10"),
            "at": datetime(2026, 6, 30, tzinfo=UTC),
        },
        (ValueError, ("no results", 0)),
        "one",
        ["four", "five", ("stop", 3)],
        ["SLOW", "FAST", "cancelled", b"bytes of sdk"],
    ],
    cleanup={"text": "bye, 0 options", "usage": USAGE},
)
RUNS = {
    "version_1_plain.json": (plain_run, PLAIN),
    "version_1_full.json": (full_run, FULL),
    "version_2_history.json": (history_run, HISTORY),
}


def test_every_file_has_its_run():
    """A cassette that is kept here is kept to be replayed."""
    assert [path.name for path in FILES] == sorted(RUNS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_replays(path):
    """The agent gets what it got then: nothing runs, and nothing drifts."""
    run, outcome = RUNS[path.name]
    ran.clear()

    assert run(path, strict=True) == outcome
    assert ran == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_can_be_saved(path, tmp_path):
    """With everything that is in it, so that it replays from there as well."""
    run, outcome = RUNS[path.name]
    saved, again = tmp_path / "saved.json", tmp_path / "again.json"

    Cassette.load(path).save(saved)
    Cassette.load(saved).save(again)

    assert again.read_bytes() == saved.read_bytes()
    assert diff_cassettes(path, saved).identical
    assert Cassette.load(saved).same_content(Cassette.load(path))
    assert run(saved, strict=True) == outcome


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_in_it_is_lost(path, tmp_path):
    """Every field of the file is in the cassette, and in what is saved of it."""
    Cassette.load(path).save(tmp_path / "saved.json")

    before, after = (json.loads(one.read_text("utf-8")) for one in (path, tmp_path / "saved.json"))

    assert after == before


def test_the_full_one_has_every_optional_field():
    """What is not in there is not tried."""
    document = json.loads((FOLDER / "version_1_full.json").read_text("utf-8"))
    fields = {field for step in document["steps"] for field in step}

    assert {"test", "redact", "typed"} < set(document)
    assert {
        "types",
        "error",
        "stream",
        "awaitable",
        "concurrency",
        "unfinished",
        "parent",
        "cleanup",
    } < fields
    assert {"form", "returned", "left"} == {
        field for step in document["steps"] for field in step.get("stream", ())
    }
