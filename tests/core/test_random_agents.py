"""Agents put together by chance: recorded, replayed strictly, and changed in one place.

An agent is a tree: calls in sequence, at the same time in tasks or in threads, inside each other,
failing, streamed. ``AGENTCASSETTE_EXAMPLES`` in the environment says how many are tried.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import threading
from dataclasses import dataclass, field, replace
from typing import Any, Union

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentcassette import DivergenceError, ReplayExhausted, intercept, record, replay

EXAMPLES = settings(
    max_examples=int(os.environ.get("AGENTCASSETTE_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    database=None,
)

LONGEST_PAUSE = 0.003  # seconds that an agent works between two calls, more or less
live = itertools.count()
chance = random.Random()


@dataclass(frozen=True)
class Ask:
    """A call, in one of the ways in which a call is made."""

    way: str
    prompt: str


@dataclass(frozen=True)
class Read:
    """A stream of some chunks, of which some are read."""

    way: str
    prompt: str
    chunks: int
    read: int


@dataclass(frozen=True)
class Inside:
    """A call that makes others."""

    prompt: str
    body: Node


@dataclass(frozen=True)
class Together:
    """Parts of an agent: one after the other, in tasks, or in threads."""

    way: str
    parts: tuple[Node, ...] = field(default=())


Node = Union[Ask, Read, Inside, Together]


# -- what is recorded --------------------------------------------------------------------------


@intercept(kind="llm")
def ask(prompt):
    """Answer, otherwise in each live run."""
    return {"prompt": prompt, "answer": next(live)}


@intercept(kind="llm")
async def ask_later(prompt):
    """Do the same, awaited, after a while."""
    await asyncio.sleep(chance.random() * LONGEST_PAUSE)
    return (prompt, next(live))


@intercept(kind="tool")
def fail(prompt):
    """Fail, with another number each time."""
    raise LookupError(prompt, next(live))


@intercept(kind="tool")
async def fail_later(prompt):
    """Do the same, awaited."""
    await asyncio.sleep(0)
    raise LookupError(prompt, next(live))


@intercept(kind="llm")
def stream(prompt, chunks):
    """Answer chunk by chunk."""
    for number in range(chunks):
        yield prompt, number, next(live)


@intercept(kind="llm")
async def stream_later(prompt, chunks):
    """Do the same, awaited."""
    for number in range(chunks):
        await asyncio.sleep(0)
        yield prompt, number, next(live)


@intercept(kind="tool")
async def inside(prompt, run):
    """Make other calls, and add up what they give."""
    return prompt, await run()


# -- agents ------------------------------------------------------------------------------------


async def run(node: Node) -> Any:
    """Run an agent, and give all that it has seen."""
    await asyncio.sleep(chance.random() * LONGEST_PAUSE)
    if isinstance(node, Ask):
        return await make(node)
    if isinstance(node, Read):
        return await read(node)
    if isinstance(node, Inside):

        async def body() -> Any:
            return await run(node.body)

        return await inside(node.prompt, body)
    if node.way == "sequence":
        return [await run(part) for part in node.parts]
    if node.way == "tasks":
        return await asyncio.gather(*map(run, node.parts))
    return await asyncio.gather(*(asyncio.to_thread(run_here, part) for part in node.parts))


def run_here(node: Node) -> Any:
    """Run a part of an agent in the loop of this thread."""
    return asyncio.run(run(node))


async def make(node: Ask) -> Any:
    """Make a call; an exception is something that was seen."""
    try:
        if node.way == "ask":
            return ask(node.prompt)
        if node.way == "ask_later":
            return await ask_later(prompt=node.prompt)
        if node.way == "fail":
            return fail(node.prompt)
        return await fail_later(node.prompt)
    except LookupError as error:
        return ["failed", error.args]


async def read(node: Read) -> Any:
    """Read a stream as far as it is read."""
    seen: list[Any] = []
    if node.way == "stream":
        given = stream(node.prompt, node.chunks)
        for chunk in given:
            seen.append(chunk)
            if len(seen) >= node.read:
                break
        given.close()
    else:
        given_later = stream_later(node.prompt, node.chunks)
        async for chunk in given_later:
            seen.append(chunk)
            if len(seen) >= node.read:
                break
        await given_later.aclose()
    return seen


# -- put together by chance --------------------------------------------------------------------

LEAVES = st.one_of(
    st.builds(Ask, st.sampled_from(["ask", "ask_later", "fail", "fail_later"]), st.just("")),
    st.builds(
        Read,
        st.sampled_from(["stream", "stream_later"]),
        st.just(""),
        st.integers(1, 4),
        st.integers(1, 5),
    ),
)
NODES = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(Inside, st.just(""), inner)
        | st.builds(
            Together,
            st.sampled_from(["sequence", "sequence", "tasks", "threads"]),
            st.lists(inner, min_size=1, max_size=4).map(tuple),
        )
    ),
    max_leaves=10,
)


def named(node: Node, numbers: itertools.count[int]) -> Node:
    """Give each call of an agent a prompt of its own, so that no two calls are the same."""
    if isinstance(node, Together):
        return replace(node, parts=tuple(named(part, numbers) for part in node.parts))
    node = replace(node, prompt=f"call {next(numbers)}")
    return replace(node, body=named(node.body, numbers)) if isinstance(node, Inside) else node


AGENTS = NODES.map(lambda node: named(node, itertools.count()))


# -- changed in one place ----------------------------------------------------------------------


AWAITED = {"ask_later", "fail_later", "stream_later"}


def is_ordered(node: Node, *, elsewhere: bool = False) -> bool:
    """Tell whether the calls of an agent can wait for those that come before them.

    A sync call on the thread of an event loop can't, and is ordered against the calls of its own
    task alone.
    """
    if isinstance(node, Together):
        elsewhere = elsewhere or node.way != "sequence"
        return all(is_ordered(part, elsewhere=elsewhere) for part in node.parts)
    return not elsewhere or isinstance(node, Inside) or node.way in AWAITED


def changes_of(node: Node) -> list[Node]:
    """Give every agent that differs from this one in one place, where that can be told.

    What a call makes inside of itself is not run when the call is answered from the tape, so a
    change in there changes nothing.
    """
    if isinstance(node, Ask):
        other = {"ask": "ask_later", "ask_later": "ask", "fail": "ask", "fail_later": "ask"}
        return [replace(node, prompt="changed"), replace(node, way=other[node.way])]
    if isinstance(node, Read):
        further = [replace(node, read=node.read + 1)] if node.read < node.chunks else []
        return [replace(node, prompt="changed"), replace(node, chunks=node.chunks + 9), *further]
    if isinstance(node, Inside):
        return [replace(node, prompt="changed"), node.body]
    parts = node.parts
    changed = [
        replace(node, parts=(*parts[:at], other, *parts[at + 1 :]))
        for at, part in enumerate(parts)
        for other in changes_of(part)
    ]
    if node.way == "sequence":
        changed += [
            replace(node, parts=(*parts[:at], parts[at + 1], parts[at], *parts[at + 2 :]))
            for at in range(len(parts) - 1)
            if is_ordered(parts[at]) and is_ordered(parts[at + 1])
        ]
    dropped = [replace(node, parts=(*parts[:at], *parts[at + 1 :])) for at in range(len(parts))]
    added = [
        replace(node, parts=(*parts[:at], Ask("ask", "added"), *parts[at:]))
        for at in range(len(parts) + 1)
    ]
    return [*changed, *dropped, *added]


@EXAMPLES
@given(AGENTS, st.randoms(use_true_random=False))
def test_an_agent_replays_as_it_was_and_a_changed_one_is_caught(tmp_path_factory, agent, picks):
    """Whatever it does at the same time, and however long it works between its calls."""
    path = tmp_path_factory.mktemp("agent") / "tape.json"
    with record(path):
        seen = asyncio.run(run(agent))
    calls = next(live)
    with replay(path, strict=True) as player:
        assert asyncio.run(run(agent)) == seen
    assert (player.remaining, next(live)) == (0, calls + 1)

    changed = picks.choice(changes_of(agent))
    with pytest.raises((DivergenceError, ReplayExhausted)), replay(path, strict=True):
        asyncio.run(run(changed))
    assert next(live) == calls + 2
    assert threading.active_count() < 50
