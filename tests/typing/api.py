"""What type checkers make of the public names; mypy reads this file, nobody runs it.

`# type: ignore[...]` marks what a checker must refuse: mypy complains where it does not.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from typing_extensions import assert_type

from agentcassette import (
    AgentCassetteError,
    Call,
    Cassette,
    CassetteDiff,
    DivergenceError,
    Player,
    Recorder,
    Session,
    diff_cassettes,
    intercept,
    intercepting,
    record,
    register_type,
    replay,
    use_cassette,
    watch_live_calls,
)

# An intercepted callable keeps its type.


@intercept
def plain(prompt: str, *, temperature: float = 0.0) -> dict[str, int]:
    return {prompt: int(temperature)}


@intercept(kind="tool", name="search_web", ignore=["kwargs.request_id", "<uuid>"])
def with_options(query: str, *, request_id: str) -> list[str]:
    return [query, request_id]


@intercept()
def with_empty_parentheses(number: int) -> str:
    return str(number)


@intercept
async def coroutine(prompt: str) -> bytes:
    return prompt.encode()


@intercept(kind="llm")
def chunks(prompt: str) -> Iterator[str]:
    yield prompt


@intercept(kind="llm")
async def async_chunks(prompt: str) -> AsyncIterator[str]:
    yield prompt


class Client:
    @intercept(kind="llm")
    def create(self, prompt: str) -> str:
        return prompt

    @intercept
    async def acreate(self, prompt: str) -> str:
        return prompt

    @classmethod
    @intercept
    def default(cls, name: str) -> Client:
        return cls()

    @staticmethod
    @intercept
    def version(major: int) -> str:
        return str(major)


class Callback:
    def __call__(self, event: int) -> str:
        return str(event)


def functions() -> None:
    assert_type(plain("x", temperature=1.0), dict[str, int])
    assert_type(with_options("x", request_id="1"), list[str])
    assert_type(with_empty_parentheses(1), str)
    plain(1)  # type: ignore[arg-type]
    plain("x", temperatur=1.0)  # type: ignore[call-arg]
    with_options("x")  # type: ignore[call-arg]


async def coroutines() -> None:
    assert_type(await coroutine("x"), bytes)
    await coroutine(1)  # type: ignore[arg-type]


def streams() -> None:
    for chunk in chunks("x"):
        assert_type(chunk, str)


async def async_streams() -> None:
    async for chunk in async_chunks("x"):
        assert_type(chunk, str)


async def methods(client: Client) -> None:
    assert_type(client.create("x"), str)
    assert_type(await client.acreate("x"), str)
    assert_type(Client.default("x"), Client)
    assert_type(Client.version(1), str)
    client.create(1)  # type: ignore[arg-type]


async def callables(client: Client, awaits: Callable[[int], Awaitable[str]]) -> None:
    assert_type(intercept(client.create, kind="llm")("x"), str)
    assert_type(intercept(partial(with_empty_parentheses, 1))(), str)
    assert_type(intercept(Callback())(1), str)
    assert_type(await intercept(awaits)(1), str)


# Sessions are sync and async context managers, and decorators.


def sessions(path: Path) -> None:
    with record(path, model="m", redact=["api_key"], redact_secrets=False) as recorder:
        assert_type(recorder.model, str | None)
    with replay("tape.json", strict=True, ignore=["**.id"], live=["tool"]) as player:
        assert_type(player.strict, bool)
        assert_type(player.cursor, int)
        assert_type(player.remaining, int)
    with use_cassette(
        path, record_mode="update", test="t.py::t", max_age=timedelta(days=30)
    ) as face:
        assert_type(face.total_tokens, int)
        assert_type(face.calls("plain", kind="llm"), list[Call])
    record(path, redact=re.compile("C-[0-9]+"))
    replay(path, redact=["api_key", re.compile("C-[0-9]+")])
    use_cassette(path, redact=re.compile(b"C-"))  # type: ignore[arg-type]
    with intercepting("openai", "package.module:Class.method=llm"):
        pass
    with intercepting() as nothing:
        assert_type(nothing, None)
    intercepting(["openai"])  # type: ignore[arg-type]
    record()  # type: ignore[call-arg]
    replay(path, True)  # type: ignore[call-arg]


async def async_sessions(path: Path) -> None:
    async with record(path) as recorder:
        assert_type(recorder.mode, str)
    async with replay(path) as player:
        assert_type(player.path, Path)


@record("tape.json")
def decorated(number: int) -> str:
    return str(number)


@replay("tape.json")
async def async_decorated(number: int) -> str:
    return str(number)


async def decorators() -> None:
    assert_type(decorated(1), str)
    assert_type(await async_decorated(1), str)
    decorated("x")  # type: ignore[arg-type]


def owned_session(session: Session[Recorder | Player], seen: Recorder | Player) -> None:
    face = session.open()
    assert_type(face, Recorder | Player)
    assert_type(session.end_body(), AgentCassetteError | None)
    assert_type(session.commit(), bool)
    session.discard()
    if isinstance(seen, Recorder):
        assert_type(seen.cassette, Cassette | None)
    else:
        assert_type(seen.divergences, list[dict[str, Any]])
        assert_type(seen.explanations, list[str])


def watching(calls: list[tuple[str, str]]) -> None:
    with watch_live_calls(lambda name, kind: calls.append((name, kind))) as nothing:
        assert_type(nothing, None)
    watch_live_calls(len)  # type: ignore[arg-type]
    watch_live_calls()  # type: ignore[call-arg]


# What is on tape.


def cassettes(path: Path) -> None:
    cassette = Cassette.load(path)
    assert_type(cassette, Cassette)
    assert_type(cassette.redact("api_key"), Cassette)
    assert_type(cassette.num_steps, int)
    assert_type(len(cassette), int)
    assert_type(cassette.steps, list[dict[str, Any]])
    diff = diff_cassettes(path, cassette)
    assert_type(diff, CassetteDiff)
    assert_type(diff.identical, bool)
    assert_type(diff.token_delta, int)


def errors(error: DivergenceError) -> None:
    assert_type(error.step_index, int)


def types() -> None:
    def encode(point: complex) -> list[float]:
        return [point.real, point.imag]

    def decode(data: Any) -> complex:
        return complex(*data)

    register_type(complex, encode=encode, decode=decode)
