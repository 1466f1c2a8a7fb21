"""The model server speaks to the real SDKs as the real ones do, and counts what it served."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING

import anthropic
import openai
import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel
from server import Failure, ModelServer, Reply, Served, ToolCall

if TYPE_CHECKING:
    from anthropic import Anthropic
    from openai import OpenAI

WISH = "Two nights in Lisbon from 2026-05-04"
TRIP = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "date": {"type": "string", "format": "date"},
        "nights": {"type": "integer"},
    },
}
ARGUMENTS = {"city": "Lisbon", "date": "2026-05-04", "nights": 3}
QUESTION = "3 nights in Lisbon from 2026-05-04"
CHAT_TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": TRIP}}
    for name in ("flights", "hotels")
]
RESPONSES_TOOLS = [
    {"type": "function", "name": name, "parameters": TRIP, "strict": False}
    for name in ("flights", "hotels")
]
ANTHROPIC_TOOLS = [{"name": name, "input_schema": TRIP} for name in ("flights", "hotels")]


class Trip(BaseModel):
    """What a structured answer is parsed into."""

    city: str
    nights: int
    sights: list[str]
    by_train: bool


def say(client: OpenAI, text: str, **options):
    """Send one chat message and return the completion or the stream."""
    return client.chat.completions.create(
        model="gpt", messages=[{"role": "user", "content": text}], **options
    )


def tell(client: Anthropic, text: str, **options):
    """Send one message and return the answer or the stream."""
    return client.messages.create(
        model="claude", max_tokens=99, messages=[{"role": "user", "content": text}], **options
    )


# --- what the model says by itself ----------------------------------------------------------


def test_answers_a_chat_with_usage_of_the_words(openai_client):
    """A word is a token, of the conversation and of the answer."""
    completion = say(openai_client, WISH)

    text = completion.choices[0].message.content
    assert WISH in text
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage.prompt_tokens == 6
    assert completion.usage.completion_tokens == len(text.split())
    assert completion.usage.total_tokens == 6 + len(text.split())


@pytest.mark.parametrize("api", ["chat", "responses", "messages"])
def test_no_two_live_answers_are_equal(openai_client, anthropic_client, api):
    """The same question gets another id and another text each time."""
    ask = {
        "chat": lambda: say(openai_client, WISH),
        "responses": lambda: openai_client.responses.create(model="gpt", input=WISH),
        "messages": lambda: tell(anthropic_client, WISH),
    }[api]

    first, second = ask(), ask()

    assert first.id != second.id
    assert first._request_id != second._request_id
    assert str(first) != str(second)


def test_calls_all_tools_of_a_chat_at_once(openai_client):
    """Tools are offered and none was called: all are, with arguments from the question."""
    completion = say(openai_client, QUESTION, tools=CHAT_TOOLS)

    calls = completion.choices[0].message.tool_calls
    assert completion.choices[0].finish_reason == "tool_calls"
    assert [call.function.name for call in calls] == ["flights", "hotels"]
    assert [json.loads(call.function.arguments) for call in calls] == [ARGUMENTS] * 2
    assert calls[0].id != calls[1].id


def test_answers_a_chat_with_what_the_tools_found(openai_client):
    """Tools have answered: their results are in the final text."""
    asked = say(openai_client, QUESTION, tools=CHAT_TOOLS).choices[0].message
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": f"{call.function.name}: full"}
        for call in asked.tool_calls
    ]

    completion = openai_client.chat.completions.create(
        model="gpt",
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
            asked,
            *results,
        ],
        tools=CHAT_TOOLS,
    )

    assert completion.choices[0].message.tool_calls is None
    assert "flights: full\nhotels: full" in completion.choices[0].message.content


def test_fills_in_a_schema(openai_client):
    """`parse` gets an object of the class that it asked for."""
    completion = openai_client.chat.completions.parse(
        model="gpt", messages=[{"role": "user", "content": QUESTION}], response_format=Trip
    )

    parsed = completion.choices[0].message.parsed
    assert parsed == Trip(city="Lisbon", nights=3, sights=["Lisbon"], by_train=True)


def test_fills_in_what_the_question_does_not_say(openai_client):
    """Every type has a default."""
    completion = say(openai_client, "anything", tools=CHAT_TOOLS)

    arguments = json.loads(completion.choices[0].message.tool_calls[0].function.arguments)
    assert arguments == {"city": "Nowhere", "date": "2026-01-01", "nights": 1}


def test_responses_call_tools_and_take_their_results(openai_client):
    """The responses API carries tool calls and their outputs as items."""
    asked = openai_client.responses.create(
        model="gpt", instructions="Be brief.", input=QUESTION, tools=RESPONSES_TOOLS
    )
    results = [
        {"type": "function_call_output", "call_id": call.call_id, "output": f"{call.name}: full"}
        for call in asked.output
    ]
    answered = openai_client.responses.create(
        model="gpt",
        input=[{"role": "user", "content": QUESTION}, *asked.output, *results],
        tools=RESPONSES_TOOLS,
    )

    assert [json.loads(call.arguments) for call in asked.output] == [ARGUMENTS] * 2
    assert asked.usage.input_tokens == 8
    assert asked.usage.output_tokens == 10
    assert "flights: full\nhotels: full" in answered.output_text


def test_messages_call_tools_and_take_their_results(anthropic_client):
    """Anthropic's API carries tool calls and their results as blocks."""
    asked = tell(anthropic_client, QUESTION, system="Be brief.", tools=ANTHROPIC_TOOLS)
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": f"{block.name}: full"}
        for block in asked.content
    ]
    answered = anthropic_client.messages.create(
        model="claude",
        max_tokens=99,
        messages=[
            {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
            {"role": "assistant", "content": asked.content},
            {"role": "user", "content": results},
        ],
        tools=ANTHROPIC_TOOLS,
    )

    assert asked.stop_reason == "tool_use"
    assert [block.input for block in asked.content] == [ARGUMENTS] * 2
    assert asked.usage.input_tokens == 8
    assert asked.usage.output_tokens == 10
    assert answered.stop_reason == "end_turn"
    assert "flights: full\nhotels: full" in answered.content[0].text


# --- streams --------------------------------------------------------------------------------


def test_streams_a_chat(server, openai_client):
    """The pieces of the text are the text, and no chunk has usage unless it was asked for."""
    server.script([Reply("One two three.")])

    chunks = list(say(openai_client, WISH, stream=True))

    assert [chunk.choices[0].delta.content for chunk in chunks] == [
        "",
        "One ",
        "two ",
        "three.",
        None,
    ]
    assert {chunk.usage for chunk in chunks} == {None}
    assert len({chunk.id for chunk in chunks}) == 1


def test_streams_the_usage_of_a_chat_last(server, openai_client):
    """`include_usage` brings one more chunk, without choices."""
    server.script([Reply("One two three.")])

    *_, last = say(openai_client, WISH, stream=True, stream_options={"include_usage": True})

    assert last.choices == []
    assert last.usage.total_tokens == 9


def test_streams_tool_calls_of_a_chat(openai_client):
    """The SDK's own helper puts the streamed tool calls together again."""
    with openai_client.chat.completions.stream(
        model="gpt", messages=[{"role": "user", "content": QUESTION}], tools=CHAT_TOOLS
    ) as stream:
        completion = stream.get_final_completion()

    calls = completion.choices[0].message.tool_calls
    assert [call.function.name for call in calls] == ["flights", "hotels"]
    assert [json.loads(call.function.arguments) for call in calls] == [ARGUMENTS] * 2


@pytest.mark.parametrize(
    ("tools", "items"),
    [(RESPONSES_TOOLS, ["function_call", "function_call"]), ([], ["message"])],
    ids=["tools", "text"],
)
def test_streams_a_response(openai_client, tools, items):
    """The SDK's own helper puts the streamed response together again, and it is the last event."""
    with openai_client.responses.stream(model="gpt", input=QUESTION, tools=tools) as stream:
        events = list(stream)
        response = stream.get_final_response()

    assert events[-1].type == "response.completed"
    assert events[-1].response.output == response.output
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [item.type for item in response.output] == items


@pytest.mark.parametrize("tools", [ANTHROPIC_TOOLS, []], ids=["tools", "text"])
def test_streams_a_message(anthropic_client, tools):
    """The SDK's own helper puts the streamed message together again."""
    with anthropic_client.messages.stream(
        model="claude",
        max_tokens=99,
        messages=[{"role": "user", "content": QUESTION}],
        tools=tools,
    ) as stream:
        message = stream.get_final_message()

    if tools:
        assert [block.input for block in message.content] == [ARGUMENTS] * 2
        assert message.usage.output_tokens == 10
    else:
        assert QUESTION in message.content[0].text
        assert message.usage.output_tokens == len(message.content[0].text.split())
    assert message.usage.input_tokens == 6


def test_a_stream_breaks_off_where_the_script_says(server, openai_client):
    """The client gets the chunks up to there, then an error of its transport."""
    server.script([Reply("One two three.", breaks_after=2)])
    stream = say(openai_client, WISH, stream=True)
    chunks = []

    with pytest.raises(Exception, match=r"incomplete|Connection"):
        chunks.extend(stream)

    assert len(chunks) == 2


# --- failures -------------------------------------------------------------------------------


def test_refuses_with_a_time_to_wait(server, openai_client, anthropic_client):
    """A 429 is the SDK's own error, with the header that back-off code reads."""
    server.script([Failure(429, "Slow down.", retry_after=0.5)] * 2)

    with pytest.raises(openai.RateLimitError, match="Slow down") as from_openai:
        say(openai_client, WISH)
    with pytest.raises(anthropic.RateLimitError, match="Slow down") as from_anthropic:
        tell(anthropic_client, WISH)

    assert from_openai.value.response.headers["retry-after"] == "0.5"
    assert from_openai.value.code == "rate_limit_exceeded"
    assert from_anthropic.value.response.headers["retry-after"] == "0.5"
    assert from_anthropic.value.body["error"]["type"] == "rate_limit_error"


def test_fails_on_demand(server, openai_client, anthropic_client):
    """A 500 is the SDK's own error, and carries no time to wait."""
    server.script([Failure(500)] * 2)

    with pytest.raises(openai.InternalServerError) as from_openai:
        say(openai_client, WISH)
    with pytest.raises(anthropic.InternalServerError):
        tell(anthropic_client, WISH)

    assert "retry-after" not in from_openai.value.response.headers


def test_a_busy_model_refuses_every_other_question(openai_client):
    """The first try is refused, the second answered, and so on."""
    ask = {"model": "gpt-busy", "messages": [{"role": "user", "content": WISH}]}

    for _ in range(2):
        with pytest.raises(openai.RateLimitError):
            openai_client.chat.completions.create(**ask)
        assert WISH in openai_client.chat.completions.create(**ask).choices[0].message.content


def test_a_script_ends(server, openai_client):
    """More questions than replies are an error that no SDK retries."""
    server.script([Reply("Only this.")])

    assert say(openai_client, WISH).choices[0].message.content == "Only this."
    with pytest.raises(openai.BadRequestError, match="script of the model is at its end"):
        say(openai_client, WISH)


def test_an_unknown_path_is_not_found(server, openai_client):
    """What the server does not speak is a 404, and counted."""
    with pytest.raises(openai.NotFoundError):
        openai_client.models.list()
    with pytest.raises(openai.NotFoundError):
        openai_client.moderations.create(model="gpt", input=WISH)

    assert server.requests == [
        Served("GET", "/v1/models", 404),
        Served("POST", "/v1/moderations", 404),
    ]


# --- a script, and what is counted ----------------------------------------------------------


def test_a_model_of_the_test_sees_what_is_asked(openai_client, server):
    """A callable gets the conversation, the tools and the schema, and decides."""
    asks = []

    def model(ask):
        asks.append(ask)
        return Reply(tool_calls=(ToolCall("hotels", {"city": "Porto"}),))

    server.script(model)
    completion = openai_client.chat.completions.create(
        model="gpt",
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Go!"}],
        tools=CHAT_TOOLS,
    )

    call = completion.choices[0].message.tool_calls[0].function
    assert (call.name, call.arguments) == ("hotels", '{"city": "Porto"}')
    assert asks[0].question == "Go!"
    assert [message.role for message in asks[0].messages] == ["system", "user"]
    assert asks[0].tools == {"flights": TRIP, "hotels": TRIP}
    assert asks[0].schema is None


def test_counts_what_it_served(server, openai_client, anthropic_client):
    """Every answer is counted once, with its method, path and status."""
    server.script([Reply("One."), Failure(429), Reply("Two.")])
    say(openai_client, WISH)
    with pytest.raises(anthropic.RateLimitError):
        tell(anthropic_client, WISH)
    list(say(openai_client, WISH, stream=True))

    assert server.served == 3
    assert server.requests == [
        Served("POST", "/v1/chat/completions", 200),
        Served("POST", "/v1/messages", 429),
        Served("POST", "/v1/chat/completions", 200),
    ]


def test_serves_many_at_once(server):
    """Requests that overlap are answered side by side: none waits for another."""
    everyone_is_here = threading.Barrier(4)

    def model(ask):
        everyone_is_here.wait(timeout=10)
        return Reply(ask.question)

    server.script(model)

    async def ask_all():
        async with AsyncOpenAI(base_url=server.openai_url, api_key="none") as client:
            return await asyncio.gather(*(say(client, str(number)) for number in range(4)))

    completions = asyncio.run(ask_all())

    assert [c.choices[0].message.content for c in completions] == ["0", "1", "2", "3"]
    assert server.served == 4


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/nowhere"])
def test_keeps_a_connection_for_the_next_request(server, path):
    """HTTP/1.1: one connection carries as many requests as one likes, failed ones too."""
    server.script([Reply("One."), Reply("Two.")])
    body = json.dumps({"model": "gpt", "messages": []})
    connection = http.client.HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]))

    connection.request("POST", path, body)
    connection.getresponse().read()
    socket = connection.sock
    connection.request("POST", path, body)
    connection.getresponse().read()
    socket_of_the_second = connection.sock
    connection.close()

    assert socket_of_the_second is socket
    assert server.served == 2


def test_is_down_once_it_is_stopped(server, openai_client):
    """A stopped server answers nobody, not even on a connection that was open."""
    say(openai_client, WISH)

    server.stop()

    with pytest.raises(openai.APIConnectionError):
        say(openai_client, WISH)
    assert server.served == 1
    assert repr(server) == "ModelServer(stopped, served=1)"


def test_starts_again(server):
    """Started again it is up on a port of its own, and goes on counting."""
    server.stop()
    server.stop()
    server.start()
    server.start()

    with openai.OpenAI(base_url=server.openai_url, api_key="none", max_retries=0) as client:
        say(client, WISH)
    assert server.served == 1
    assert repr(server) == f"ModelServer({server.url}, served=1)"


def test_leaves_no_thread_behind():
    """After the block, every thread of the server has ended, those of open connections too."""
    before = threading.active_count()
    with ModelServer([Reply("Hi.")]) as server:
        port = int(server.url.rpartition(":")[2])
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("POST", "/v1/messages", json.dumps({"model": "m", "messages": []}))
        assert connection.getresponse().status == HTTPStatus.OK

    assert threading.active_count() == before
    connection.close()
