"""What agents of pydantic-ai gave live, they give again in strict replay, with the model down."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI
from pydantic import BaseModel, Field
from pydantic_ai import Agent, FunctionToolset, ModelRetry, NativeOutput, RunContext
from pydantic_ai.exceptions import ModelHTTPError, ModelRateLimitError, UnexpectedModelBehavior
from pydantic_ai.messages import BinaryContent, ModelMessagesTypeAdapter
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from server import Failure, Reply, ToolCall

from agentcassette import Cassette, DivergenceError, intercept, record, replay

if TYPE_CHECKING:
    from collections.abc import Iterator

QUESTION = "3 nights in Lisbon from 2026-05-04"


class Trip(BaseModel):
    """What a structured answer is parsed into."""

    city: str
    nights: int = Field(description="How long.")


@dataclass
class Hotel:
    """What the tools of an agent depend on."""

    rooms: int


# --- where an agent is wrapped --------------------------------------------------------------


class TapedModel(OpenAIChatModel):
    """A model of the user's own, of which every request is taped."""

    @intercept(kind="llm")
    async def request(self, messages, model_settings, model_request_parameters):
        """Ask for a whole answer."""
        return await super().request(messages, model_settings, model_request_parameters)

    @intercept(kind="llm")
    def request_stream(self, messages, model_settings, model_request_parameters, run_context=None):
        """Ask for a stream."""
        return super().request_stream(
            messages, model_settings, model_request_parameters, run_context
        )


class Taped(WrapperModel):
    """What stands before any model, as pydantic-ai has it."""

    request = intercept(WrapperModel.request, kind="llm")
    request_stream = intercept(WrapperModel.request_stream, kind="llm")


def subclass(client: AsyncOpenAI):
    """Wrap the methods of a class of one's own."""
    return TapedModel("gpt", provider=OpenAIProvider(openai_client=client))


def wrapper(client: AsyncOpenAI):
    """Put a class before the model that there is."""
    return Taped(OpenAIChatModel("gpt", provider=OpenAIProvider(openai_client=client)))


def instance(client: AsyncOpenAI):
    """Wrap the methods of one model."""
    model = OpenAIResponsesModel("gpt", provider=OpenAIProvider(openai_client=client))
    model.request = intercept(model.request, kind="llm")
    model.request_stream = intercept(model.request_stream, kind="llm")
    return model


def chat_client(client: AsyncOpenAI):
    """Wrap the method of the client that the model is given."""
    chat = client.chat.completions
    chat.create = intercept(chat.create, kind="llm")
    return OpenAIChatModel("gpt", provider=OpenAIProvider(openai_client=client))


def responses_client(client: AsyncOpenAI):
    """The same with the newer API."""
    responses = client.responses
    responses.create = intercept(responses.create, kind="llm")
    return OpenAIResponsesModel("gpt", provider=OpenAIProvider(openai_client=client))


SEAMS = [wrapper, chat_client]
OTHER_SEAMS = [subclass, instance, responses_client]


def travel_agent(model, **options):
    """Make an agent with two tools, both taped."""
    agent = Agent(model, deps_type=Hotel, **options)

    @agent.tool
    @intercept(kind="tool")
    async def look_up(ctx: RunContext[Hotel], city: str) -> dict[str, object]:
        """Look for a room.

        Args:
            ctx: The run.
            city: Where.
        """
        await asyncio.sleep(0.01)
        return {"city": city, "rooms": ctx.deps.rooms}

    @agent.tool_plain
    @intercept(kind="tool")
    def weather(city: str) -> str:
        """How warm it is."""
        return f"warm in {city}"

    return agent


async def asked(agent, seam, server):
    """Run an agent on a model of its own, whose client is closed in the end."""
    async with AsyncOpenAI(base_url=server.openai_url, api_key="none", max_retries=0) as client:
        return await agent(seam(client))


# --- agents of a few lines ------------------------------------------------------------------


async def answer(model):
    """Ask once."""
    result = await Agent(model, instructions="Be brief.").run(QUESTION)
    return [result.output, result.usage, result.response.parts]


async def answer_with_tools(model):
    """Let the model call two tools at once."""
    result = await travel_agent(model).run(QUESTION, deps=Hotel(rooms=3))
    return [result.output, result.usage]


async def go_on(model):
    """Carry the history over to a second run."""
    agent = travel_agent(model)
    first = await agent.run(QUESTION, deps=Hotel(rooms=3))
    history = first.all_messages()
    second = await agent.run("And in Porto?", message_history=history, deps=Hotel(rooms=4))
    return [first.output, second.output]


async def go_on_from_json(model):
    """Keep the history as JSON in between, as a web application does."""
    agent = travel_agent(model)
    first = await agent.run(QUESTION, deps=Hotel(rooms=3))
    history = ModelMessagesTypeAdapter.validate_json(first.all_messages_json())
    second = await agent.run("And in Porto?", message_history=history, deps=Hotel(rooms=4))
    return [first.output, second.output]


async def plan(model):
    """Ask for an object, which the model gives by calling a tool."""
    return (await Agent(model, output_type=Trip).run(QUESTION)).output


async def plan_natively(model):
    """Ask for an object in the model's own way."""
    return (await Agent(model, output_type=NativeOutput(Trip)).run(QUESTION)).output


async def look_at_a_picture(model):
    """Send bytes along."""
    picture = BinaryContent(b"\x89PNG\r\n", media_type="image/png")
    return (await Agent(model).run(["What is this? Lisbon?", picture])).output


async def all_at_once(model):
    """Run an agent several times at once."""
    agent = travel_agent(model)
    cities = ["Lisbon", "Porto", "Faro", "Braga"]
    results = await asyncio.gather(
        *(agent.run(f"A night in {city}", deps=Hotel(rooms=len(city))) for city in cities)
    )
    return [result.output for result in results]


async def ask_another_agent(model):
    """Let a tool ask an agent; the tool itself is not taped, for it only passes on."""
    expert = Agent(model, instructions="You know every city.")
    agent = Agent(model)

    @agent.tool
    async def ask(ctx: RunContext[None], city: str) -> str:
        return (await expert.run(f"What of {city}?", usage=ctx.usage)).output

    result = await agent.run(QUESTION)
    return [result.output, result.usage]


async def use_a_toolset(model):
    """Wrap all the tools of a toolset in one place."""
    toolset = FunctionToolset()

    @toolset.tool
    def count_rooms(ctx: RunContext[Hotel], city: str) -> str:
        return f"{ctx.deps.rooms} in {city}"

    toolset.call_tool = intercept(toolset.call_tool, kind="tool")
    agent = Agent(model, toolsets=[toolset], deps_type=Hotel)
    return (await agent.run(QUESTION, deps=Hotel(rooms=3))).output


async def stream(model):
    """Read a text to its end."""
    async with Agent(model).run_stream(QUESTION) as result:
        texts = [text async for text in result.stream_text(debounce_by=None)]
        return [texts, result.usage]


async def stream_deltas(model):
    """The same piece by piece."""
    async with Agent(model).run_stream(QUESTION) as result:
        return [text async for text in result.stream_text(delta=True, debounce_by=None)]


async def stream_debounced(model):
    """Read the text as it comes within a time; only its last state is the same in every run."""
    async with Agent(model).run_stream(QUESTION) as result:
        texts = [text async for text in result.stream_text(debounce_by=0.01)]
        return [texts[-1], await result.get_output(), result.usage]


async def stream_with_tools(model):
    """Read the text that comes after the tools."""
    async with travel_agent(model).run_stream(QUESTION, deps=Hotel(rooms=3)) as result:
        return [text async for text in result.stream_text(debounce_by=None)]


async def stream_a_plan(model):
    """Read an object while it is not yet whole."""
    async with Agent(model, output_type=Trip).run_stream(QUESTION) as result:
        return [trip async for trip in result.stream_output(debounce_by=None)]


async def stream_messages(model):
    """Read the message while it is not yet whole."""
    async with Agent(model).run_stream(QUESTION) as result:
        return [
            (message.parts, message.state, message.usage)
            async for message in result.stream_response(debounce_by=None)
        ]


async def stream_left_early(model):
    """Leave a stream in the middle."""
    texts = []
    async with Agent(model).run_stream(QUESTION) as result:
        async for text in result.stream_text(debounce_by=None):
            texts.append(text)
            if len(texts) == 3:
                break
    return texts


async def stream_and_ask_for_the_rest(model):
    """Leave a stream in the middle, and let the framework read on."""
    async with Agent(model).run_stream(QUESTION) as result:
        async for _ in result.stream_text(debounce_by=None):
            break
        return await result.get_output()


async def step_by_step(model):
    """Go through the nodes of a run, and the events of each."""
    seen = []
    async with travel_agent(model).iter(QUESTION, deps=Hotel(rooms=3)) as run:
        async for node in run:
            seen.append(type(node).__name__)
            if Agent.is_model_request_node(node) or Agent.is_call_tools_node(node):
                async with node.stream(run.ctx) as events:
                    seen += [type(event).__name__ async for event in events]
    return [*seen, run.result.output]


async def events(model):
    """Read all the events of a run."""
    async with travel_agent(model).run_stream_events(QUESTION, deps=Hotel(rooms=3)) as happened:
        return [type(event).__name__ async for event in happened]


async def handle_events(model):
    """Be told of all the events of a run."""
    seen = []

    async def handle(_ctx, happened):
        seen.extend([type(event).__name__ async for event in happened])

    agent = travel_agent(model)
    result = await agent.run(QUESTION, deps=Hotel(rooms=3), event_stream_handler=handle)
    return [*seen, result.output]


AGENTS = [
    answer,
    answer_with_tools,
    go_on,
    go_on_from_json,
    plan,
    plan_natively,
    look_at_a_picture,
    all_at_once,
    ask_another_agent,
    use_a_toolset,
    stream,
    stream_deltas,
    stream_debounced,
    stream_with_tools,
    stream_a_plan,
    stream_messages,
    stream_left_early,
    stream_and_ask_for_the_rest,
    step_by_step,
    events,
    handle_events,
]


FEW_AGENTS = [go_on, plan, stream, stream_left_early, step_by_step]


@pytest.mark.parametrize(
    ("agent", "seam"), [*product(AGENTS, SEAMS), *product(FEW_AGENTS, OTHER_SEAMS)]
)
def test_replays(agent, seam, server, prove):
    """Equal values of equal types come back, wherever the agent is wrapped."""
    live, again, steps = prove(lambda: asked(agent, seam, server))

    assert again == live
    assert types_in(again) == types_in(live)
    assert lost_in(steps) == []


def types_in(value):
    """Return the type of a value, and those of its items."""
    return [type(item) for item in value] if isinstance(value, list) else type(value)


def lost_in(steps):
    """Return the places of what the steps gave that can't come back."""
    told = [*steps, *(use for step in steps for use in step.get("stream", {}).get("uses", ()))]
    return [
        place
        for step in told
        for place, name in step.get("types", {}).items()
        if "!" in name and not place.startswith("/arguments")
    ]


# --- agents that are not awaited ------------------------------------------------------------


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Give the loop that pydantic-ai runs an agent on which is not awaited."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


def run_sync(model):
    """Ask, with tools."""
    return travel_agent(model).run_sync(QUESTION, deps=Hotel(rooms=3)).output


def stream_sync(model):
    """Read a text to its end."""
    with Agent(model).run_stream_sync(QUESTION) as result:
        return list(result.stream_text(debounce_by=None))


@pytest.mark.parametrize("seam", SEAMS)
@pytest.mark.parametrize("agent", [run_sync, stream_sync])
def test_replays_an_agent_that_is_not_awaited(agent, seam, server, prove, loop):
    """The framework runs the loop, and tools that are no coroutines in threads."""

    def run():
        client = AsyncOpenAI(base_url=server.openai_url, api_key="none", max_retries=0)
        try:
            return agent(seam(client))
        finally:
            loop.run_until_complete(client.close())

    live, again, _ = prove(run)

    assert again == live


# --- another provider -----------------------------------------------------------------------


def anthropic_client(client: AsyncAnthropic):
    """Wrap the method of the client that pydantic-ai calls."""
    messages = client.beta.messages
    messages.create = intercept(messages.create, kind="llm")
    return AnthropicModel("claude-sonnet-4-6", provider=AnthropicProvider(anthropic_client=client))


def anthropic_model(client: AsyncAnthropic):
    """Put a class before the model that there is."""
    provider = AnthropicProvider(anthropic_client=client)
    return Taped(AnthropicModel("claude-sonnet-4-6", provider=provider))


@pytest.mark.parametrize("seam", [anthropic_client, anthropic_model])
@pytest.mark.parametrize("agent", [go_on, plan, stream, stream_a_plan, step_by_step])
def test_replays_with_anthropic(agent, seam, server, prove):
    """The seams are those of OpenAI's models."""

    async def run():
        async with AsyncAnthropic(base_url=server.url, api_key="none", max_retries=0) as client:
            return await agent(seam(client))

    live, again, steps = prove(run)

    assert again == live
    assert types_in(again) == types_in(live)
    assert lost_in(steps) == []


# --- failures -------------------------------------------------------------------------------


async def refused(model):
    """Ask a model that is busy, and tell what became of it."""
    with pytest.raises(ModelRateLimitError) as caught:
        await Agent(model).run(QUESTION)
    error = caught.value
    assert isinstance(error, ModelHTTPError)
    told = [type(error), str(error), error.status_code, error.body, error.headers]
    return [*told, error.retry_after, type(error.__cause__)]


@pytest.mark.parametrize("seam", SEAMS)
def test_replays_a_rate_limit_as_it_was(seam, server, prove):
    """The error is pydantic-ai's own, with what back-off code reads from it."""
    server.script([Failure(429, "Slow down.", retry_after=2)])

    live, again, steps = prove(lambda: asked(refused, seam, server))

    assert again == live
    assert lost_in(steps) == []


async def broken_off(model):
    """Read a stream that breaks off, and tell what became of it."""
    texts = []
    with pytest.raises(Exception, match="onnection") as caught:  # noqa: PT012
        async with Agent(model).run_stream(QUESTION) as result:
            async for text in result.stream_text(debounce_by=None):
                texts.append(text)  # noqa: PERF401 - what was read counts although it fails
    return [*texts, type(caught.value), type(caught.value.__cause__)]


@pytest.mark.parametrize("seam", SEAMS)
def test_replays_a_stream_that_broke_off(seam, server, prove):
    """What was read up to there comes again, then the same error."""
    server.script([Reply("One two three four five six.", breaks_after=5)])

    live, again, _ = prove(lambda: asked(broken_off, seam, server))

    assert again == live


async def fail_while_reading(model):
    """Let an error of the agent itself end a stream."""
    texts = []
    with pytest.raises(LookupError):  # noqa: PT012
        async with Agent(model).run_stream(QUESTION) as result:
            async for text in result.stream_text(debounce_by=None):
                texts.append(text)
                raise LookupError
    return texts


@pytest.mark.parametrize("seam", SEAMS)
def test_replays_a_stream_that_the_agent_broke_off(seam, server, prove, caplog):
    """The framework's own clean-up works as it did."""
    live, again, _ = prove(lambda: asked(fail_while_reading, seam, server))

    assert again == live
    # asyncio warns as well, where a busy machine takes its time.
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [error.getMessage() for error in errors if error.name == "asyncio"] == []


async def try_again(model):
    """Let a tool send the model back until it has tried too often."""
    agent = Agent(model)

    @agent.tool_plain(retries=2)
    @intercept(kind="tool")
    def weather(city: str) -> str:
        message = f"There is no {city}."
        raise ModelRetry(message)

    with pytest.raises(UnexpectedModelBehavior) as caught:
        await agent.run(QUESTION)
    return [str(caught.value), type(caught.value.__cause__)]


@pytest.mark.parametrize("seam", SEAMS)
def test_replays_a_tool_that_asks_for_another_try(seam, server, prove):
    """What a tool raises to talk to the model is raised again."""
    server.script([Reply(tool_calls=(ToolCall("weather", {"city": "Atlantis"}),))] * 3)

    live, again, steps = prove(lambda: asked(try_again, seam, server))

    assert again == live
    assert [step["type"] for step in steps] == ["llm", "tool"] * 3


# --- what is the same from run to run -------------------------------------------------------


def messages_in_the_rhythm_of(interval):
    """Make an agent that looks at a message as often as an interval allows."""

    async def agent(model):
        async with Agent(model).run_stream(QUESTION) as result:
            seen = [message.text async for message in result.stream_response(debounce_by=interval)]
            return [seen[-1], result.usage]

    return agent


@pytest.mark.parametrize("seam", SEAMS)
@pytest.mark.parametrize(("live_interval", "interval"), [(10, None), (None, 10)])
def test_replays_on_a_machine_of_another_speed(seam, live_interval, interval, server, tmp_path):
    """How often a message is looked at while it comes depends on time, and is no drift."""
    path = tmp_path / "cassette.json"
    with record(path):
        live = asyncio.run(asked(messages_in_the_rhythm_of(live_interval), seam, server))
    server.stop()
    with replay(path, strict=True):
        again = asyncio.run(asked(messages_in_the_rhythm_of(interval), seam, server))

    assert again == live


SOURCE = """
    from openai import AsyncOpenAI
    from pydantic import BaseModel
    from pydantic_ai import Agent, RunContext
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.models.wrapper import WrapperModel
    from pydantic_ai.providers.openai import OpenAIProvider
    import agentcassette

    class Trip(BaseModel):
        city: str
        nights: int

    class Taped(WrapperModel):
        request = agentcassette.intercept(WrapperModel.request, kind="llm")
        request_stream = agentcassette.intercept(WrapperModel.request_stream, kind="llm")

    def taped_model(client):
        return Taped(OpenAIChatModel("gpt", provider=OpenAIProvider(openai_client=client)))

    def model_of_a_taped_client(client):
        chat = client.chat.completions
        chat.create = agentcassette.intercept(chat.create, kind="llm")
        return OpenAIChatModel("gpt", provider=OpenAIProvider(openai_client=client))

    async def run(model):
        agent = Agent(model, instructions="Be brief.", deps_type=set)

        @agent.tool
        @agentcassette.intercept(kind="tool")
        async def look_up(ctx: RunContext[set], city: str) -> list[str]:
            return sorted(ctx.deps)

        @agent.tool_plain
        @agentcassette.intercept(kind="tool")
        def weather(city: str) -> str:
            return f"warm in {city}"

        first = await agent.run("3 nights in Lisbon", deps={"sea", "sun", "fado"})
        history = first.all_messages()
        async with agent.run_stream("And in Porto?", message_history=history, deps=set()) as last:
            text = await last.get_output()
        trip = await Agent(model, output_type=Trip).run("3 nights in Lisbon")
        return [first.output, text, trip.output]

    async def main():
        told = []
        for seam in (taped_model, model_of_a_taped_client):
            async with AsyncOpenAI() as client:
                told += await run(seam(client))
        return told
"""


def test_replays_in_other_processes(prove_elsewhere):
    """The ids and times that the framework makes afresh, and the order of sets, are no drift."""
    live, again, steps = prove_elsewhere(SOURCE)

    assert again == live
    assert "0x" not in json.dumps(steps)


def test_a_field_that_an_upgrade_brings_is_no_drift(server, tmp_path):
    """An older pydantic-ai had no such fields, and the agent has never set them."""
    path = tmp_path / "cassette.json"
    with record(path):
        live = asyncio.run(asked(answer, wrapper, server))
    tape = json.loads(path.read_text("utf-8"))
    (step,) = tape["steps"]
    step["arguments"]["args"][-1].pop("cache", None)
    step["arguments"]["args"][-1].pop("native_tools", None)
    step["result"].pop("failed_attempts", None)
    step["result"]["usage"].pop("details", None)
    path.write_text(json.dumps(tape), "utf-8")

    with replay(path, strict=True):
        again = asyncio.run(asked(answer, wrapper, server))

    assert again == live


# --- what is drift --------------------------------------------------------------------------


async def answer_at_length(model):
    """Ask with other words in the prompt."""
    return (await Agent(model, instructions="Be verbose.").run(QUESTION)).output


async def answer_with_another_tool(model):
    """Tell the model otherwise what a tool does."""
    agent = travel_agent(model)
    agent.toolsets[0].tools["weather"].description = "How cold it is."
    return (await agent.run(QUESTION, deps=Hotel(rooms=3))).output


async def plan_in_weeks(model):
    """Tell the model otherwise what a field of the answer is."""

    class Trip(BaseModel):
        """What a structured answer is parsed into."""

        city: str
        nights: int = Field(description="How many weeks.")

    return (await Agent(model, output_type=Trip).run(QUESTION)).output


async def stream_something_else(model):
    """Read the answer to another question."""
    async with Agent(model).run_stream("A night in Lisbon") as result:
        return [text async for text in result.stream_text()]


PARAMETERS = r"model_request_parameters"
CHANGES = [
    (answer, answer_at_length, wrapper, r"messages[0].instructions"),
    (answer, answer_at_length, subclass, r"messages[0].instructions"),
    (answer, answer_at_length, instance, r"messages[0].instructions"),
    (answer, answer_at_length, chat_client, r"messages[0].content"),
    (answer, answer_at_length, responses_client, r"instructions"),
    (answer_with_tools, answer_with_another_tool, wrapper, f"{PARAMETERS}.function_tools[1].descr"),
    (answer_with_tools, answer_with_another_tool, chat_client, "tools[1].function.description"),
    (plan, plan_in_weeks, wrapper, f"{PARAMETERS}.output_object.json_schema.properties.nights"),
    (plan, plan_in_weeks, chat_client, "tools[0].function.parameters.properties.nights"),
    (stream, stream_something_else, wrapper, "messages[0].parts[0].content"),
    (stream, stream_something_else, subclass, "messages[0].parts[0].content"),
    (stream, stream_something_else, instance, "messages[0].parts[0].content"),
    (stream, stream_something_else, chat_client, "messages[0].content"),
    (stream, stream_something_else, responses_client, "input[0].content"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_agent_is_drift(change, server, tmp_path):
    """Whatever the model is told otherwise, the test says where."""
    agent, changed, seam, place = change
    with record(tmp_path / "cassette.json"):
        asyncio.run(asked(agent, seam, server))
    served = server.served

    with (
        pytest.raises(DivergenceError, match=f"differs at {re.escape(place)}") as drift,
        replay(tmp_path / "cassette.json", strict=True),
    ):
        asyncio.run(asked(changed, seam, server))

    assert drift.value.step_index == 0
    assert server.served == served


def test_an_id_in_the_argument_of_a_tool_is_drift(server, tmp_path):
    """What the agent itself makes afresh counts, unlike what the framework does."""
    numbers = iter(["order-1", "order-2"])
    book = intercept(lambda city, order: f"{order} in {city}", name="book", kind="tool")

    async def agent(model):
        agent = Agent(model)

        @agent.tool_plain
        def reserve(city: str) -> str:
            return book(city, order=next(numbers))

        return (await agent.run(QUESTION)).output

    with record(tmp_path / "cassette.json"):
        asyncio.run(asked(agent, wrapper, server))

    with (
        pytest.raises(DivergenceError, match=r"book differs at order"),
        replay(tmp_path / "cassette.json", strict=True),
    ):
        asyncio.run(asked(agent, wrapper, server))


# --- what is on the cassette ----------------------------------------------------------------


@pytest.mark.parametrize("seam", SEAMS)
@pytest.mark.parametrize("agent", [answer, stream])
def test_counts_the_tokens_of_the_usage(agent, seam, server, tmp_path):
    """Tokens are those that the model counted."""
    with record(tmp_path / "cassette.json") as recorder:
        usage = asyncio.run(asked(agent, seam, server))[1]

    counted = (recorder.total_input_tokens, recorder.total_output_tokens)
    assert counted == (usage.input_tokens, usage.output_tokens)


@pytest.mark.parametrize("seam", SEAMS)
def test_reads_as_a_conversation(seam, server, tmp_path):
    """The steps are those of the agent, and no key and no address is in the file."""
    path = tmp_path / "cassette.json"
    with record(path, redact=["authorization"]):
        asyncio.run(asked(answer_with_tools, seam, server))

    first, *tools, last = Cassette.load(path).steps
    assert (first["type"], last["type"]) == ("llm", "llm")
    assert sorted(tool["name"] for tool in tools) == ["look_up", "weather"]
    assert {tool["arguments"]["kwargs"]["city"] for tool in tools} == {"Lisbon"}
    text = path.read_text("utf-8")
    assert "0x" not in text
    assert "Bearer" not in text
