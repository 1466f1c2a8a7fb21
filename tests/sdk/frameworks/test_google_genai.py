"""What Google's SDK gave live, it gives again in strict replay, with the model down."""

from __future__ import annotations

import asyncio
import json
from enum import Enum
from typing import TYPE_CHECKING

import pytest
from google import genai
from google.genai import errors, types
from PIL import Image
from pydantic import BaseModel
from server import Failure, Reply

from agentcassette import DivergenceError, intercept, record, replay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server import ModelServer

# The async client of the SDK derives from a class of aiohttp, where that is installed.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning"
)

QUESTION = "3 nights in Lisbon from 2026-05-04"
MORE = "And in Porto?"
MODEL = "gemini-flash"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
PNG = b"\x89PNG\r\n\x1a\n\xff\x00"


class Trip(BaseModel):
    """What a structured answer is parsed into."""

    city: str
    nights: int


class Mood(Enum):
    """What an answer is chosen from."""

    GOOD = "good"
    BAD = "bad"


@pytest.fixture
def client(server: ModelServer) -> Iterator[genai.Client]:
    """Give a client of Google's SDK that tries once and talks to the server."""
    options = types.HttpOptions(base_url=server.url, retry_options={"attempts": 1})
    with genai.Client(api_key="none", http_options=options) as client:
        yield client


@intercept(kind="tool")
def look_up(city: str, nights: int) -> dict[str, str | int]:
    """Look up the rooms of a city."""
    return {"city": city, "rooms": 3 * nights}


@intercept(kind="tool")
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"Sun in {city}."


@intercept(kind="tool")
async def sights(city: str) -> list[str]:
    """Name the sights of a city."""
    return [city]


def asking(text=QUESTION, **config):
    """Return the arguments of one request."""
    return {"model": MODEL, "contents": text, "config": types.GenerateContentConfig(**config)}


# --- agents of a few lines ------------------------------------------------------------------


def generate(client: genai.Client):
    """Ask once."""
    response = intercept(client.models.generate_content, kind="llm")(**asking())
    return [response, response.text, response.usage_metadata]


def generate_with_dictionaries(client: genai.Client):
    """Ask once, without a class of the SDK."""
    ask = intercept(client.models.generate_content, kind="llm")
    contents = [{"role": "user", "parts": [{"text": QUESTION}]}]
    return ask(model=MODEL, contents=contents, config={"temperature": 0, "seed": 7})


def generate_with_an_image(client: genai.Client):
    """Show an image, and set a few of the many options."""
    ask = intercept(client.models.generate_content, kind="llm")
    return ask(
        model=MODEL,
        contents=[types.Part.from_bytes(data=PNG, mime_type="image/png"), QUESTION],
        config=types.GenerateContentConfig(
            system_instruction="Be brief.",
            thinking_config=types.ThinkingConfig(thinking_budget=0),
            safety_settings=[
                types.SafetySetting(
                    category=types.HarmCategory.HARM_CATEGORY_HATE_SPEECH,
                    threshold=types.HarmBlockThreshold.BLOCK_NONE,
                )
            ],
        ),
    )


def parse(client: genai.Client):
    """Ask for an object of a class of the agent."""
    ask = intercept(client.models.generate_content, kind="llm")
    response = ask(**asking(response_mime_type="application/json", response_schema=Trip))
    return [response, response.parsed]


def parse_several(client: genai.Client):
    """Ask for a list of such objects."""
    ask = intercept(client.models.generate_content, kind="llm")
    response = ask(**asking(response_mime_type="application/json", response_schema=list[Trip]))
    return [response, *response.parsed]


def parse_a_dictionary(client: genai.Client):
    """Ask for what a JSON schema describes."""
    ask = intercept(client.models.generate_content, kind="llm")
    response = ask(**asking(response_mime_type="application/json", response_json_schema=SCHEMA))
    return [response, response.parsed]


def call_functions_by_hand(client: genai.Client):
    """Declare two functions, call what the model wants, and tell it what they found."""
    ask = intercept(client.models.generate_content, kind="llm")
    places = {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}}
    declared = [
        types.FunctionDeclaration(name="weather", parameters=types.Schema(**places)),
        types.FunctionDeclaration(name="again", parameters_json_schema=SCHEMA),
    ]
    options = {"tools": [types.Tool(function_declarations=declared)]}
    contents = [types.Content(role="user", parts=[types.Part(text=QUESTION)])]
    asked = ask(**asking(contents, **options))
    found = [
        types.Part.from_function_response(name=call.name, response={"found": weather(**call.args)})
        for call in asked.function_calls
    ]
    contents += [asked.candidates[0].content, types.Content(role="user", parts=found)]
    return [asked, ask(**asking(contents, **options))]


def call_functions(client: genai.Client):
    """Let the SDK call the functions, within the one call that is wrapped."""
    ask = intercept(client.models.generate_content, kind="llm")
    response = ask(**asking(tools=[look_up, weather]))
    return [response, *response.automatic_function_calling_history]


def stream(client: genai.Client):
    """Read a stream to its end."""
    return list(intercept(client.models.generate_content_stream, kind="llm")(**asking()))


def stream_with_functions(client: genai.Client):
    """Let the SDK call the functions in the middle of the stream that is wrapped."""
    ask = intercept(client.models.generate_content_stream, kind="llm")
    return list(ask(**asking(tools=[look_up, weather])))


def chat(client: genai.Client):
    """Talk twice; the client is wrapped in its place, so that each of its requests is a step."""
    client.models.generate_content = intercept(client.models.generate_content, kind="llm")
    talk = client.chats.create(model=MODEL)
    return [talk.send_message(QUESTION), talk.send_message(MORE), *talk.get_history()]


def chat_with_functions(client: genai.Client):
    """Talk with functions: each request and each function is a step."""
    client.models.generate_content = intercept(client.models.generate_content, kind="llm")
    options = types.GenerateContentConfig(tools=[look_up, weather], system_instruction="Be brief.")
    talk = client.chats.create(model=MODEL, config=options)
    return [talk.send_message(QUESTION), talk.send_message(MORE), *talk.get_history()]


def chat_in_a_stream(client: genai.Client):
    """Talk with functions, word by word."""
    models = client.models
    models.generate_content_stream = intercept(models.generate_content_stream, kind="llm")
    talk = client.chats.create(model=MODEL, config={"tools": [look_up, weather]})
    chunks = [*talk.send_message_stream(QUESTION), *talk.send_message_stream(MORE)]
    return [*chunks, *talk.get_history()]


def count(client: genai.Client):
    """Count the tokens of a question."""
    return intercept(client.models.count_tokens)(model=MODEL, contents=QUESTION)


def embed(client: genai.Client):
    """Embed two texts."""
    embed = intercept(client.models.embed_content)
    return embed(model="gemini-embedding-001", contents=[QUESTION, MORE])


def interact(client: genai.Client):
    """Use the newer API, with a tool and its result."""
    ask = intercept(client.interactions.create, kind="llm")
    tools = [{"type": "function", "name": name, "parameters": SCHEMA} for name in ("a", "b")]
    asked = ask(model=MODEL, input=QUESTION, tools=tools)
    found = [
        {"type": "function_result", "call_id": step.id, "name": step.name, "result": "full"}
        for step in asked.steps
        if step.type == "function_call"
    ]
    answered = ask(model=MODEL, input=found, previous_interaction_id=asked.id)
    return [asked, answered, answered.output_text]


def interact_with_history(client: genai.Client):
    """Send the steps of an answer back to the newer API."""
    ask = intercept(client.interactions.create, kind="llm")
    asked = ask(model=MODEL, input=QUESTION, store=False)
    more = {"type": "user_input", "content": [{"type": "text", "text": MORE}]}
    return [asked, ask(model=MODEL, input=[*asked.steps, more], store=False)]


def interact_in_a_stream(client: genai.Client):
    """Read the events of the newer API."""
    ask = intercept(client.interactions.create, kind="llm")
    with ask(model=MODEL, input=QUESTION, stream=True) as events:
        return list(events)


AGENTS = [
    generate,
    generate_with_dictionaries,
    generate_with_an_image,
    parse,
    parse_several,
    parse_a_dictionary,
    call_functions_by_hand,
    call_functions,
    stream,
    stream_with_functions,
    chat,
    chat_with_functions,
    chat_in_a_stream,
    count,
    embed,
    interact,
    interact_with_history,
    interact_in_a_stream,
]


@pytest.mark.parametrize("agent", AGENTS)
def test_replays_to_the_sync_client(agent, client, prove):
    """Equal values of equal types come back, and the server hears of nothing."""
    live, again, steps = prove(lambda: agent(client))

    assert again == live
    assert types_in(again) == types_in(live)
    assert steps


def types_in(value):
    """Return the type of a value, and those of its items."""
    return [type(item) for item in value] if isinstance(value, list) else type(value)


# --- the same, async ------------------------------------------------------------------------


async def async_generate(client: genai.Client):
    """Ask once."""
    return await intercept(client.aio.models.generate_content, kind="llm")(**asking())


async def async_parse(client: genai.Client):
    """Ask for an object of a class of the agent."""
    ask = intercept(client.aio.models.generate_content, kind="llm")
    response = await ask(**asking(response_mime_type="application/json", response_schema=Trip))
    return [response, response.parsed]


async def async_stream(client: genai.Client):
    """Read a stream to its end."""
    ask = intercept(client.aio.models.generate_content_stream, kind="llm")
    return [chunk async for chunk in await ask(**asking())]


async def async_chat_with_functions(client: genai.Client):
    """Talk with an async function, and with one that the SDK calls in a thread."""
    models = client.aio.models
    models.generate_content = intercept(models.generate_content, kind="llm")
    talk = client.aio.chats.create(model=MODEL, config={"tools": [sights, weather]})
    answers = [await talk.send_message(text) for text in (QUESTION, MORE)]
    return [*answers, *talk.get_history()]


async def async_chat_in_a_stream(client: genai.Client):
    """The same, word by word."""
    models = client.aio.models
    models.generate_content_stream = intercept(models.generate_content_stream, kind="llm")
    talk = client.aio.chats.create(model=MODEL, config={"tools": [sights, weather]})
    chunks = [chunk async for chunk in await talk.send_message_stream(QUESTION)]
    return [*chunks, *talk.get_history()]


async def all_at_once(client: genai.Client):
    """Ask several questions at once, each in a task."""
    ask = intercept(client.aio.models.generate_content, kind="llm")
    return await asyncio.gather(*(ask(**asking(str(number))) for number in range(8)))


async def async_interact(client: genai.Client):
    """Use the newer API."""
    ask = intercept(client.aio.interactions.create, kind="llm")
    answer = await ask(model=MODEL, input=QUESTION)
    events = [event async for event in await ask(model=MODEL, input=MORE, stream=True)]
    return [answer, *events]


ASYNC_AGENTS = [
    async_generate,
    async_parse,
    async_stream,
    async_chat_with_functions,
    async_chat_in_a_stream,
    all_at_once,
    async_interact,
]


async def closing(agent, client: genai.Client):
    """Run an agent, and close the connections of its event loop."""
    async with client.aio:
        return await agent(client)


@pytest.mark.parametrize("agent", ASYNC_AGENTS)
def test_replays_to_the_async_client(agent, client, prove):
    """Equal values of equal types come back, and the server hears of nothing."""
    live, again, steps = prove(lambda: closing(agent, client))

    assert again == live
    assert types_in(again) == types_in(live)
    assert steps


def test_an_answer_may_be_a_member_of_an_enumeration(client, server, prove):
    """An answer that is one of a few words is a member of the agent's class."""
    server.script([Reply("good")])

    def agent():
        ask = intercept(client.models.generate_content, kind="llm")
        return ask(**asking(response_mime_type="text/x.enum", response_schema=Mood)).parsed

    live, again, _ = prove(agent)

    assert again is live is Mood.GOOD


# --- what is a step -------------------------------------------------------------------------


def test_requests_and_functions_of_a_chat_are_steps(client, prove):
    """A function that is intercepted stands between the two requests, with its own arguments."""
    _, _, steps = prove(lambda: chat_with_functions(client))

    names = [(step["type"], step["name"]) for step in steps]
    asked = ("llm", "generate_content")
    assert names == [asked, ("tool", "look_up"), ("tool", "weather"), asked, asked]
    assert steps[1]["arguments"]["kwargs"] == {"city": "Lisbon", "nights": 3}
    assert [step["parent"] for step in steps if "parent" in step] == []


@pytest.mark.parametrize("agent", [call_functions, stream_with_functions])
def test_functions_of_one_call_belong_to_it(agent, client, prove):
    """Where the SDK calls the functions within the wrapped call, they are its inner steps."""
    _, _, steps = prove(lambda: agent(client))

    assert [step.get("parent") for step in steps] == [None, 0, 0]


@pytest.mark.parametrize("agent", [generate, parse, stream, interact_in_a_stream])
def test_counts_the_tokens_of_the_usage_metadata(agent, client, prove):
    """Tokens are those that the model counted: in the answer, or in the last chunk of a stream."""
    _, _, [step] = prove(lambda: agent(client))

    words = len(QUESTION.split())
    result = step["result"]
    last = result[-1] if isinstance(result, list) else result
    if "usage_metadata" in last:
        written = last["usage_metadata"]["candidates_token_count"]
    else:
        written = last["interaction"]["usage"]["total_output_tokens"]
    assert (step["input_tokens"], step["output_tokens"]) == (words, written)
    assert written > 0


def test_reads_as_the_sdk_writes(client, prove):
    """The JSON of a step is that of the API, and no key of the client is in the file."""
    [response, text, _], _, [step] = prove(lambda: generate(client))

    assert step["arguments"]["kwargs"] == {"model": MODEL, "contents": QUESTION, "config": {}}
    assert step["result"]["candidates"] == [
        {
            "content": {"parts": [{"text": text}], "role": "model"},
            "finish_reason": "STOP",
            "index": 0,
        }
    ]
    assert step["result"]["response_id"] == response.response_id
    assert "x-goog-api-key" not in json.dumps(step)


# --- failures -------------------------------------------------------------------------------


async def stubborn(client: genai.Client, ask):
    """Ask until it is answered; give the refusals as well."""
    refusals = []
    async with client.aio:
        while True:
            try:
                return [await ask(client), refusals]
            except errors.ClientError as error:
                refusals.append(error)


async def ask_for_all(client: genai.Client):
    """Ask for a whole answer, sync."""
    return intercept(client.models.generate_content, kind="llm")(**asking())


async def ask_for_chunks(client: genai.Client):
    """Ask for a stream, sync."""
    return list(intercept(client.models.generate_content_stream, kind="llm")(**asking()))


ASKS = [ask_for_all, ask_for_chunks, async_generate, async_stream]


@pytest.mark.parametrize("ask", ASKS)
def test_replays_a_rate_limit_as_it_was(ask, client, server, prove):
    """The error is the SDK's own, with what it tells."""
    server.script([Failure(429, "Slow down.", retry_after=2), Reply("Here you are.")])

    [live, [first]], [again, [second]], steps = prove(lambda: stubborn(client, ask))

    assert again == live
    assert type(second) is type(first) is errors.ClientError
    assert (second.code, second.status) == (429, "RESOURCE_EXHAUSTED")
    assert (second.message, second.details) == (first.message, first.details)
    assert (str(second), second.args) == (str(first), first.args)
    assert len(steps) == 2


@pytest.mark.parametrize("ask", ASKS)
def test_replays_the_response_of_a_rate_limit(ask, client, server, prove):
    """Back-off code finds the headers, whichever HTTP library the SDK took."""
    server.script([Failure(429, "Slow down.", retry_after=2), Reply("Here you are.")])

    [_, [first]], [_, [second]], _ = prove(lambda: stubborn(client, ask))

    assert second.response.headers["retry-after"] == "2"
    assert type(second.response) is type(first.response)


def test_replays_the_error_of_an_interaction(client, server, prove):
    """The newer API has errors of its own, which come back."""
    server.script([Failure(429, "Slow down.", retry_after=2)])

    def agent():
        ask = intercept(client.interactions.create, kind="llm")
        with pytest.raises(Exception, match=r"Slow down\.") as refused:
            ask(model=MODEL, input=QUESTION)
        return refused.value

    live, again, _ = prove(agent)

    assert type(again) is type(live)
    assert (str(again), again.args) == (str(live), live.args)
    assert again.status_code == live.status_code == 429
    assert again.response.headers["retry-after"] == "2"


def test_replays_a_stream_that_broke_off(client, server, prove):
    """The chunks up to there come again, then the same error."""
    server.script([Reply("One two three four.", breaks_after=2)])

    def agent():
        ask = intercept(client.models.generate_content_stream, kind="llm")
        chunks = []
        with pytest.raises(Exception, match="incomplete") as broken:
            chunks.extend(ask(**asking()))
        return [*chunks, type(broken.value), str(broken.value)]

    live, again, _ = prove(agent)

    assert len(live) == 4
    assert again == live


def test_replays_a_stream_that_was_left_early(client, prove, tmp_path):
    """What was read comes again; reading on is drift."""

    def agent(most):
        chunks = intercept(client.models.generate_content_stream, kind="llm")(**asking())
        read = [next(chunks) for _ in range(most)]
        chunks.close()
        return read

    live, again, _ = prove(lambda: agent(2))

    assert again == live
    with pytest.raises(DivergenceError), replay(tmp_path / "cassette.json", strict=True):
        agent(3)


# --- what changed ---------------------------------------------------------------------------


def ask_with(**options):
    """Return an agent with a question and some options of the request."""
    return lambda client, text: intercept(client.models.generate_content)(**asking(text, **options))


def chat_with(client, text):
    """Talk twice, and change the second message."""
    client.models.generate_content = intercept(client.models.generate_content, kind="llm")
    talk = client.chats.create(model=MODEL)
    talk.send_message(QUESTION)
    return talk.send_message(text)


CHANGES = {
    "text": (r"at contents\b", ask_with()),
    "content": (
        r"at contents\[0\]\.parts\[0\]\.text",
        lambda client, text: ask_with()(
            client, [types.Content(role="user", parts=[types.Part(text=text)])]
        ),
    ),
    "instruction": (
        r"at config\.system_instruction",
        lambda client, text: ask_with(system_instruction=text)(client, QUESTION),
    ),
    "image": (
        r"at contents\[0\]\.inline_data\.data",
        lambda client, text: ask_with()(
            client,
            [types.Part.from_bytes(data=text.encode() + b"\xff", mime_type="image/png"), QUESTION],
        ),
    ),
    "stream": (
        r"at contents\b",
        lambda client, text: list(intercept(client.models.generate_content_stream)(**asking(text))),
    ),
    "chat": (r"at contents\[2\]\.parts\[0\]\.text", chat_with),
    "interaction": (
        r"at input\b",
        lambda client, text: intercept(client.interactions.create)(model=MODEL, input=text),
    ),
    "async": (
        r"at contents\b",
        lambda client, text: asyncio.run(
            closing(
                lambda client: intercept(client.aio.models.generate_content)(**asking(text)), client
            )
        ),
    ),
}


@pytest.mark.parametrize(("path", "agent"), CHANGES.values(), ids=CHANGES)
def test_a_changed_prompt_is_drift(path, agent, client, server, tmp_path):
    """One more word is another call, and the message says where."""
    with record(tmp_path / "cassette.json"):
        agent(client, "Be brief.")
    served = server.served

    with pytest.raises(DivergenceError, match=path):  # noqa: SIM117
        with replay(tmp_path / "cassette.json", strict=True):
            agent(client, "Be very brief.")

    assert server.served == served


def test_a_picture_that_is_not_compared_is_told(client, tmp_path):
    """A picture of Pillow may stand in a prompt, and nobody knows how it is compared."""
    ask = intercept(client.models.generate_content, kind="llm")
    session = record(tmp_path / "cassette.json")
    session.open()
    ask(**asking([Image.new("RGB", (2, 2), "red"), QUESTION]))
    with pytest.warns(UserWarning, match=r"PIL.Image:Image among the arguments is compared by its"):
        session.commit()


def test_a_changed_function_is_drift(client, tmp_path):
    """What a model is told of a function is its docstring and its parameters."""

    def describe(text):
        def look(city: str) -> str:
            return city

        look.__doc__ = text
        return look

    ask = intercept(client.models.generate_content, kind="llm")
    with record(tmp_path / "cassette.json"):
        ask(**asking(tools=[describe("Look around.")]))

    with pytest.raises(DivergenceError, match=r"at config\.tools\[0\]"):  # noqa: SIM117
        with replay(tmp_path / "cassette.json", strict=True):
            ask(**asking(tools=[describe("Look up.")]))


def test_a_changed_class_is_drift(client, tmp_path):
    """An answer of another shape is another request."""

    class Journey(BaseModel):
        city: str
        days: int

    ask = intercept(client.models.generate_content, kind="llm")
    with record(tmp_path / "cassette.json"):
        ask(**asking(response_mime_type="application/json", response_schema=Trip))

    with pytest.raises(DivergenceError, match=r"at config\.response_schema"):  # noqa: SIM117
        with replay(tmp_path / "cassette.json", strict=True):
            ask(**asking(response_mime_type="application/json", response_schema=Journey))


def test_the_sdk_does_not_swallow_the_drift_of_a_function(client, tmp_path):
    """The SDK tells the model of a function's error and goes on; the test fails all the same."""

    def agent(unit):
        client.models.generate_content = intercept(client.models.generate_content, kind="llm")

        def rooms(city: str) -> str:
            """Count the rooms of a city."""
            return count_rooms(city, unit)

        return client.chats.create(model=MODEL, config={"tools": [rooms]}).send_message(QUESTION)

    count_rooms = intercept(lambda city, unit: f"3 {unit} in {city}", name="count", kind="tool")
    with record(tmp_path / "cassette.json"):
        agent("rooms")

    with pytest.raises(DivergenceError, match="count differs at unit"):  # noqa: SIM117
        with replay(tmp_path / "cassette.json", strict=True):
            agent("beds")


def test_another_version_of_the_sdk_is_no_drift(client, tmp_path, monkeypatch):
    """A chat sends the version of the SDK along in its headers, which are not the agent's."""
    with record(tmp_path / "cassette.json"):
        live = chat(client)
    monkeypatch.setattr("google.genai.version.__version__", "99.0.0")

    with replay(tmp_path / "cassette.json", strict=True):
        again = chat(client)

    assert again == live


# --- elsewhere ------------------------------------------------------------------------------


def test_a_chat_replays_in_another_process(prove_elsewhere):
    """Functions, answers, and the class of an answer are found there."""
    live, again, steps = prove_elsewhere(
        """
        import os
        from google import genai
        from pydantic import BaseModel
        from agentcassette import intercept

        class Trip(BaseModel):
            city: str
            nights: int

        @intercept(kind="tool")
        def weather(city: str) -> str:
            "Tell the weather of a city."
            return f"Sun in {city}."

        def main():
            options = {"base_url": os.environ["MODEL_SERVER"]}
            client = genai.Client(api_key="none", http_options=options)
            client.models.generate_content = intercept(client.models.generate_content, kind="llm")
            chat = client.chats.create(model="gemini", config={"tools": [weather]})
            said = chat.send_message("3 nights in Lisbon")
            wanted = {"response_mime_type": "application/json", "response_schema": Trip}
            trip = chat.send_message("Sum it up: 3 nights in Lisbon", wanted)
            return [said.text, trip.parsed, len(chat.get_history())]
        """
    )

    assert again == live
    assert "Trip(city='Lisbon', nights=3)" in live
    assert len(steps) == 4


def test_an_interaction_replays_in_another_process(prove_elsewhere):
    """The classes of the newer API are imported when they are needed."""
    live, again, steps = prove_elsewhere(
        """
        import os
        from google import genai
        from agentcassette import intercept

        def main():
            options = {"base_url": os.environ["MODEL_SERVER"]}
            client = genai.Client(api_key="none", http_options=options)
            ask = intercept(client.interactions.create, kind="llm")
            first = ask(model="gemini", input="3 nights in Lisbon")
            with ask(model="gemini", input="More!", stream=True) as events:
                return [first, *events]
        """
    )

    assert again == live
    assert len(steps) == 2


# --- what the server says -------------------------------------------------------------------


def test_the_server_answers_as_gemini_does(client):
    """A word is a token, of the conversation and of the answer."""
    response = client.models.generate_content(**asking(system_instruction="Be brief."))

    assert QUESTION in response.text
    assert response.candidates[0].finish_reason is types.FinishReason.STOP
    assert response.usage_metadata.prompt_token_count == len(QUESTION.split()) + 2
    assert response.usage_metadata.candidates_token_count == len(response.text.split())
    assert response.model_version == MODEL


def test_the_server_streams_the_pieces_of_a_text(client, server):
    """The pieces are the text, and the last one has the reason that it is the last."""
    server.script([Reply("One two three.")])

    chunks = list(client.models.generate_content_stream(**asking()))

    assert [chunk.text for chunk in chunks] == ["One ", "two ", "three."]
    reasons = [chunk.candidates[0].finish_reason for chunk in chunks]
    assert reasons == [None, None, types.FinishReason.STOP]
    assert [chunk.usage_metadata.candidates_token_count for chunk in chunks] == [None, None, 3]


def test_the_server_counts_what_it_serves_to_gemini(client, server):
    """The model of a request stands in its path."""
    client.models.count_tokens(model=MODEL, contents=QUESTION)
    list(client.models.generate_content_stream(**asking()))
    client.interactions.create(model=MODEL, input=QUESTION)

    assert [request.path for request in server.requests] == [
        f"/v1/models/{MODEL}:countTokens",
        f"/v1/models/{MODEL}:streamGenerateContent?alt=sse",
        "/v1/interactions",
    ]
