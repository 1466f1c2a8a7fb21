"""What Anthropic's SDK gave live, it gives again in strict replay, with the model down."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anthropic
import pytest
from anthropic import AsyncAnthropic
from server import Failure, Reply

from agentcassette import intercept, record, replay

if TYPE_CHECKING:
    from anthropic import Anthropic

QUESTION = "3 nights in Lisbon from 2026-05-04"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = [{"name": name, "input_schema": SCHEMA} for name in ("flights", "hotels")]


def asking(**options):
    """Return the arguments of one request."""
    messages = [{"role": "user", "content": QUESTION}]
    return {"model": "claude", "max_tokens": 99, "messages": messages, **options}


def results(message):
    """Return what the tools of a message found, and the message before it, as history."""
    found = [
        {"type": "tool_result", "tool_use_id": block.id, "content": f"{block.name}: full"}
        for block in message.content
    ]
    return [
        {"role": "assistant", "content": message.content},
        {"role": "user", "content": found},
    ]


# --- agents of a few lines ------------------------------------------------------------------


def chat(client: Anthropic):
    """Ask once."""
    return intercept(client.messages.create, kind="llm")(**asking(system="Be brief."))


def chat_with_tools(client: Anthropic):
    """Ask, and tell the model what the tools that it wants have found."""
    ask = intercept(client.messages.create, kind="llm")
    asked = asking(tools=TOOLS)
    message = ask(**asked)
    asked["messages"] += results(message)
    return [message, ask(**asked)]


def stream(client: Anthropic):
    """Read the raw events of a stream."""
    with intercept(client.messages.create, kind="llm")(**asking(stream=True)) as events:
        return list(events)


def stream_of_tool_calls(client: Anthropic):
    """Read the raw events of a stream of tool calls."""
    return list(intercept(client.messages.create, kind="llm")(**asking(stream=True, tools=TOOLS)))


def stream_of_text(client: Anthropic):
    """Read the text alone, and then the message that it adds up to."""
    with intercept(client.messages.stream, kind="llm")(**asking()) as events:
        told = [isinstance(events, anthropic.MessageStream), events.request_id]
        return [*told, list(events.text_stream), events.get_final_message()]


def stream_of_events(client: Anthropic):
    """Read the events that the SDK makes, with tools called in them."""
    with intercept(client.messages.stream, kind="llm")(**asking(tools=TOOLS)) as events:
        return [*events, events.get_final_message()]


def stream_left_early(client: Anthropic):
    """Read two events, and no more."""
    with intercept(client.messages.stream, kind="llm")(**asking()) as events:
        return [event for _, event in zip("ab", events)]


AGENTS = [
    chat,
    chat_with_tools,
    stream,
    stream_of_tool_calls,
    stream_of_text,
    stream_of_events,
    stream_left_early,
]


@pytest.mark.parametrize("agent", AGENTS)
def test_replays_to_the_sync_client(agent, server, anthropic_client, tmp_path):
    """Equal values of equal types come back, and the server hears of nothing."""
    with record(tmp_path / "cassette.json"):
        live = agent(anthropic_client)
    served = server.served
    server.stop()
    with replay(tmp_path / "cassette.json", strict=True) as player:
        again = agent(anthropic_client)

    assert again == live
    assert types_in(again) == types_in(live)
    assert served > 0
    assert server.served == served
    assert (player.remaining, player.divergences) == (0, [])


def types_in(value):
    """Return the type of a value, and those of its items."""
    return [type(item) for item in value] if isinstance(value, list) else type(value)


# --- the same, async ------------------------------------------------------------------------


async def async_chat(client: AsyncAnthropic):
    """Ask once."""
    return await intercept(client.messages.create, kind="llm")(**asking(system="Be brief."))


async def async_chat_with_tools(client: AsyncAnthropic):
    """Ask, and tell the model what the tools that it wants have found."""
    ask = intercept(client.messages.create, kind="llm")
    asked = asking(tools=TOOLS)
    message = await ask(**asked)
    asked["messages"] += results(message)
    return [message, await ask(**asked)]


async def async_stream(client: AsyncAnthropic):
    """Read the raw events of a stream."""
    ask = intercept(client.messages.create, kind="llm")
    return [event async for event in await ask(**asking(stream=True))]


async def async_stream_of_text(client: AsyncAnthropic):
    """Read the text alone, and then the message that it adds up to."""
    async with intercept(client.messages.stream, kind="llm")(**asking()) as events:
        texts = [text async for text in events.text_stream]
        return [texts, await events.get_final_message()]


async def all_at_once(client: AsyncAnthropic):
    """Ask the same several times at once, each in a task."""
    ask = intercept(client.messages.create, kind="llm")
    return await asyncio.gather(*(ask(**asking()) for _ in range(4)))


ASYNC_AGENTS = [
    async_chat,
    async_chat_with_tools,
    async_stream,
    async_stream_of_text,
    all_at_once,
]


@pytest.mark.parametrize("agent", ASYNC_AGENTS)
def test_replays_to_the_async_client(agent, server, tmp_path):
    """Equal values of equal types come back, and the server hears of nothing."""

    async def run():
        async with AsyncAnthropic(base_url=server.url, api_key="none", max_retries=0) as client:
            return await agent(client)

    with record(tmp_path / "cassette.json"):
        live = asyncio.run(run())
    served = server.served
    server.stop()
    with replay(tmp_path / "cassette.json", strict=True) as player:
        again = asyncio.run(run())

    assert again == live
    assert types_in(again) == types_in(live)
    assert served > 0
    assert server.served == served
    assert (player.remaining, player.divergences) == (0, [])


# --- failures and tokens --------------------------------------------------------------------


def test_replays_a_rate_limit_that_comes_with_a_stream(server, anthropic_client, tmp_path):
    """The SDK asks the model when the stream is entered; that is where it fails again."""
    server.script([Failure(429, "Slow down.", retry_after=2)])

    def agent():
        manager = intercept(anthropic_client.messages.stream, kind="llm")(**asking())
        with pytest.raises(anthropic.RateLimitError) as refused:
            manager.__enter__()
        return refused.value

    with record(tmp_path / "cassette.json"):
        live = agent()
    server.stop()
    with replay(tmp_path / "cassette.json", strict=True):
        again = agent()

    assert (str(again), again.status_code) == (str(live), 429)
    assert again.response.headers["retry-after"] == "2"


def test_replays_a_rate_limit_as_it_was(server, anthropic_client, tmp_path):
    """The error is the SDK's own, with what back-off code reads from it."""
    server.script([Failure(429, "Slow down.", retry_after=2), Reply("Here you are.")])
    refusals = []

    def agent():
        ask = intercept(anthropic_client.messages.create, kind="llm")
        try:
            return ask(**asking())
        except anthropic.RateLimitError as error:
            refusals.append(error)
            return ask(**asking())

    with record(tmp_path / "cassette.json"):
        live = agent()
    server.stop()
    with replay(tmp_path / "cassette.json", strict=True):
        again = agent()

    assert again == live
    first, second = refusals
    assert type(second) is type(first) is anthropic.RateLimitError
    assert second.response.headers["retry-after"] == "2"
    assert second.status_code == 429
    assert (str(second), second.args, second.body) == (str(first), first.args, first.body)
    assert server.served == 2


@pytest.mark.parametrize("agent", [chat, stream], ids=["message", "stream"])
def test_counts_the_tokens_of_the_usage_block(agent, server, anthropic_client, tmp_path):
    """Tokens are those that the model counted, words here; in a stream the last count."""
    server.script([Reply("One two three.")])
    with record(tmp_path / "cassette.json") as recorder:
        agent(anthropic_client)

    assert recorder.total_input_tokens == {chat: 8, stream: 6}[agent]
    assert recorder.total_output_tokens == 3
