"""What agents of the OpenAI Agents SDK gave live, they give again in strict replay."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import httpx2
import pytest
from agents import (
    Agent,
    GuardrailFunctionOutput,
    Model,
    ModelRetrySettings,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    OutputGuardrailTripwireTriggered,
    RunConfig,
    RunContextWrapper,
    Runner,
    SQLiteSession,
    function_tool,
    handoff,
    input_guardrail,
    output_guardrail,
    retry_policies,
    set_tracing_disabled,
)
from openai import AsyncOpenAI, RateLimitError
from pydantic import BaseModel, Field
from server import Failure, Reply

from agentcassette import Cassette, DivergenceError, intercept, record, replay

if TYPE_CHECKING:
    from collections.abc import Iterator

QUESTION = "3 nights in Lisbon from 2026-05-04"

set_tracing_disabled(disabled=True)  # or the SDK sends what it traced to OpenAI, from a thread


class Trip(BaseModel):
    """What a structured answer is parsed into."""

    city: str
    nights: int = Field(description="How long.")


@dataclass
class Hotel:
    """What the tools of an agent depend on."""

    rooms: int


# --- where an agent is wrapped --------------------------------------------------------------


class TapedModel(OpenAIChatCompletionsModel):
    """A class of the SDK, of which every request is taped."""

    get_response = intercept(OpenAIChatCompletionsModel.get_response, kind="llm")
    stream_response = intercept(OpenAIChatCompletionsModel.stream_response, kind="llm")


class Taped(Model):
    """What stands before any model."""

    def __init__(self, model: Model) -> None:
        """Take the model."""
        self.model = model

    @intercept(kind="llm")
    async def get_response(self, *args, **kwargs):
        """Ask for a whole answer."""
        return await self.model.get_response(*args, **kwargs)

    @intercept(kind="llm")
    def stream_response(self, *args, **kwargs):
        """Ask for a stream."""
        return self.model.stream_response(*args, **kwargs)


def subclass(client: AsyncOpenAI):
    """Wrap the methods of a class of one's own."""
    return TapedModel("gpt", client)


def wrapper(client: AsyncOpenAI):
    """Put a class before the model that there is."""
    return Taped(OpenAIResponsesModel("gpt", client))


def instance(client: AsyncOpenAI):
    """Wrap the methods of one model."""
    model = OpenAIResponsesModel("gpt", client)
    model.get_response = intercept(model.get_response, kind="llm")
    model.stream_response = intercept(model.stream_response, kind="llm")
    return model


def chat_client(client: AsyncOpenAI):
    """Wrap the method of the client that the model is given."""
    chat = client.chat.completions
    chat.create = intercept(chat.create, kind="llm")
    return OpenAIChatCompletionsModel("gpt", client)


def responses_client(client: AsyncOpenAI):
    """The same with the newer API."""
    responses = client.responses
    responses.create = intercept(responses.create, kind="llm")
    return OpenAIResponsesModel("gpt", client)


SEAMS = [subclass, responses_client]
OTHER_SEAMS = [wrapper, instance, chat_client]


@function_tool
@intercept(kind="tool")
async def look_up(ctx: RunContextWrapper[Hotel], city: str) -> str:
    """Look for a room."""
    await asyncio.sleep(0.01)
    return f"{city} has {ctx.context.rooms} rooms"


@function_tool
@intercept(kind="tool")
def weather(city: str) -> str:
    """How warm it is."""
    return f"warm in {city}"


def travel_agent(model):
    """Make an agent with two tools, both taped."""
    settings = ModelSettings(include_usage=True)  # which chat completions leave out of a stream
    tools = [look_up, weather]
    return Agent("travel", model=model, model_settings=settings, tools=tools)


async def asked(agent, seam, server):
    """Run an agent on a model of its own, whose client is closed in the end."""
    async with AsyncOpenAI(base_url=server.openai_url, api_key="none", max_retries=0) as client:
        return await agent(seam(client))


# --- agents of a few lines ------------------------------------------------------------------


async def answer(model):
    """Ask once."""
    result = await Runner.run(Agent("brief", instructions="Be brief.", model=model), QUESTION)
    items = [item.raw_item for item in result.new_items]
    return [result.final_output, *items, *result.raw_responses, result.context_wrapper.usage]


async def answer_with_tools(model):
    """Let the model call two tools at once."""
    result = await Runner.run(travel_agent(model), QUESTION, context=Hotel(rooms=3))
    return [result.final_output, *result.raw_responses]


async def go_on(model):
    """Carry the history over to a second run."""
    agent = travel_agent(model)
    first = await Runner.run(agent, QUESTION, context=Hotel(rooms=3))
    history = [*first.to_input_list(), {"role": "user", "content": "And in Porto?"}]
    second = await Runner.run(agent, history, context=Hotel(rooms=4))
    return [first.final_output, second.final_output]


async def go_on_in_a_session(model):
    """Let the SDK keep the history."""
    session = SQLiteSession("a guest")
    try:
        agent = travel_agent(model)
        first = await Runner.run(agent, QUESTION, context=Hotel(rooms=3), session=session)
        second = await Runner.run(agent, "Thanks.", context=Hotel(rooms=4), session=session)
        return [first.final_output, second.final_output, *await session.get_items()]
    finally:
        session.close()


async def plan(model):
    """Ask for an object."""
    agent = Agent("planner", model=model, output_type=Trip)
    return (await Runner.run(agent, QUESTION)).final_output


async def hand_over(model):
    """Let another agent answer."""
    expert = Agent("expert", model=model, handoff_description="Knows every city.")
    result = await Runner.run(Agent("first", model=model, handoffs=[expert]), QUESTION)
    return [result.final_output, result.last_agent.name]


async def hand_over_with_data(model):
    """Let another agent answer, and be told of it, by a callback that is taped."""

    @intercept(kind="tool")
    async def note(ctx: RunContextWrapper[None], trip: Trip) -> None:
        """Note where the guest goes."""

    expert = handoff(Agent("expert", model=model), on_handoff=note, input_type=Trip)
    result = await Runner.run(Agent("first", model=model, handoffs=[expert]), QUESTION)
    return [result.final_output, result.last_agent.name]


async def ask_another_agent(model):
    """Use an agent as a tool."""
    expert = Agent("expert", model=model, instructions="You know every city.")
    tool = expert.as_tool("ask", "Ask one who knows.")
    result = await Runner.run(Agent("first", model=model, tools=[tool]), QUESTION)
    return [result.final_output, result.context_wrapper.usage]


async def be_guarded(model):
    """Check what goes in and what comes out, with checks that are taped."""

    @input_guardrail
    @intercept(kind="tool")
    async def polite(ctx, agent, question) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(output_info="very", tripwire_triggered=False)

    @output_guardrail
    @intercept(kind="tool")
    async def short(ctx, agent, output) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(output_info=[len(output)], tripwire_triggered=True)

    agent = Agent("guarded", model=model, input_guardrails=[polite], output_guardrails=[short])
    with pytest.raises(OutputGuardrailTripwireTriggered) as caught:
        await Runner.run(agent, QUESTION)
    return [str(caught.value), caught.value.guardrail_result.output.output_info]


async def fail_in_a_tool(model):
    """Let the SDK tell the model of a tool that failed."""

    @function_tool(failure_error_function=lambda _, error: f"{type(error).__name__}: {error}")
    @intercept(kind="tool")
    def find(city: str) -> str:
        """Find it."""
        raise LookupError(city)

    return (await Runner.run(Agent("finder", model=model, tools=[find]), QUESTION)).final_output


async def use_a_ready_tool(model):
    """Wrap what a tool is called by, where its function is not at hand."""

    @function_tool
    def count(city: str) -> str:
        """Count the rooms."""
        return f"3 in {city}"

    count.on_invoke_tool = intercept(count.on_invoke_tool, name=count.name, kind="tool")
    return (await Runner.run(Agent("counter", model=model, tools=[count]), QUESTION)).final_output


async def all_at_once(model):
    """Run an agent several times at once."""
    agent = travel_agent(model)
    cities = ["Lisbon", "Porto", "Faro", "Braga"]
    results = await asyncio.gather(
        *(Runner.run(agent, f"A night in {city}", context=Hotel(rooms=3)) for city in cities)
    )
    return [result.final_output for result in results]


async def stream(model):
    """Read all the events of a run."""
    result = Runner.run_streamed(travel_agent(model), QUESTION, context=Hotel(rooms=3))
    seen = [told_of(event) async for event in result.stream_events()]
    return [*seen, result.final_output, result.context_wrapper.usage]


def told_of(event):
    """Tell what an event says, but for the time that the SDK gives it."""
    if event.type != "raw_response_event":
        return event.type
    told = event.data.to_dict()
    told.get("response", {}).pop("created_at", None)
    return told


async def stream_a_plan(model):
    """Read an object piece by piece."""
    result = Runner.run_streamed(Agent("planner", model=model, output_type=Trip), QUESTION)
    return [*[event.type async for event in result.stream_events()], result.final_output]


async def stream_left_early(model):
    """Leave a stream in the middle."""
    result = Runner.run_streamed(Agent("brief", model=model), QUESTION)
    words = []
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            words.append(event.data.delta)
            if len(words) == 2:
                break
    result.cancel()
    return words


AGENTS = [
    answer,
    answer_with_tools,
    go_on,
    go_on_in_a_session,
    plan,
    hand_over,
    hand_over_with_data,
    ask_another_agent,
    be_guarded,
    fail_in_a_tool,
    use_a_ready_tool,
    all_at_once,
    stream,
    stream_a_plan,
    stream_left_early,
]
FEW_AGENTS = [go_on, plan, hand_over, stream, stream_left_early]


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


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Give the loop that the SDK runs an agent on which is not awaited."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.parametrize("seam", [*SEAMS, *OTHER_SEAMS])
def test_replays_an_agent_that_is_not_awaited(seam, server, prove, loop):
    """The SDK runs the loop, and tools that are no coroutines in threads."""

    def run():
        client = AsyncOpenAI(base_url=server.openai_url, api_key="none", max_retries=0)
        try:
            agent = travel_agent(seam(client))
            return Runner.run_sync(agent, QUESTION, context=Hotel(rooms=3)).final_output
        finally:
            loop.run_until_complete(client.close())

    live, again, _ = prove(run)

    assert again == live


# --- failures -------------------------------------------------------------------------------


async def refused(model):
    """Ask a model that is busy, and tell what became of it."""
    with pytest.raises(RateLimitError) as caught:
        await Runner.run(Agent("brief", model=model), QUESTION)
    error = caught.value
    told = [type(error), str(error), error.status_code, error.body, error.request_id]
    return [*told, error.response.headers["retry-after"]]


@pytest.mark.parametrize("seam", [*SEAMS, *OTHER_SEAMS])
def test_replays_a_rate_limit_as_it_was(seam, server, prove):
    """The error is that of OpenAI's SDK, with what back-off code reads from it."""
    server.script([Failure(429, "Slow down.", retry_after=2)])

    live, again, steps = prove(lambda: asked(refused, seam, server))

    assert again == live
    assert lost_in(steps) == []


async def insist(model):
    """Let the SDK ask once more."""
    policy = retry_policies.http_status([429])
    settings = ModelSettings(retry=ModelRetrySettings(max_retries=1, policy=policy))
    agent = Agent("patient", model=model, model_settings=settings)
    result = await Runner.run(agent, QUESTION)
    return [result.final_output, result.context_wrapper.usage.requests]


@pytest.mark.parametrize("seam", [subclass, wrapper, instance])
def test_replays_another_try(seam, server, prove):
    """Each try of the SDK's own retries is a step."""
    server.script([Failure(429, "Slow down.", retry_after=0.01), Reply("Here you are.")])

    live, again, steps = prove(lambda: asked(insist, seam, server))

    assert again == live == ["Here you are.", 2]
    assert ["error" in step for step in steps] == [True, False]


class SlowStream(httpx2.AsyncByteStream):
    """An answer that comes line by line, with a wait before each."""

    def __init__(self, stream):
        """Take the answer."""
        self.stream = stream

    async def __aiter__(self):
        """Give its lines."""
        async for part in self.stream:
            for line in part.splitlines(keepends=True):
                await asyncio.sleep(0.003)
                yield line

    async def aclose(self):
        """Close it."""
        await self.stream.aclose()


class SlowNetwork(httpx2.AsyncHTTPTransport):
    """A network on which every answer takes its time, as those of models do."""

    async def handle_async_request(self, request):
        """Slow the answer down."""
        response = await super().handle_async_request(request)
        response.stream = SlowStream(response.stream)
        return response


async def asked_slowly(agent, seam, server):
    """Run an agent on a model that takes its time."""
    network = httpx2.AsyncClient(transport=SlowNetwork())
    async with AsyncOpenAI(
        base_url=server.openai_url, api_key="none", max_retries=0, http_client=network
    ) as client:
        return await agent(seam(client))


async def broken_off(model):
    """Read a stream that breaks off, and tell what became of it."""
    result = Runner.run_streamed(Agent("brief", model=model), QUESTION)
    kinds = []
    with pytest.raises(Exception, match="onnection") as caught:  # noqa: PT012
        async for event in result.stream_events():
            kinds.append(event.type)  # noqa: PERF401 - what was read counts although it fails
    return [*kinds, type(caught.value), str(caught.value), type(caught.value.__cause__)]


@pytest.mark.parametrize("seam", [*SEAMS, *OTHER_SEAMS])
def test_replays_a_stream_that_broke_off(seam, server, prove):
    """What was read up to there comes again, then the same error."""
    server.script([Reply("One two three four five six.", breaks_after=5)])

    live, again, steps = prove(lambda: asked_slowly(broken_off, seam, server))

    assert again == live
    assert lost_in(steps) == []


@pytest.mark.parametrize("seam", [*SEAMS, *OTHER_SEAMS])
def test_replays_a_slow_stream_that_was_left_early(seam, server, prove):
    """The SDK reads ahead in a task of its own, which is cancelled while it waits for the model."""
    live, again, _ = prove(lambda: asked_slowly(stream_left_early, seam, server))

    assert again == live


# --- what is the same from run to run -------------------------------------------------------

SOURCE = """
    from agents import (
        Agent,
        OpenAIChatCompletionsModel,
        OpenAIResponsesModel,
        RunContextWrapper,
        Runner,
        function_tool,
        set_tracing_disabled,
    )
    from openai import AsyncOpenAI
    from pydantic import BaseModel
    import agentcassette

    set_tracing_disabled(True)

    class Trip(BaseModel):
        city: str
        nights: int

    class Taped(OpenAIChatCompletionsModel):
        get_response = agentcassette.intercept(
            OpenAIChatCompletionsModel.get_response, kind="llm"
        )
        stream_response = agentcassette.intercept(
            OpenAIChatCompletionsModel.stream_response, kind="llm"
        )

    def taped_model(client):
        return Taped("gpt", client)

    def model_of_a_taped_client(client):
        responses = client.responses
        responses.create = agentcassette.intercept(responses.create, kind="llm")
        return OpenAIResponsesModel("gpt", client)

    @function_tool
    @agentcassette.intercept(kind="tool")
    async def look_up(ctx: RunContextWrapper[set], city: str) -> str:
        return f"{city} has {sorted(ctx.context)}"

    @function_tool
    @agentcassette.intercept(kind="tool")
    def weather(city: str) -> str:
        return f"warm in {city}"

    async def run(model):
        expert = Agent("expert", model=model, handoff_description="Knows every city.")
        tools = [look_up, weather, expert.as_tool("ask", "Ask.")]
        agent = Agent("travel", model=model, tools=tools)
        first = await Runner.run(agent, "3 nights in Lisbon", context={"sea", "sun", "fado"})
        history = [*first.to_input_list(), {"role": "user", "content": "And in Porto?"}]
        streamed = Runner.run_streamed(agent, history, context=set())
        kinds = [event.type async for event in streamed.stream_events()]
        trip = await Runner.run(Agent("plan", model=model, output_type=Trip), "3 nights in Lisbon")
        handed = await Runner.run(Agent("first", model=model, handoffs=[expert]), "To Lisbon")
        results = [first, streamed, trip, handed]
        return [*kinds, *(result.final_output for result in results)]

    async def main():
        told = []
        for seam in (taped_model, model_of_a_taped_client):
            async with AsyncOpenAI() as client:
                told += await run(seam(client))
        return told
"""


def test_replays_in_other_processes(prove_elsewhere):
    """What the SDK makes afresh in every run, and the order of sets, are no drift."""
    live, again, steps = prove_elsewhere(SOURCE)

    assert again == live
    assert "0x" not in json.dumps(steps)


def test_tracing_may_be_on_here_and_off_there(server, tmp_path):
    """The model is told of it, and the test need not care."""
    tape = intercept(kind="llm", ignore="kwargs.tracing")

    def seam(client):
        model = OpenAIResponsesModel("gpt", client)
        model.get_response = tape(model.get_response)
        model.stream_response = tape(model.stream_response)
        return model

    async def agent(model):
        config = RunConfig(trace_include_sensitive_data=sensitive)
        agent = Agent("brief", model=model)
        streamed = Runner.run_streamed(agent, QUESTION, run_config=config)
        kinds = [event.type async for event in streamed.stream_events()]
        answered = await Runner.run(agent, QUESTION, run_config=config)
        return [*kinds, streamed.final_output, answered.final_output]

    sensitive = True
    with record(tmp_path / "cassette.json"):
        live = asyncio.run(asked(agent, seam, server))
    sensitive = False
    with replay(tmp_path / "cassette.json", strict=True):
        again = asyncio.run(asked(agent, seam, server))

    assert again == live


# --- what is drift --------------------------------------------------------------------------


async def answer_at_length(model):
    """Ask with other words in the prompt."""
    return await Runner.run(Agent("brief", instructions="Be verbose.", model=model), QUESTION)


async def answer_with_another_tool(model):
    """Tell the model otherwise what a tool does."""

    @function_tool
    def weather(city: str) -> str:
        """How cold it is."""
        return f"cold in {city}"

    agent = travel_agent(model)
    agent.tools = [look_up, weather]
    return await Runner.run(agent, QUESTION, context=Hotel(rooms=3))


async def plan_in_weeks(model):
    """Tell the model otherwise what a field of the answer is."""

    class Trip(BaseModel):
        """What a structured answer is parsed into."""

        city: str
        nights: int = Field(description="How many weeks.")

    return await Runner.run(Agent("planner", model=model, output_type=Trip), QUESTION)


async def hand_over_to_another(model):
    """Tell the model otherwise whom it may hand over to."""
    expert = Agent("expert", model=model, handoff_description="Knows some cities.")
    return await Runner.run(Agent("first", model=model, handoffs=[expert]), QUESTION)


async def stream_something_else(model):
    """Read the answer to another question."""
    result = Runner.run_streamed(travel_agent(model), "To Porto", context=Hotel(rooms=3))
    return [event async for event in result.stream_events()]


CHANGES = [
    (answer, answer_at_length, subclass, "system_instructions"),
    (answer, answer_at_length, wrapper, "system_instructions"),
    (answer, answer_at_length, instance, "system_instructions"),
    (answer, answer_at_length, chat_client, "messages[0].content"),
    (answer, answer_at_length, responses_client, "instructions"),
    (answer_with_tools, answer_with_another_tool, subclass, "tools[1].description"),
    (answer_with_tools, answer_with_another_tool, chat_client, "tools[1].function.description"),
    (answer_with_tools, answer_with_another_tool, responses_client, "tools[1].description"),
    (plan, plan_in_weeks, subclass, "output_schema."),
    (plan, plan_in_weeks, chat_client, "response_format.json_schema.schema.properties.nights"),
    (plan, plan_in_weeks, responses_client, "text.format.schema.properties.nights"),
    (hand_over, hand_over_to_another, subclass, "handoffs[0].tool_description"),
    (hand_over, hand_over_to_another, chat_client, "tools[0].function.description"),
    (hand_over, hand_over_to_another, responses_client, "tools[0].description"),
    (stream, stream_something_else, subclass, "input[0].content"),
    (stream, stream_something_else, wrapper, "args[1][0].content"),
    (stream, stream_something_else, instance, "input[0].content"),
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
    """What the agent itself makes afresh counts, unlike what the SDK does."""
    numbers = iter(["order-1", "order-2"])
    book = intercept(lambda city, order: f"{order} in {city}", name="book", kind="tool")

    @function_tool
    def reserve(city: str) -> str:
        """Reserve a room."""
        return book(city, order=next(numbers))

    async def agent(model):
        return await Runner.run(Agent("clerk", model=model, tools=[reserve]), QUESTION)

    with record(tmp_path / "cassette.json"):
        asyncio.run(asked(agent, subclass, server))

    with (
        pytest.raises(DivergenceError, match=r"book differs at order"),
        replay(tmp_path / "cassette.json", strict=True),
    ):
        asyncio.run(asked(agent, subclass, server))


# --- what is on the cassette ----------------------------------------------------------------


@pytest.mark.parametrize("seam", [*SEAMS, *OTHER_SEAMS])
@pytest.mark.parametrize("agent", [answer, stream])
def test_counts_the_tokens_of_the_usage(agent, seam, server, tmp_path):
    """Tokens are those that the model counted."""
    with record(tmp_path / "cassette.json") as recorder:
        usage = asyncio.run(asked(agent, seam, server))[-1]

    calls = recorder.calls(kind="llm")
    assert sum(call.input_tokens for call in calls) == usage.input_tokens > 0
    assert sum(call.output_tokens for call in calls) == usage.output_tokens > 0


@pytest.mark.parametrize("seam", [*SEAMS, *OTHER_SEAMS])
def test_reads_as_a_conversation(seam, server, tmp_path):
    """The steps are those of the agent, and no key and no address is in the file."""
    path = tmp_path / "cassette.json"
    with record(path):
        asyncio.run(asked(answer_with_tools, seam, server))

    first, *tools, last = Cassette.load(path).steps
    assert (first["type"], last["type"]) == ("llm", "llm")
    assert sorted(tool["name"] for tool in tools) == ["look_up", "weather"]
    assert {tool["arguments"]["args"][-1] for tool in tools} == {"Lisbon"}
    text = path.read_text("utf-8")
    assert "0x" not in text
    assert "Bearer" not in text
