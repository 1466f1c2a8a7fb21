"""What LiteLLM gave live, it gives again in strict replay, with the model down."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import openai
import pytest
from pydantic import BaseModel
from server import Failure, ModelServer, Reply

from agentcassette import Cassette, DivergenceError, intercept, record, replay

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or its import asks the network for prices

import litellm

litellm.suppress_debug_info = True  # or it prints where to get help, for every error

pytestmark = [
    # LiteLLM's own models are declared and read in ways that pydantic advises against.
    pytest.mark.filterwarnings("ignore:Items? .* on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
]

QUESTION = "3 nights in Lisbon from 2026-05-04"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": SCHEMA}}
    for name in ("look_up", "again")
]


class Trip(BaseModel):
    """What a structured answer is parsed into."""

    city: str
    nights: int


@pytest.fixture(scope="module", autouse=True)
def _loop():
    """Have an event loop: where none is, LiteLLM makes one, and never closes it."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.close()


@pytest.fixture(autouse=True)
def _closed():
    """Close the connections that LiteLLM keeps for the next call."""
    yield
    kept = litellm.in_memory_llm_clients_cache
    for client in kept.cache_dict.values():
        if not inspect.iscoroutinefunction(client.close):  # those are closed in their own loop
            client.close()
    kept.flush_cache()


@pytest.fixture(autouse=True)
def _addresses(server: ModelServer, monkeypatch: pytest.MonkeyPatch):
    """Let LiteLLM ask the server, whichever provider it believes to ask."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-0123456789abcdefghijklmnop")
    monkeypatch.setenv("ANTHROPIC_API_BASE", server.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-0123456789abcdefghijklmnop")


def asking(text=QUESTION, **options):
    """Return the arguments of one request; nothing is tried again."""
    messages = [{"role": "user", "content": text}]
    return {"model": "openai/gpt", "messages": messages, "max_retries": 0, **options}


def seen(chunk):
    """Return what a chunk says now: LiteLLM goes on to write into the last one."""
    return chunk.model_copy(deep=True)


# --- agents of a few lines ------------------------------------------------------------------


def chat():
    """Ask once."""
    return intercept(litellm.completion, kind="llm")(**asking())


def chat_with_anthropic():
    """Ask another provider, with a tool."""
    ask = intercept(litellm.completion, kind="llm")
    return ask(**asking(model="anthropic/claude-sonnet-4-6", tools=TOOLS))


def chat_with_tools():
    """Ask, call the tools that the model wants, and tell it what they found."""
    return with_tools(intercept(litellm.completion, kind="llm"), lambda message: message)


def chat_with_dumped_history():
    """The same where the history is plain data, as it is where it goes through a database."""
    return with_tools(intercept(litellm.completion, kind="llm"), litellm.Message.model_dump)


def with_tools(ask, kept):
    """Ask, call the tools, and ask again; keep the message of the model in some form."""

    @intercept(kind="tool")
    def look_up(city):
        return {"city": city, "rooms": 3}

    asked = asking(tools=TOOLS)
    message = ask(**asked).choices[0].message
    asked["messages"].append(kept(message))
    for call in message.tool_calls:
        content = json.dumps(look_up(**json.loads(call.function.arguments)))
        asked["messages"].append({"role": "tool", "tool_call_id": call.id, "content": content})
    return [message, ask(**asked)]


def parse():
    """Ask for an object of a class of the agent."""
    completion = intercept(litellm.completion, kind="llm")(**asking(response_format=Trip))
    return [completion, Trip.model_validate_json(completion.choices[0].message.content)]


def stream():
    """Read a stream to its end, with its usage, and look at what it is."""
    ask = intercept(litellm.completion, kind="llm")
    chunks = ask(**asking(stream=True, stream_options={"include_usage": True}))
    told = [isinstance(chunks, litellm.CustomStreamWrapper), type(chunks._hidden_params)]
    return [*told, *map(seen, chunks)]


def stream_of_tool_calls():
    """Read a stream of tool calls."""
    chunks = intercept(litellm.completion, kind="llm")(**asking(stream=True, tools=TOOLS))
    return list(map(seen, chunks))


def stream_added_up():
    """Let the SDK add the chunks of a stream up to an answer."""
    asked = asking(stream=True)
    chunks = intercept(litellm.completion, kind="llm")(**asked)
    return litellm.stream_chunk_builder(list(chunks), messages=asked["messages"])


def stream_left_early():
    """Read the beginning of a stream."""
    chunks = intercept(litellm.completion, kind="llm")(**asking(stream=True))
    return [seen(chunk) for chunk in islice(chunks, 2)]


def stream_from_anthropic():
    """Read the stream of another provider."""
    ask = intercept(litellm.completion, kind="llm")
    return list(map(seen, ask(**asking(model="anthropic/claude-sonnet-4-6", stream=True))))


def respond():
    """Use the newer API."""
    return intercept(litellm.responses, kind="llm")(model="openai/gpt", input=QUESTION)


def routed():
    """Let a router choose the model."""
    return intercept(router().completion, kind="llm")(**asking(model="any"))


def router():
    """Return a router with one model to choose from."""
    only = {"model_name": "any", "litellm_params": {"model": "openai/gpt"}}
    return litellm.Router(model_list=[only])


def embed():
    """Ask for vectors."""
    embedding = intercept(litellm.embedding, kind="llm")
    return embedding(model="openai/embed", input=["Lisbon", "Paris"])


def everything_said_of_it():
    """Look at an answer in all the ways that LiteLLM offers."""
    completion = chat()
    choice = completion["choices"][0]
    return [
        choice["message"]["content"],
        sorted(name for name in litellm.Message.model_fields if hasattr(choice.message, name)),
        completion._hidden_params["additional_headers"]["llm_provider-x-request-id"],
        litellm.completion_cost(completion, model="gpt-4o"),
        completion.model_dump_json(),
        str(completion),
    ]


def from_threads():
    """Ask several questions at once, each from a thread of a pool."""
    ask = intercept(litellm.completion, kind="llm")
    first = ask(**asking())  # makes the client that is kept; else each thread makes one
    with ThreadPoolExecutor(4) as pool:
        return [first, *pool.map(lambda number: ask(**asking(str(number))), range(8))]


async def async_chat():
    """Ask once."""
    return await intercept(litellm.acompletion, kind="llm")(**asking())


async def async_stream():
    """Read a stream to its end."""
    ask = intercept(litellm.acompletion, kind="llm")
    chunks = await ask(**asking(stream=True))
    told = isinstance(chunks, litellm.CustomStreamWrapper)
    return [told, *[seen(chunk) async for chunk in chunks]]


async def async_stream_left_early():
    """Read the beginning of a stream, and close it."""
    chunks = await intercept(litellm.acompletion, kind="llm")(**asking(stream=True))
    beginning = [seen(await chunks.__anext__()) for _ in range(2)]
    await chunks.aclose()
    return beginning


async def stream_of_a_sync_call():
    """Read the stream that a sync call gave the other way."""
    chunks = intercept(litellm.completion, kind="llm")(**asking(stream=True))
    return [seen(chunk) async for chunk in chunks]


async def async_routed():
    """Let a router choose the model."""
    return await intercept(router().acompletion, kind="llm")(**asking(model="any"))


async def async_respond():
    """Use the newer API."""
    return await intercept(litellm.aresponses, kind="llm")(model="openai/gpt", input=QUESTION)


async def async_embed():
    """Ask for a vector."""
    return await intercept(litellm.aembedding, kind="llm")(model="openai/embed", input="Lisbon")


async def all_at_once():
    """Ask several questions at once, each in a task."""
    ask = intercept(litellm.acompletion, kind="llm")
    return await asyncio.gather(*(ask(**asking(str(number))) for number in range(8)))


async def first_come():
    """Ask several questions at once, and take the answers as they come."""
    ask = intercept(litellm.acompletion, kind="llm")
    answers = asyncio.as_completed([ask(**asking(str(number))) for number in range(8)])
    return [await answer for answer in answers]


AGENTS = [
    chat,
    chat_with_anthropic,
    chat_with_tools,
    chat_with_dumped_history,
    parse,
    stream,
    stream_of_tool_calls,
    stream_added_up,
    stream_left_early,
    stream_from_anthropic,
    respond,
    routed,
    embed,
    everything_said_of_it,
    from_threads,
]

ASYNC_AGENTS = [
    async_chat,
    async_stream,
    async_stream_left_early,
    stream_of_a_sync_call,
    async_routed,
    async_respond,
    async_embed,
    all_at_once,
    first_come,
]


@pytest.mark.parametrize("agent", AGENTS)
def test_replays_an_agent(agent, prove):
    """Equal values of equal types come back, and the server hears of nothing."""
    live, again, steps = prove(agent)

    assert again == live
    assert types_in(again) == types_in(live)
    assert steps


@pytest.mark.parametrize("agent", ASYNC_AGENTS)
def test_replays_an_agent_that_awaits(agent, prove):
    """Equal values of equal types come back, and the server hears of nothing."""
    live, again, steps = prove(lambda: tidily(agent))

    assert again == live
    assert types_in(again) == types_in(live)
    assert steps


async def tidily(agent):
    """Run an agent, and close the connections that LiteLLM keeps for the next one."""
    try:
        return await agent()
    finally:
        await litellm.close_litellm_async_clients()


def types_in(value):
    """Return the type of a value, and those of its items."""
    return [type(item) for item in value] if isinstance(value, list) else type(value)


def test_replays_what_calls_the_module_itself(prove, monkeypatch):
    """A framework that calls ``litellm.completion`` is wrapped by putting that in its place."""
    monkeypatch.setattr(litellm, "completion", intercept(litellm.completion, kind="llm"))

    live, again, [step] = prove(lambda: litellm.completion(**asking()))

    assert again == live
    assert (step["name"], step["type"]) == ("completion", "llm")


def test_the_server_gives_a_vector_for_each_text(server):
    """Vectors are of one length and begin with that of their text; a word is a token."""
    server.script([Reply("one two"), Reply("one two")])

    answer = litellm.embedding(model="openai/embed", input=["Lisbon", "to Porto"])
    alone = litellm.embedding(model="openai/embed", input="Lisbon")

    assert [item["embedding"] for item in answer.data] == [[6, 3 / 7, 3 / 7], [8, 3 / 7, 3 / 7]]
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (3, 3)
    assert alone.data == answer.data[:1]


# --- failures -------------------------------------------------------------------------------


def caught(error):
    """Return what back-off code and logs read of an error."""
    return [
        type(error),
        str(error),
        error.args,
        error.status_code,
        error.llm_provider,
        error.model,
        error.response.headers.get("retry-after"),
    ]


def test_replays_a_rate_limit_as_it_was(prove, server):
    """The error is LiteLLM's own, and OpenAI's at once, as it was."""
    server.script([Failure(429, "Slow down.", retry_after=2), Reply("Here you are.")])

    def agent():
        ask = intercept(litellm.completion, kind="llm")
        try:
            return ask(**asking())
        except openai.RateLimitError as error:
            return [caught(error), ask(**asking())]

    live, again, steps = prove(agent)

    assert again == live
    assert again[0][0] is litellm.RateLimitError
    assert again[0][3:] == [429, "openai", "gpt", "2"]
    assert [step["error"]["type"] for step in steps if "error" in step] == ["RateLimitError"]


def test_replays_a_rate_limit_of_an_awaited_call(prove, server):
    """The same where it is awaited, and caught by the class that LiteLLM documents."""
    server.script([Failure(429, "Slow down.", retry_after=2)])

    async def agent():
        try:
            return await intercept(litellm.acompletion, kind="llm")(**asking())
        except litellm.RateLimitError as error:
            return caught(error)

    live, again, _ = prove(lambda: tidily(agent))

    assert again == live


def test_replays_a_stream_that_broke_off(prove, server):
    """The chunks up to there come again, then the same error."""
    server.script([Reply("One two three four.", breaks_after=3)])

    def agent():
        ask = intercept(litellm.completion, kind="llm")
        chunks = []
        try:
            chunks.extend(map(seen, ask(**asking(stream=True))))
        except openai.APIError as error:
            return [chunks, type(error), str(error)]
        return chunks

    live, again, _ = prove(agent)

    assert again == live
    assert len(again[0]) > 1


def test_replays_a_model_that_nobody_provides(tmp_path):
    """What fails before anything is asked fails again."""

    def agent():
        with pytest.raises(litellm.BadRequestError) as refused:
            intercept(litellm.completion, kind="llm")(**asking(model="nobody-has-this"))
        return str(refused.value)

    with record(tmp_path / "cassette.json"):
        live = agent()
    with replay(tmp_path / "cassette.json", strict=True):
        assert agent() == live


# --- drift ----------------------------------------------------------------------------------

RENAMED = [TOOLS[0], {"type": "function", "function": {"name": "find", "parameters": SCHEMA}}]


class LongTrip(Trip):
    """A class with one more field than the one that was asked for."""

    by_train: bool


@pytest.mark.parametrize(
    ("recorded", "now", "path"),
    [
        ({}, {"text": "5 nights in Lisbon"}, r"messages\[0\]\.content"),
        ({}, {"model": "openai/gpt-large"}, "model"),
        ({}, {"temperature": 0.5}, "temperature"),
        ({"tools": TOOLS}, {"tools": RENAMED}, r"tools\[1\]\.function\.name"),
        ({"response_format": Trip}, {"response_format": LongTrip}, "response_format"),
    ],
    ids=["prompt", "model", "setting", "tool", "schema"],
)
def test_a_change_is_drift(recorded, now, path, server, tmp_path):
    """What the model is told differently is told by its path, and nothing is asked."""
    ask = intercept(litellm.completion, kind="llm")
    with record(tmp_path / "cassette.json"):
        ask(**asking(**recorded))

    with pytest.raises(DivergenceError, match=f"completion differs at {path}"):  # noqa: SIM117
        with replay(tmp_path / "cassette.json", strict=True):
            ask(**asking(**now))

    assert server.served == 1


def test_a_change_of_the_history_is_drift(tmp_path):
    """The message of the model is part of the next prompt, as an object of LiteLLM too."""
    ask = intercept(litellm.completion, kind="llm")

    def agent(*, edits):
        asked = asking(tools=TOOLS)
        message = ask(**asked).choices[0].message
        message.tool_calls[0].function.name = "edited" if edits else "look_up"
        asked["messages"].append(message)
        ask(**asked)

    with record(tmp_path / "cassette.json"):
        agent(edits=False)

    where = r"messages\[1\]\.tool_calls\[0\]\.function\.name"
    with pytest.raises(DivergenceError, match=where):  # noqa: SIM117
        with replay(tmp_path / "cassette.json", strict=True):
            agent(edits=True)


def test_reading_a_stream_further_is_drift(tmp_path):
    """What was not read when it was recorded is not there to be read."""
    ask = intercept(litellm.completion, kind="llm")
    with record(tmp_path / "cassette.json"):
        list(islice(ask(**asking(stream=True)), 2))

    with pytest.raises(DivergenceError, match="read further"):  # noqa: SIM117
        with replay(tmp_path / "cassette.json", strict=True):
            list(ask(**asking(stream=True)))


# --- what is on the cassette ----------------------------------------------------------------


def test_says_nothing_of_what_it_keeps(tmp_path):
    """All that LiteLLM gives can be kept: nobody is warned."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*can't be restored")
        with record(tmp_path / "cassette.json") as recorder:
            chat_with_tools()
            stream()
            embed()

    assert recorder.unreplayable == []


def test_reads_as_the_api_writes_and_holds_no_key(tmp_path):
    """The JSON of a step is that of the API, its tokens are counted, and no key is in the file."""
    with record(tmp_path / "cassette.json"):
        completion = intercept(litellm.completion, kind="llm")(
            **asking(api_key="sk-proj-9876543210abcdefghijklmnop")
        )

    [step] = Cassette.load(tmp_path / "cassette.json").steps
    message = step["result"]["choices"][0]["message"]
    assert step["arguments"]["kwargs"] == asking(api_key="****")
    assert message["content"] == completion.choices[0].message.content
    assert message["role"] == "assistant"
    assert step["input_tokens"] == completion.usage.prompt_tokens
    assert step["output_tokens"] == completion.usage.completion_tokens
    assert "sk-" not in (tmp_path / "cassette.json").read_text("utf-8")
