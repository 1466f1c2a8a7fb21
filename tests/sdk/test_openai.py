"""What OpenAI's SDK gave live, it gives again in strict replay, with the model down."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import openai
import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel
from server import Failure, Reply

from agentcassette import Cassette, DivergenceError, intercept, record, replay

if TYPE_CHECKING:
    from openai import OpenAI

QUESTION = "3 nights in Lisbon from 2026-05-04"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": SCHEMA}}
RESPONSES_TOOL = {"type": "function", "name": "look_up", "parameters": SCHEMA, "strict": False}


class Trip(BaseModel):
    """What a structured answer is parsed into."""

    city: str
    nights: int


def asking(text=QUESTION, **options):
    """Return the arguments of one chat request."""
    return {"model": "gpt", "messages": [{"role": "user", "content": text}], **options}


# --- agents of a few lines ------------------------------------------------------------------


def chat(client: OpenAI):
    """Ask once."""
    return intercept(client.chat.completions.create, kind="llm")(**asking())


def chat_with_tools(client: OpenAI):
    """Ask, call the tools that the model wants, and tell it what they found."""
    ask = intercept(client.chat.completions.create, kind="llm")

    @intercept(kind="tool")
    def look_up(city):
        return {"city": city, "rooms": 3}

    asked = asking(tools=[TOOL, {**TOOL, "function": {**TOOL["function"], "name": "again"}}])
    message = ask(**asked).choices[0].message
    asked["messages"].append(message)
    for call in message.tool_calls:
        content = json.dumps(look_up(**json.loads(call.function.arguments)))
        asked["messages"].append({"role": "tool", "tool_call_id": call.id, "content": content})
    return ask(**asked)


def parse(client: OpenAI):
    """Ask for an object of a class of the agent."""
    return intercept(client.chat.completions.parse, kind="llm")(**asking(response_format=Trip))


def stream(client: OpenAI):
    """Read a stream to its end."""
    ask = intercept(client.chat.completions.create, kind="llm")
    return list(ask(**asking(stream=True, stream_options={"include_usage": True})))


def stream_of_tool_calls(client: OpenAI):
    """Read a stream of tool calls, and close it as a context manager does."""
    ask = intercept(client.chat.completions.create, kind="llm")
    with ask(**asking(stream=True, tools=[TOOL])) as chunks:
        return list(chunks)


def respond(client: OpenAI):
    """Use the newer API, with a tool and its result."""
    ask = intercept(client.responses.create, kind="llm")
    first = ask(model="gpt", input=QUESTION, tools=[RESPONSES_TOOL])
    found = [
        {"type": "function_call_output", "call_id": call.call_id, "output": "full"}
        for call in first.output
    ]
    history = [{"role": "user", "content": QUESTION}, *first.output, *found]
    return [first, ask(model="gpt", input=history, tools=[RESPONSES_TOOL])]


def stream_of_a_response(client: OpenAI):
    """Read the events of the newer API."""
    ask = intercept(client.responses.create, kind="llm")
    return list(ask(model="gpt", input=QUESTION, stream=True))


def stream_with_its_response(client: OpenAI):
    """Look at what a stream is, at the response that it comes with, and leave it in the middle."""
    with intercept(client.chat.completions.create, kind="llm")(**asking(stream=True)) as chunks:
        response = chunks.response
        told = (isinstance(chunks, openai.Stream), response.status_code)
        return [*told, response.headers["x-request-id"], next(chunks), next(iter(chunks))]


def stream_with_helpers(client: OpenAI):
    """Let the SDK add the chunks up to events, and to a completion."""
    stream = intercept(client.chat.completions.stream, kind="llm")
    with stream(**asking(response_format=Trip)) as events:
        kinds = [event.type for event in events]
        return [kinds, events.get_final_completion()]


def stream_of_a_response_with_helpers(client: OpenAI):
    """The same with the newer API."""
    with intercept(client.responses.stream, kind="llm")(model="gpt", input=QUESTION) as events:
        return [*events, events.get_final_response()]


def parsed_response(client: OpenAI):
    """Ask the newer API for an object of a class of the agent."""
    parse = intercept(client.responses.parse, kind="llm")
    response = parse(model="gpt", input=QUESTION, text_format=Trip)
    return [response, response.output_parsed]


def raw(client: OpenAI):
    """Read the headers of a response before it is parsed, as frameworks do."""
    create = intercept(client.chat.completions.with_raw_response.create, kind="llm")
    response = create(**asking())
    return [response.headers["x-request-id"], response.parse()]


def raw_parsed(client: OpenAI):
    """The same where a function of the call parses it."""
    parse = intercept(client.chat.completions.with_raw_response.parse, kind="llm")
    response = parse(**asking(response_format=Trip))
    return [response.headers["x-request-id"], response.parse()]


def raw_stream(client: OpenAI):
    """The same where it is a stream."""
    create = intercept(client.chat.completions.with_raw_response.create, kind="llm")
    response = create(**asking(stream=True))
    return [response.headers["x-request-id"], *response.parse()]


def unread(client: OpenAI):
    """Read the body of a response line by line."""
    create = intercept(client.chat.completions.with_streaming_response.create, kind="llm")
    with create(**asking()) as response:
        return [response.headers["x-request-id"], *response.iter_lines()]


def from_threads(client: OpenAI):
    """Ask several questions at once, each from a thread of a pool."""
    ask = intercept(client.chat.completions.create, kind="llm")
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda number: ask(**asking(str(number))), range(8)))


AGENTS = [
    chat,
    chat_with_tools,
    parse,
    stream,
    stream_of_tool_calls,
    respond,
    stream_of_a_response,
    stream_with_its_response,
    stream_with_helpers,
    stream_of_a_response_with_helpers,
    parsed_response,
    raw,
    raw_parsed,
    raw_stream,
    unread,
    from_threads,
]


@pytest.mark.parametrize("agent", AGENTS)
def test_replays_to_the_sync_client(agent, server, openai_client, tmp_path):
    """Equal values of equal types come back, and the server hears of nothing."""
    with record(tmp_path / "cassette.json") as recorder:
        live = agent(openai_client)
    served = server.served
    server.stop()
    with replay(tmp_path / "cassette.json", strict=True) as player:
        again = agent(openai_client)

    assert again == live
    assert types_in(again) == types_in(live)
    assert served > 0
    assert server.served == served
    assert len(recorder.steps) == recorder.cassette.num_steps >= served
    assert recorder.unreplayable == []
    assert (player.remaining, player.divergences) == (0, [])


def types_in(value):
    """Return the type of a value, and those of its items."""
    return [type(item) for item in value] if isinstance(value, list) else type(value)


# --- the same, async ------------------------------------------------------------------------


async def async_chat(client: AsyncOpenAI):
    """Ask once."""
    return await intercept(client.chat.completions.create, kind="llm")(**asking())


async def async_parse(client: AsyncOpenAI):
    """Ask for an object of a class of the agent."""
    ask = intercept(client.chat.completions.parse, kind="llm")
    return await ask(**asking(response_format=Trip))


async def async_stream(client: AsyncOpenAI):
    """Read a stream to its end, and close it as a context manager does."""
    ask = intercept(client.chat.completions.create, kind="llm")
    async with await ask(**asking(stream=True)) as chunks:
        return [chunk async for chunk in chunks]


async def async_stream_with_helpers(client: AsyncOpenAI):
    """Let the SDK add the chunks up to events, and to a completion."""
    stream = intercept(client.chat.completions.stream, kind="llm")
    async with stream(**asking()) as events:
        kinds = [event.type async for event in events]
        return [kinds, await events.get_final_completion()]


async def async_unread(client: AsyncOpenAI):
    """Read the body of a response, once its headers are known."""
    create = intercept(client.chat.completions.with_streaming_response.create, kind="llm")
    async with create(**asking()) as response:
        return [response.status_code, response.headers["x-request-id"], await response.parse()]


async def async_respond(client: AsyncOpenAI):
    """Use the newer API."""
    return await intercept(client.responses.create, kind="llm")(model="gpt", input=QUESTION)


async def all_at_once(client: AsyncOpenAI):
    """Ask several questions at once, each in a task."""
    ask = intercept(client.chat.completions.create, kind="llm")
    return await asyncio.gather(*(ask(**asking(str(number))) for number in range(8)))


async def first_come(client: AsyncOpenAI):
    """Ask several questions at once, and take the answers as they come."""
    ask = intercept(client.chat.completions.create, kind="llm")
    answers = asyncio.as_completed([ask(**asking(str(number))) for number in range(8)])
    return [await answer for answer in answers]


ASYNC_AGENTS = [
    async_chat,
    async_parse,
    async_stream,
    async_stream_with_helpers,
    async_unread,
    async_respond,
    all_at_once,
    first_come,
]


@pytest.mark.parametrize("agent", ASYNC_AGENTS)
def test_replays_to_the_async_client(agent, server, tmp_path):
    """Equal values of equal types come back, and the server hears of nothing."""

    async def run():
        async with AsyncOpenAI(base_url=server.openai_url, api_key="none", max_retries=0) as client:
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


# --- failures -------------------------------------------------------------------------------


def test_replays_a_rate_limit_as_it_was(server, openai_client, tmp_path):
    """The error is the SDK's own, with what back-off code reads from it."""
    server.script([Failure(429, "Slow down.", retry_after=2), Reply("Here you are.")])
    refusals = []

    def agent():
        ask = intercept(openai_client.chat.completions.create, kind="llm")
        try:
            return ask(**asking())
        except openai.RateLimitError as error:
            refusals.append(error)
            return ask(**asking())

    with record(tmp_path / "cassette.json"):
        live = agent()
    server.stop()
    with replay(tmp_path / "cassette.json", strict=True):
        again = agent()

    assert again == live
    first, second = refusals
    assert type(second) is type(first) is openai.RateLimitError
    assert second.response.headers["retry-after"] == "2"
    assert second.response.status_code == second.status_code == 429
    assert (str(second), second.args) == (str(first), first.args)
    assert (second.body, second.code) == (first.body, first.code)
    assert second.request_id == first.request_id
    assert server.served == 2


def test_replays_a_stream_that_broke_off(server, openai_client, tmp_path):
    """The chunks up to there come again, then the same error."""
    server.script([Reply("One two three four.", breaks_after=3)])

    def agent():
        ask = intercept(openai_client.chat.completions.create, kind="llm")
        chunks = []
        try:
            chunks.extend(ask(**asking(stream=True)))
        except Exception as error:  # noqa: BLE001  # its class differs between versions of the SDK
            return chunks, error
        return chunks, None

    with record(tmp_path / "cassette.json"):
        chunks, error = agent()
    server.stop()
    with replay(tmp_path / "cassette.json", strict=True):
        again, error_again = agent()

    assert len(again) == 3
    assert again == chunks
    assert error is not None
    assert type(error_again) is type(error)
    assert str(error_again) == str(error)


def test_replays_a_stream_that_was_left_early(server, openai_client, tmp_path):
    """What was read comes again; reading on is drift."""
    server.script([Reply("One two three four.")])

    def agent(most):
        ask = intercept(openai_client.chat.completions.create, kind="llm")
        with ask(**asking(stream=True)) as chunks:
            return [chunk for chunk, _ in zip(chunks, range(most))]

    with record(tmp_path / "cassette.json"):
        live = agent(2)
    server.stop()
    with replay(tmp_path / "cassette.json", strict=True):
        again = agent(2)

    assert again == live
    with pytest.raises(DivergenceError), replay(tmp_path / "cassette.json", strict=True):
        agent(5)


def test_a_changed_prompt_is_drift(server, openai_client, tmp_path):
    """One more word is another call, and an agent that catches every error hides nothing."""
    ask = intercept(openai_client.chat.completions.create, kind="llm")
    with record(tmp_path / "cassette.json"):
        ask(**asking("Be brief."))

    def careless_agent():
        for _ in range(3):
            try:
                return ask(**asking("Be very brief."))
            except Exception:  # noqa: BLE001  # what careless agents do
                continue
        return None

    with pytest.raises(DivergenceError, match=r"messages\[0\]\.content") as drift:  # noqa: SIM117
        with replay(tmp_path / "cassette.json", strict=True):
            careless_agent()

    assert drift.value.step_index == 0
    assert server.served == 1


# --- what is on the cassette ----------------------------------------------------------------


@pytest.mark.parametrize("agent", [chat, parse, stream, respond], ids=lambda agent: agent.__name__)
def test_counts_the_tokens_of_the_usage_block(agent, openai_client, tmp_path):
    """Tokens are those that the model counted: in the answer, or in the last chunk of a stream."""
    with record(tmp_path / "cassette.json") as recorder:
        answers = agent(openai_client)

    usages = [
        answer.usage.to_dict()
        for answer in (answers if isinstance(answers, list) else [answers])
        if answer.usage
    ]
    assert recorder.total_tokens == sum(usage["total_tokens"] for usage in usages) > 0
    assert Cassette.load(tmp_path / "cassette.json").total_tokens == recorder.total_tokens


def test_reads_as_the_sdk_writes(openai_client, tmp_path):
    """The JSON of a step is that of the API, and no key of the client is in the file."""
    with record(tmp_path / "cassette.json"):
        completion = chat(openai_client)

    [step] = Cassette.load(tmp_path / "cassette.json").steps
    assert step["arguments"]["kwargs"] == asking()
    said = step["result"]["choices"][0]["message"]["content"]
    assert said == completion.choices[0].message.content
    assert step["name"] == "create"
    assert step["type"] == "llm"
