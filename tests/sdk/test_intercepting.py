"""SDKs that nobody has wrapped: a preset, and a strict replay with the model down."""

from __future__ import annotations

import asyncio
import inspect

import anthropic
import openai
import pytest
from anthropic import Anthropic, AsyncAnthropic
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel
from server import Failure, ModelServer

from agentcassette import Cassette, intercepting, record, replay

QUESTION = "3 nights in Lisbon from 2026-05-04"


class Trip(BaseModel):
    """What a structured answer is parsed into."""

    city: str
    nights: int


def asking(**options):
    """Return the arguments of one chat request."""
    return {"model": "gpt", "messages": [{"role": "user", "content": QUESTION}], **options}


def asking_claude(**options):
    """Return the arguments of one request to the other SDK."""
    return asking(max_tokens=100, **options)


# --- agents of a few lines, which know nothing of us ----------------------------------------


def ask(client: OpenAI):
    """Ask once, and look at what only the SDK knows of the answer."""
    completion = client.chat.completions.create(**asking())
    return [completion, completion._request_id]


def parse(client: OpenAI):
    """Ask for an object of a class of the agent."""
    completion = client.chat.completions.parse(**asking(response_format=Trip))
    return [completion, completion.choices[0].message.parsed]


def stream(client: OpenAI):
    """Read streams: the chunks, and what helpers make of them."""
    with client.chat.completions.stream(**asking()) as events:
        kinds = [event.type for event in events]
        final = events.get_final_completion()
    return [*client.chat.completions.create(**asking(stream=True)), kinds, final]


def stream_in_part(client: OpenAI):
    """Leave a stream in the middle."""
    with client.chat.completions.create(**asking(stream=True)) as chunks:
        return [isinstance(chunks, openai.Stream), next(chunks), next(chunks)]


def respond(client: OpenAI):
    """Use the newer API, with a stream."""
    with client.responses.stream(model="gpt", input=QUESTION) as events:
        seen = list(events)
    return [client.responses.create(model="gpt", input=QUESTION), *seen]


def look_at_the_response(client: OpenAI):
    """Look at what is below the SDK, as frameworks do."""
    raw = client.chat.completions.with_raw_response.create(**asking())
    with client.chat.completions.with_streaming_response.create(**asking(stream=True)) as response:
        lines = list(response.iter_lines())
    return [raw.headers["x-request-id"], raw.parse(), *lines]


def embed(client: OpenAI):
    """Ask for vectors."""
    return [client.embeddings.create(model="embed", input=[QUESTION])]


def be_refused(client: OpenAI):
    """Be told to wait."""
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(**asking())
    return [caught.value.status_code, str(caught.value), caught.value.response.headers["date"]]


async def ask_async(client: AsyncOpenAI):
    """Ask once."""
    return [await client.chat.completions.create(**asking())]


async def parse_async(client: AsyncOpenAI):
    """Ask for an object of a class of the agent."""
    return [await client.responses.parse(model="gpt", input=QUESTION, text_format=Trip)]


async def stream_async(client: AsyncOpenAI):
    """Read streams: the chunks, and what helpers make of them."""
    chunks = [chunk async for chunk in await client.chat.completions.create(**asking(stream=True))]
    async with client.responses.stream(model="gpt", input=QUESTION) as events:
        kinds = [event.type async for event in events]
        return [*chunks, kinds, await events.get_final_response()]


async def ask_at_once(client: AsyncOpenAI):
    """Ask several times at once."""
    create = client.chat.completions.create
    return await asyncio.gather(*(create(**asking(user=str(number))) for number in range(4)))


async def embed_async(client: AsyncOpenAI):
    """Ask for vectors."""
    return [await client.embeddings.create(model="embed", input=[QUESTION])]


def ask_claude(client: Anthropic):
    """Ask once."""
    return [client.messages.create(**asking_claude())]


def stream_claude(client: Anthropic):
    """Read streams: the events, and what helpers make of them."""
    with client.messages.stream(**asking_claude()) as events:
        words, final = list(events.text_stream), events.get_final_message()
    return [*client.messages.create(**asking_claude(stream=True)), words, final]


def ask_beta_claude(client: Anthropic):
    """Ask through the part of the SDK that is still to change."""
    return [client.beta.messages.create(**asking_claude())]


def be_refused_by_claude(client: Anthropic):
    """Be told to wait."""
    with pytest.raises(anthropic.RateLimitError) as caught:
        client.messages.create(**asking_claude())
    return [caught.value.status_code, str(caught.value)]


async def ask_claude_async(client: AsyncAnthropic):
    """Ask once."""
    return [await client.messages.create(**asking_claude())]


async def stream_claude_async(client: AsyncAnthropic):
    """Read streams: the events, and what helpers make of them."""
    async with client.messages.stream(**asking_claude()) as events:
        words = [word async for word in events.text_stream]
        final = await events.get_final_message()
    seen = [event async for event in await client.messages.create(**asking_claude(stream=True))]
    return [*seen, words, final]


REFUSED = (be_refused, be_refused_by_claude)
AGENTS = {
    OpenAI: [
        ask,
        parse,
        stream,
        stream_in_part,
        respond,
        look_at_the_response,
        embed,
        be_refused,
    ],
    AsyncOpenAI: [ask_async, parse_async, stream_async, ask_at_once, embed_async],
    Anthropic: [ask_claude, stream_claude, ask_beta_claude, be_refused_by_claude],
    AsyncAnthropic: [ask_claude_async, stream_claude_async],
}
PRESETS = {
    OpenAI: "openai",
    AsyncOpenAI: "openai",
    Anthropic: "anthropic",
    AsyncAnthropic: "anthropic",
}
CASES = [
    pytest.param(agent, client, preset, id=f"{agent.__name__}-{preset}")
    for client, agents in AGENTS.items()
    for agent in agents
    for preset in (PRESETS[client], "httpx")
]


def run(agent, client, url):
    """Run an agent with a client that tries once."""
    options = {"base_url": url, "api_key": "none", "max_retries": 0}

    async def run_async():
        async with client(**options) as open_client:
            return await agent(open_client)

    if inspect.iscoroutinefunction(agent):
        return asyncio.run(run_async())
    with client(**options) as open_client:
        return agent(open_client)


@pytest.mark.parametrize(("agent", "client", "preset"), CASES)
def test_an_agent_replays_with_a_preset(tmp_path, agent, client, preset):
    """The preset of the SDK, and the one for all that is built on httpx, which it is built on."""
    path = tmp_path / "cassette.json"
    script = [Failure(429, "wait")] if agent in REFUSED else None
    with ModelServer(script) if script else ModelServer() as server, intercepting(preset):
        url = server.url if PRESETS[client] == "anthropic" else server.openai_url
        with record(path):
            live = run(agent, client, url)
        assert server.served
    with intercepting(preset), replay(path, strict=True) as player:
        again = run(agent, client, url)

    assert (player.remaining, player.divergences) == (0, [])
    assert again == live
    assert [type(one) for one in again] == [type(one) for one in live]
    kinds = {"http"} if preset == "httpx" else {"llm", "embedding"}
    assert {step["type"] for step in Cassette.load(path).steps} <= kinds


def test_two_presets_may_be_asked_for_at_once(tmp_path):
    """A call that an outer one makes belongs to it, and an answer from the tape makes none."""
    path, presets = tmp_path / "cassette.json", ("httpx", "openai")
    with ModelServer() as server, intercepting(*presets), record(path):
        live = run(stream, OpenAI, server.openai_url)
    with intercepting(*presets), replay(path, strict=True) as player:
        assert run(stream, OpenAI, server.openai_url) == live

    assert player.remaining == 0
    steps = Cassette.load(path).steps
    assert [step.get("parent") for step in steps] == [None, 0, None, 2]
