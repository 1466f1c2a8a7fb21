"""What agents of langgraph and langchain did live, they do again in strict replay, model down."""

import asyncio
import operator
import uuid
from typing import Annotated, Any, Callable, NamedTuple

import openai
import pytest
from langchain_core.callbacks import get_usage_metadata_callback
from langchain_core.messages import (
    AnyMessage,
    BaseMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.messages.content import create_text_block
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, InjectedToolCallId, StructuredTool, ToolException, tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import MemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.graph.message import REMOVE_ALL_MESSAGES, add_messages
from langgraph.prebuilt import (
    InjectedState,
    ToolNode,
    ToolRuntime,
    create_react_agent,
    tools_condition,
)
from langgraph.runtime import Runtime
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command, RetryPolicy, Send, StreamWriter, interrupt
from pydantic import BaseModel
from server import Failure, Reply
from typing_extensions import TypedDict

from agentcassette import Cassette, DivergenceError, intercept, record, replay, use_cassette

pytestmark = [
    # It moved to the package `langchain`, which is not here; langgraph still has it.
    pytest.mark.filterwarnings("ignore:create_react_agent has been moved"),
    # It is what it says, and here it is tried all the same.
    pytest.mark.filterwarnings("ignore:The v3 streaming protocol"),
    # langchain-openai says so of any answer that openai parsed; pydantic did not expect it.
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
]

QUESTION = "3 nights in Lisbon from 2026-05-04"
KEY = "this-is-my-key"
# Without certificates, which take long to load; and no connection outlives its event loop.
HTTP = openai.DefaultHttpxClient(verify=False)
ASYNC_HTTP = openai.DefaultAsyncHttpxClient(verify=False, headers={"connection": "close"})


@pytest.fixture(scope="module", autouse=True)
def _connections():
    """Close what is open in the end."""
    with HTTP:
        yield


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    """Let langsmith trace nothing, whatever the environment says."""
    monkeypatch.setenv("LANGSMITH_TRACING", "false")


class Trip(BaseModel):
    """What a structured answer is parsed into."""

    city: str
    nights: int


class Model(ChatOpenAI):
    """A model whose answers are taped where langchain asks for them."""

    _generate = intercept(ChatOpenAI._generate, name="ask", kind="llm")
    _agenerate = intercept(ChatOpenAI._agenerate, name="ask", kind="llm")
    _stream = intercept(ChatOpenAI._stream, name="ask", kind="llm")
    _astream = intercept(ChatOpenAI._astream, name="ask", kind="llm")


class Seam(NamedTuple):
    """Where an agent is wrapped: in the model that it makes, or where it calls it."""

    model: Callable[..., ChatOpenAI]
    wrap: Callable[[Any], Any]


def plain_model(url, cls=ChatOpenAI, **settings):
    """Make a model that tries once."""
    return cls(
        model="gpt",
        base_url=url,
        api_key=KEY,
        max_retries=0,
        http_client=HTTP,
        http_async_client=ASYNC_HTTP,
        **settings,
    )


def subclassed_model(url, **settings):
    """Make a model whose four methods are wrapped."""
    return plain_model(url, Model, **settings)


def model_with_client(url, **settings):
    """Make a model whose client of OpenAI's SDK is wrapped."""
    model = plain_model(url, **settings)
    for client in (model.root_client, model.root_async_client):
        for api, method in (
            (client.chat.completions, "create"),
            (client.chat.completions, "parse"),
            (client.beta.chat.completions, "stream"),
            (client.responses, "create"),
            (client.responses, "parse"),
        ):
            setattr(api, method, intercept(getattr(api, method), name="ask", kind="llm"))
    return model


def as_function(method):
    """Wrap a method of the model where the agent calls it."""
    return intercept(method, name="ask", kind="llm")


def as_it_is(method):
    """Wrap nothing more."""
    return method


CALLED = Seam(plain_model, as_function)
SUBCLASSED = Seam(subclassed_model, as_it_is)
CLIENT = Seam(model_with_client, as_it_is)
SEAMS = {"called": CALLED, "subclassed": SUBCLASSED, "client": CLIENT}
INSIDE = {"subclassed": SUBCLASSED, "client": CLIENT}


def told(value):
    """Give what an agent told, without the ids that langchain makes up outside of the seam."""
    if isinstance(value, BaseMessage):
        return value.model_copy(update={"id": None})
    if isinstance(value, dict):
        return {key: told(item) for key, item in value.items()}
    return type(value)(map(told, value)) if isinstance(value, (list, tuple)) else value


def types_in(value):
    """Return the type of a value, and those of all that it holds."""
    if isinstance(value, dict):
        return {key: types_in(item) for key, item in value.items()}
    return [type(value), *map(types_in, value if isinstance(value, (list, tuple)) else ())]


# --- tools and graphs of a few lines --------------------------------------------------------


@tool
@intercept(kind="tool")
def rooms(city: str) -> str:
    """Find the free rooms in a city."""
    return f"{city} has 3 rooms"


@tool
@intercept(kind="tool")
def weather(city: str, nights: int = 1) -> str:
    """Tell the weather in a city."""
    return f"{nights} dry nights in {city}"


@tool
@intercept(kind="tool")
async def trains(city: str) -> str:
    """Find the trains to a city."""
    await asyncio.sleep(0)
    return f"no train to {city}"


TOOLS = [rooms, weather]


def ask_graph(ask, tools=TOOLS, prompt="Be brief.", **compiled):
    """Make the graph of an agent that thinks and calls tools until it has an answer."""

    def think(state):
        return {"messages": [ask([SystemMessage(prompt), *state["messages"]])]}

    return compile_graph(think, tools, **compiled)


def async_ask_graph(ask, tools=TOOLS, **compiled):
    """Make the same graph of an agent that awaits."""

    async def think(state):
        return {"messages": [await ask([SystemMessage("Be brief."), *state["messages"]])]}

    return compile_graph(think, tools, **compiled)


def compile_graph(think, tools, **compiled):
    """Make a graph of a node and of tools."""
    graph = StateGraph(MessagesState)
    graph.add_node("think", think)
    graph.add_node("tools", ToolNode(tools))
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", tools_condition)
    graph.add_edge("tools", "think")
    return graph.compile(**compiled)


def node_graph(node, state=MessagesState, **compiled):
    """Make a graph of one node."""
    return StateGraph(state).add_node("node", node).add_edge(START, "node").compile(**compiled)


def asking(text=QUESTION):
    """Return the state that a graph of messages starts with."""
    return {"messages": [{"role": "user", "content": text}]}


class Cities(TypedDict):
    """The state of an agent that does several things at once."""

    cities: list[str]
    found: Annotated[list[str], operator.add]


CITIES = {"cities": ["Rome", "Oslo", "Bern", "Lima"], "found": []}


# --- agents ---------------------------------------------------------------------------------


def answer(seam, url):
    """Ask once, in the shortest way."""
    return seam.wrap(seam.model(url).invoke)(QUESTION)


def answer_messages(seam, url):
    """Ask once, with messages in both of their forms."""
    ask = seam.wrap(seam.model(url).invoke)
    return [ask([("system", "Be brief."), ("user", QUESTION)]), ask([HumanMessage(QUESTION)])]


def answer_several(seam, url):
    """Ask several questions at once, which langchain does in threads."""
    return seam.wrap(seam.model(url).batch)(["Rome?", "Oslo?", "Bern?"])


def chain(seam, url):
    """Put a prompt before the model and a parser behind it."""
    prompt = ChatPromptTemplate([("system", "Be brief."), ("user", "{question}")])
    asked = prompt | seam.model(url) | StrOutputParser()
    return seam.wrap(asked.invoke)({"question": QUESTION})


def stream(seam, url):
    """Read a stream to its end."""
    return list(seam.wrap(seam.model(url, stream_usage=True).stream)(QUESTION))


def stream_left_early(seam, url):
    """Leave a stream in the middle."""
    chunks = seam.wrap(seam.model(url).stream)(QUESTION)
    return [chunk for chunk, _ in zip(chunks, range(3))]


def structured(seam, url):
    """Ask for an object of a class of the agent."""
    return seam.wrap(seam.model(url).with_structured_output(Trip).invoke)(QUESTION)


def structured_and_raw(seam, url):
    """Ask for such an object and for the message that it was parsed from."""
    asked = seam.model(url).with_structured_output(Trip, include_raw=True)
    return seam.wrap(asked.invoke)(QUESTION)


def structured_by_tool(seam, url):
    """Ask for such an object as the arguments of a tool."""
    asked = seam.model(url).with_structured_output(Trip, method="function_calling")
    return seam.wrap(asked.invoke)(QUESTION)


def structured_stream(seam, url):
    """Read such an object as a stream."""
    return list(seam.wrap(seam.model(url).with_structured_output(Trip).stream)(QUESTION))


def respond(seam, url):
    """Use the newer API of OpenAI."""
    return seam.wrap(seam.model(url, use_responses_api=True).invoke)(QUESTION)


def respond_in_a_stream(seam, url):
    """Use the newer API of OpenAI, and read a stream."""
    return list(seam.wrap(seam.model(url, use_responses_api=True).stream)(QUESTION))


def react(seam, url):
    """Let a graph think and call tools, all at once."""
    return ask_graph(seam.wrap(seam.model(url).bind_tools(TOOLS).invoke)).invoke(asking())


def react_with_new_content(seam, url):
    """Do so with messages in langchain's own blocks of content, and the newer API of OpenAI."""
    model = seam.model(url, use_responses_api=True, output_version="v1")
    return ask_graph(seam.wrap(model.bind_tools(TOOLS).invoke)).invoke(asking())


def conversation(seam, url):
    """Ask twice in a thread that a checkpointer remembers."""
    ask = seam.wrap(seam.model(url).bind_tools(TOOLS).invoke)
    graph = ask_graph(ask, checkpointer=MemorySaver())
    thread = {"configurable": {"thread_id": "1"}}
    states = [graph.invoke(asking(text), thread) for text in (QUESTION, "And in Porto?")]
    return [*states, len(list(graph.get_state_history(thread)))]


def updates(seam, url):
    """Follow what the nodes of a graph do."""
    graph = ask_graph(seam.wrap(seam.model(url).bind_tools(TOOLS).invoke))
    return list(graph.stream(asking(), stream_mode=["updates", "values"]))


def fan_out(seam, url):
    """Send each item to a node of its own, which langgraph runs in threads."""
    ask = seam.wrap(seam.model(url).invoke)
    graph = StateGraph(Cities)
    graph.add_node("look", lambda state: {"found": [ask(f"{state['city']}?").content]})
    graph.add_conditional_edges(
        START, lambda state: [Send("look", {"city": city}) for city in state["cities"]], ["look"]
    )
    return graph.compile().invoke(CITIES)


def branches(seam, url):
    """Run several nodes side by side."""
    ask = seam.wrap(seam.model(url).invoke)
    graph = StateGraph(Cities)
    for city in CITIES["cities"]:
        graph.add_node(city, lambda _, city=city: {"found": [ask(f"{city}?").content]})
        graph.add_edge(START, city)
    return graph.compile().invoke(CITIES)


def several_graphs(seam, url):
    """Run a graph for several questions at once."""
    graph = ask_graph(seam.wrap(seam.model(url).bind_tools(TOOLS).invoke))
    return graph.batch([asking(f"{nights} nights in Rome") for nights in range(4)])


def functional(seam, url):
    """Write the agent as functions, with tools that run side by side."""
    ask = seam.wrap(seam.model(url).invoke)
    search = task(intercept(lambda city: f"{city} is full", name="search", kind="tool"))

    @entrypoint()
    def agent(cities):
        found = [search(city) for city in cities]
        return ask(" ".join(each.result() for each in found))

    return agent.invoke(["Rome", "Oslo"])


def retried(seam, url):
    """Try again what the model refused, as the node's policy says."""
    model = seam.model(url)
    model.model_name = "gpt-busy"
    ask = seam.wrap(model.invoke)
    policy = RetryPolicy(initial_interval=0.01, jitter=False, retry_on=openai.RateLimitError)
    graph = StateGraph(MessagesState).add_edge(START, "think")
    graph.add_node("think", lambda s: {"messages": [ask(s["messages"])]}, retry_policy=policy)
    return graph.compile().invoke(asking())


AGENTS = [
    answer,
    answer_messages,
    answer_several,
    chain,
    stream,
    stream_left_early,
    structured,
    structured_and_raw,
    structured_by_tool,
    structured_stream,
    respond,
    respond_in_a_stream,
    react,
    react_with_new_content,
    conversation,
    updates,
    fan_out,
    branches,
    several_graphs,
    functional,
    retried,
]


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("seam", SEAMS.values(), ids=SEAMS)
def test_replays_to_an_agent(agent, seam, server, prove):
    """Equal values of equal types come back, wherever the agent is wrapped."""
    live, again, steps = prove(lambda: told(agent(seam, server.openai_url)))

    assert again == live
    assert types_in(again) == types_in(live)
    assert {step["name"] for step in steps} >= {"ask"}


def test_replays_the_message_with_its_ids_where_the_call_is_wrapped(server, prove):
    """Nothing happens outside of this seam: the message is the recorded one, to the last field."""
    live, again, _ = prove(lambda: answer(CALLED, server.openai_url))

    assert again == live
    assert again.id == live.id
    assert again.usage_metadata == live.usage_metadata
    assert again.response_metadata["id"] == live.response_metadata["id"]


# --- where the wrapping is inside, langchain's own work goes on in a replay ------------------


def word_by_word(seam, url):
    """Read the tokens of a graph as the model says them, and which node they come from."""
    graph = ask_graph(seam.model(url).bind_tools(TOOLS).invoke)
    chunks = graph.stream(asking(), stream_mode="messages")
    return [(chunk, metadata["langgraph_node"]) for chunk, metadata in chunks]


def word_by_word_left_early(seam, url):
    """Leave the stream of a graph in the middle."""
    graph = ask_graph(seam.model(url).bind_tools(TOOLS).invoke)
    chunks = graph.stream(asking(), stream_mode="messages")
    return [(chunk, metadata["langgraph_node"]) for (chunk, metadata), _ in zip(chunks, range(3))]


def events(seam, url):
    """Read the events of a graph in the newest form."""
    graph = ask_graph(seam.model(url).bind_tools(TOOLS).invoke)
    return [event["method"] for event in graph.stream_events(asking(), version="v3")]


def prebuilt(seam, url):
    """Have langgraph make the agent, with a structured answer at its end."""
    agent = create_react_agent(seam.model(url), TOOLS, prompt="Be brief.", response_format=Trip)
    return agent.invoke(asking())


def counted(seam, url):
    """Count tokens as langchain does."""
    with get_usage_metadata_callback() as counting:
        said = seam.model(url).invoke(QUESTION)
        return [said, counting.usage_metadata]


INSIDE_AGENTS = [word_by_word, word_by_word_left_early, events, prebuilt, counted]


@pytest.mark.parametrize("agent", INSIDE_AGENTS)
@pytest.mark.parametrize("seam", INSIDE.values(), ids=INSIDE)
def test_replays_what_langchain_does_around_the_model(agent, seam, server, prove):
    """Tokens are streamed, events are sent and usage is counted as in the live run."""
    live, again, _ = prove(lambda: told(agent(seam, server.openai_url)))

    assert len(live) > 1
    assert again == live
    assert types_in(again) == types_in(live)


def test_replays_to_a_model_that_somebody_else_makes(server, prove, monkeypatch):
    """A class that is wrapped in place needs no class of one's own."""
    method = intercept(ChatOpenAI._generate, name="ask", kind="llm")
    monkeypatch.setattr(ChatOpenAI, "_generate", method)

    live, again, steps = prove(lambda: told(react(Seam(plain_model, as_it_is), server.openai_url)))

    assert again == live
    assert [step["name"] for step in steps if step["type"] == "llm"] == ["ask", "ask"]


def test_a_model_takes_no_method_in_its_place():
    """It is a pydantic model, so that the wrapping has to be elsewhere."""
    model = plain_model("http://127.0.0.1:9/v1")

    with pytest.raises(ValueError, match='has no field "invoke"'):
        model.invoke = intercept(model.invoke, kind="llm")


# --- the same, async ------------------------------------------------------------------------


async def async_answer(seam, url):
    """Ask once."""
    return await seam.wrap(seam.model(url).ainvoke)(QUESTION)


async def async_answer_several(seam, url):
    """Ask several questions at once."""
    return await seam.wrap(seam.model(url).abatch)(["Rome?", "Oslo?", "Bern?"])


async def async_stream(seam, url):
    """Read a stream to its end."""
    return [chunk async for chunk in seam.wrap(seam.model(url).astream)(QUESTION)]


async def async_stream_left_early(seam, url):
    """Leave a stream in the middle."""
    return await read_some(seam.wrap(seam.model(url).astream)(QUESTION))


async def read_some(chunks):
    """Read the first chunks of a stream, and close it."""
    read = []
    async for chunk in chunks:
        read.append(chunk)
        if len(read) == 3:
            break
    await chunks.aclose()
    return read


async def async_structured(seam, url):
    """Ask for an object of a class of the agent."""
    return await seam.wrap(seam.model(url).with_structured_output(Trip).ainvoke)(QUESTION)


async def async_structured_stream(seam, url):
    """Read such an object as a stream."""
    asked = seam.wrap(seam.model(url).with_structured_output(Trip).astream)
    return [part async for part in asked(QUESTION)]


async def async_respond(seam, url):
    """Use the newer API of OpenAI."""
    return await seam.wrap(seam.model(url, use_responses_api=True).ainvoke)(QUESTION)


async def async_react(seam, url):
    """Let a graph think and call tools, one of which awaits."""
    tools = [*TOOLS, trains]
    graph = async_ask_graph(seam.wrap(seam.model(url).bind_tools(tools).ainvoke), tools)
    return await graph.ainvoke(asking())


async def async_conversation(seam, url):
    """Ask twice in a thread that a checkpointer remembers."""
    ask = seam.wrap(seam.model(url).bind_tools([trains]).ainvoke)
    graph = async_ask_graph(ask, [trains], checkpointer=MemorySaver())
    thread = {"configurable": {"thread_id": "1"}}
    return [await graph.ainvoke(asking(text), thread) for text in (QUESTION, "And in Porto?")]


async def async_fan_out(seam, url):
    """Send each item to a node of its own, each in a task."""
    ask = seam.wrap(seam.model(url).ainvoke)

    async def look(state):
        return {"found": [(await ask(f"{state['city']}?")).content]}

    graph = StateGraph(Cities).add_node("look", look)
    graph.add_conditional_edges(
        START, lambda state: [Send("look", {"city": city}) for city in state["cities"]], ["look"]
    )
    return await graph.compile().ainvoke(CITIES)


async def async_several_graphs(seam, url):
    """Run a graph for several questions at once, one of which is asked twice."""
    ask = seam.wrap(seam.model(url).bind_tools([trains]).ainvoke)
    graph = async_ask_graph(ask, [trains])
    asked = [asking(f"{nights} nights in Rome") for nights in (1, 2, 3, 3)]
    return await asyncio.gather(*map(graph.ainvoke, asked))


ASYNC_AGENTS = [
    async_answer,
    async_answer_several,
    async_stream,
    async_stream_left_early,
    async_structured,
    async_structured_stream,
    async_respond,
    async_react,
    async_conversation,
    async_fan_out,
    async_several_graphs,
]


@pytest.mark.parametrize("agent", ASYNC_AGENTS)
@pytest.mark.parametrize("seam", SEAMS.values(), ids=SEAMS)
def test_replays_to_an_async_agent(agent, seam, server, prove):
    """Equal values of equal types come back, wherever the agent is wrapped."""

    async def run():
        return told(await agent(seam, server.openai_url))

    live, again, steps = prove(run)

    assert again == live
    assert types_in(again) == types_in(live)
    assert {step["name"] for step in steps} >= {"ask"}


async def async_word_by_word(seam, url):
    """Read the tokens of a graph as the model says them."""
    graph = async_ask_graph(seam.model(url).bind_tools([trains]).ainvoke, [trains])
    chunks = graph.astream(asking(), stream_mode="messages")
    return [(chunk, metadata["langgraph_node"]) async for chunk, metadata in chunks]


async def async_word_by_word_left_early(seam, url):
    """Leave the stream of a graph in the middle."""
    graph = async_ask_graph(seam.model(url).bind_tools([trains]).ainvoke, [trains])
    chunks = await read_some(graph.astream(asking(), stream_mode="messages"))
    return [chunk for chunk, _ in chunks]


async def async_events(seam, url):
    """Read the events of all that is in a graph."""
    graph = async_ask_graph(seam.model(url).bind_tools([trains]).ainvoke, [trains])
    events = graph.astream_events(asking(), version="v2")
    return [(event["event"], event["name"]) async for event in events]


@pytest.mark.parametrize("agent", [async_word_by_word, async_word_by_word_left_early, async_events])
@pytest.mark.parametrize("seam", INSIDE.values(), ids=INSIDE)
def test_replays_what_langchain_does_around_an_async_model(agent, seam, server, prove):
    """Tokens are streamed and events are sent as in the live run."""

    async def run():
        return told(await agent(seam, server.openai_url))

    live, again, _ = prove(run)

    assert len(live) > 1
    assert again == live


# --- tools ----------------------------------------------------------------------------------


def tool_over_function():
    """Make the tool of a wrapped function."""
    return StructuredTool.from_function(intercept(plain_tool, name="used", kind="tool"))


def function_in_tool():
    """Wrap the function of a tool that is there already."""
    made = tool(plain_tool)
    made.func = intercept(made.func, name="used", kind="tool")
    return made


def function_as_tool():
    """Hand a wrapped function over, of which langgraph makes a tool."""
    return intercept(plain_tool, name="used", kind="tool")


def class_of_tools():
    """Wrap the method of a class of tools."""

    class Used(BaseTool):
        name: str = "used"
        description: str = "Be of use."

        @intercept(name="used", kind="tool")
        def _run(self, city: str) -> str:
            return f"{city}!"

    return Used()


def tool_that_knows_the_call():
    """Give the function the id of the call, and answer with a command."""

    @tool
    @intercept(kind="tool")
    def used(city: str, call: Annotated[str, InjectedToolCallId]) -> Command:
        """Be of use."""
        return Command(update={"messages": [ToolMessage(f"{city}!", tool_call_id=call)]})

    return used


def tool_that_knows_the_state():
    """Give the function the state of the graph."""

    @tool
    @intercept(kind="tool")
    def used(city: str, state: Annotated[dict, InjectedState]) -> str:
        """Be of use."""
        return f"{city} {len(state['messages'])}"

    return used


def tool_that_knows_the_runtime():
    """Give the function all that langgraph has to offer."""

    @tool
    @intercept(kind="tool")
    def used(city: str, runtime: ToolRuntime) -> str:
        """Be of use."""
        return f"{city} {len(runtime.state['messages'])}"

    return used


def tool_that_knows_the_config():
    """Give the function the configuration of the run."""

    @tool
    @intercept(kind="tool")
    def used(city: str, config: RunnableConfig) -> str:
        """Be of use."""
        return f"{city} {config['metadata']['langgraph_node']}"

    return used


def tool_with_an_artifact():
    """Answer with more than the model is told."""

    @tool(response_format="content_and_artifact")
    @intercept(kind="tool")
    def used(city: str) -> tuple[str, Trip]:
        """Be of use."""
        return f"{city}!", Trip(city=city, nights=3)

    return used


def tool_that_fails():
    """Raise what langchain takes for an answer."""

    @tool
    @intercept(kind="tool")
    def used(city: str) -> str:
        """Be of use."""
        raise ToolException(f"nothing is known of {city}")

    used.handle_tool_error = True
    return used


def plain_tool(city: str) -> str:
    """Be of use."""
    return f"{city}!"


plain_tool.__name__ = "used"

WAYS = [
    tool_over_function,
    function_in_tool,
    function_as_tool,
    class_of_tools,
    tool_that_knows_the_call,
    tool_that_knows_the_state,
    tool_that_knows_the_runtime,
    tool_that_knows_the_config,
    tool_with_an_artifact,
    tool_that_fails,
]


@pytest.mark.parametrize("make", WAYS)
def test_replays_to_a_tool(make, server, prove):
    """The function below a tool is taped, however the tool was made."""

    def agent():
        tools = [make()]
        ask = intercept(plain_model(server.openai_url).bind_tools(tools).invoke, name="ask")
        return told(ask_graph(ask, tools).invoke(asking()))

    live, again, steps = prove(agent)

    assert [step["name"] for step in steps] == ["ask", "used", "ask"]
    assert again == live
    assert types_in(again) == types_in(live)


def test_the_function_of_a_tool_does_not_run_in_a_replay(server, prove):
    """What it found live is what the model is told again."""
    found = []

    @tool
    @intercept(kind="tool")
    def used(city: str) -> str:
        """Be of use."""
        found.append(city)
        return f"{city} {uuid.uuid4()}"

    def agent():
        model = subclassed_model(server.openai_url).bind_tools([used])
        return told(ask_graph(model.invoke, [used]).invoke(asking()))

    live, again, _ = prove(agent)

    assert found == ["Lisbon"]
    assert again == live


def test_a_tool_itself_is_refused():
    """A tool is no function: what is to be wrapped is below `@tool`."""
    with pytest.raises(TypeError, match="intercept takes a function"):
        intercept(rooms, kind="tool")


# --- nodes ----------------------------------------------------------------------------------


class Talk(BaseModel):
    """A state with a class of its own."""

    messages: Annotated[list[AnyMessage], add_messages]


def node(ask):
    """Wrap a node as a whole."""

    @intercept(kind="node")
    def node(state: MessagesState) -> dict:
        return {"messages": [ask(state["messages"])]}

    return node_graph(node).invoke(asking())


def node_with_a_model_as_state(ask):
    """Wrap a node whose state is a model of pydantic."""

    @intercept(kind="node")
    def node(state: Talk) -> dict:
        return {"messages": [ask(state.messages)]}

    return node_graph(node, Talk).invoke(asking())


def node_with_config(ask):
    """Wrap a node that is given the configuration of the run, with what the user put in there."""

    @intercept(kind="node")
    def node(state: MessagesState, config: RunnableConfig) -> dict:
        return {"messages": [ask(state["messages"], config)]}

    return node_graph(node).invoke(asking(), {"configurable": {"user": "Ada"}})


def call_with_config(ask):
    """Wrap the model's call in a node that hands the configuration on, as older code does."""
    ask = intercept(ask, kind="llm")

    def node(state: MessagesState, config: RunnableConfig) -> dict:
        return {"messages": [ask(state["messages"], config=config)]}

    thread = {"configurable": {"thread_id": "1"}}
    return node_graph(node, checkpointer=MemorySaver()).invoke(asking(), thread)


def node_with_runtime(ask):
    """Wrap a node that is given the runtime, a store and a writer."""

    @intercept(kind="node")
    def node(state: MessagesState, runtime: Runtime, writer: StreamWriter) -> dict:
        writer("hello")
        assert runtime.store is None
        return {"messages": [ask(state["messages"])]}

    return node_graph(node).invoke(asking())


def node_that_commands(ask):
    """Wrap a node that says where to go on."""

    @intercept(kind="node")
    def first(state: MessagesState) -> Command:
        return Command(goto="second", update={"messages": [ask(state["messages"])]})

    graph = StateGraph(MessagesState).add_node("first", first, destinations=("second",))
    graph.add_node("second", lambda _: {"messages": [HumanMessage("Thank you.")]})
    return graph.add_edge(START, "first").compile().invoke(asking())


def node_that_empties_the_state(ask):
    """Wrap a node that removes what was said before."""

    @intercept(kind="node")
    def node(state: MessagesState) -> dict:
        return {"messages": [RemoveMessage(REMOVE_ALL_MESSAGES), ask(state["messages"])]}

    return node_graph(node).invoke(asking())


def edge_that_sends(ask):
    """Wrap the function of an edge, which has the model choose where the items go."""

    @intercept(kind="node")
    def route(state: Cities) -> list[Send]:
        ask(f"Where to in {len(state['cities'])} days?")
        return [Send("look", {"city": city}) for city in state["cities"]]

    graph = StateGraph(Cities).add_node("look", lambda state: {"found": [state["city"]]})
    return graph.add_conditional_edges(START, route, ["look"]).compile().invoke(CITIES)


def node_that_sends(ask):
    """Wrap a node that commands to send items on."""

    @intercept(kind="node")
    def route(state: Cities) -> Command:
        ask(f"Where to in {len(state['cities'])} days?")
        return Command(goto=[Send("look", {"city": city}) for city in state["cities"]])

    graph = StateGraph(Cities).add_node("route", route, destinations=("look",))
    graph.add_node("look", lambda state: {"found": [state["city"]]})
    return graph.add_edge(START, "route").compile().invoke(CITIES)


def node_that_asks_the_user(ask):
    """Wrap a node that waits for a word of the user."""

    @intercept(kind="node")
    def node(_: MessagesState) -> dict:
        said = interrupt({"question": "Where to?"})
        return {"messages": [ask(said)]}

    graph = node_graph(node, checkpointer=MemorySaver())
    thread = {"configurable": {"thread_id": "1"}}
    waiting = graph.invoke(asking(), thread)
    questions = [asked.value for asked in waiting.pop("__interrupt__")]
    return [questions, waiting, graph.invoke(Command(resume="To Rome."), thread)]


def whole_agent(ask):
    """Wrap an agent as a whole."""
    return intercept(ask_graph(ask, []).invoke, name="agent", kind="agent")(asking())


NODES = [
    node,
    node_with_a_model_as_state,
    node_with_config,
    call_with_config,
    node_with_runtime,
    node_that_commands,
    node_that_empties_the_state,
    edge_that_sends,
    node_that_sends,
    node_that_asks_the_user,
    whole_agent,
]


@pytest.mark.parametrize("agent", NODES)
def test_replays_to_a_node(agent, server, prove):
    """A node that is wrapped as a whole gives again what it gave, whatever it is given."""
    live, again, steps = prove(lambda: told(agent(plain_model(server.openai_url).invoke)))

    assert steps
    assert again == live
    assert types_in(again) == types_in(live)


def test_replays_what_was_found_in_a_store(server, prove):
    """The items of a store come back, with their times; found again, they are the same items."""

    def agent():
        store = InMemoryStore()
        store.put(("user", "Ada"), "home", {"city": "London"})
        search = intercept(store.search, name="search", kind="tool")
        rank = intercept(lambda items: [item.key for item in items], name="rank", kind="tool")
        answer(CALLED, server.openai_url)
        return [search(("user",)), rank(store.search(("user",)))]

    live, again, _ = prove(agent)

    assert again == live
    assert types_in(again) == types_in(live)


# --- failures -------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["invoke", "stream"])
@pytest.mark.parametrize("seam", SEAMS.values(), ids=SEAMS)
def test_replays_a_rate_limit_as_it_was(seam, way, server, prove):
    """The error is langchain's own, which is OpenAI's, with what back-off code reads from it."""
    server.script([Failure(429, "Slow down.", retry_after=2)])
    caught = []

    def agent():
        with pytest.raises(openai.RateLimitError) as raised:
            list(seam.wrap(getattr(seam.model(server.openai_url), way))(QUESTION))
        caught.append(raised.value)

    prove(agent)

    live, again = caught
    assert type(again) is type(live)
    assert type(again.__cause__) is type(live.__cause__)
    assert (str(again), again.args, again.body) == (str(live), live.args, live.body)
    assert (again.status_code, again.request_id) == (429, live.request_id)
    assert again.response.headers["retry-after"] == "2"


@pytest.mark.parametrize("seam", SEAMS.values(), ids=SEAMS)
def test_replays_an_async_rate_limit_as_it_was(seam, server, prove):
    """The same, awaited."""
    server.script([Failure(429, "Slow down.", retry_after=2)])
    caught = []

    async def agent():
        with pytest.raises(openai.RateLimitError) as raised:
            await seam.wrap(seam.model(server.openai_url).ainvoke)(QUESTION)
        caught.append(raised.value)

    prove(agent)

    live, again = caught
    assert type(again) is type(live)
    assert (str(again), again.args, again.body) == (str(live), live.args, live.body)


@pytest.mark.parametrize("seam", SEAMS.values(), ids=SEAMS)
def test_replays_a_stream_that_broke_off(seam, server, prove):
    """The chunks up to there come again, then the same error."""
    server.script([Reply("One two three four.", breaks_after=3)])
    caught = []

    def agent():
        chunks = []
        with pytest.raises(openai.APIConnectionError) as raised:
            chunks.extend(seam.wrap(seam.model(server.openai_url).stream)(QUESTION))
        caught.append(raised.value)
        return told(chunks)

    live, again, _ = prove(agent)

    assert again == live
    first, second = caught
    assert type(second) is type(first)
    assert str(second) == str(first)


# --- drift ----------------------------------------------------------------------------------


@pytest.fixture
def drift_of(server, tmp_path):
    """Return a function that records an agent and gives what the replay of another says."""

    def drift_of(recorded, changed):
        path = tmp_path / "cassette.json"
        with record(path):
            run(recorded)
        served = server.served
        with pytest.raises(DivergenceError) as drift, replay(path, strict=True):
            run(changed)
        assert server.served == served
        return str(drift.value)

    def run(agent):
        given = agent(server.openai_url)
        return asyncio.run(given) if asyncio.iscoroutine(given) else given

    return drift_of


def said_in_a_graph(seam, prompt):
    """Return an agent of a graph with this prompt."""

    def agent(url):
        ask = seam.wrap(seam.model(url).bind_tools(TOOLS).invoke)
        return ask_graph(ask, prompt=prompt).invoke(asking())

    return agent


@pytest.mark.parametrize(
    ("seam", "place"),
    [
        (CALLED, "input[0].content"),
        (SUBCLASSED, "messages[0].content"),
        (CLIENT, "messages[0].content"),
    ],
    ids=SEAMS,
)
def test_a_changed_prompt_is_drift(seam, place, drift_of):
    """One more word is another call, told by its path."""
    drift = drift_of(said_in_a_graph(seam, "Be brief."), said_in_a_graph(seam, "Be very brief."))

    assert f"step 0: ask differs at {place}" in drift
    assert '"Be brief." -> "Be very brief."' in drift


@pytest.mark.parametrize("way", ["stream", "batch", "astream", "ainvoke"])
@pytest.mark.parametrize("seam", SEAMS.values(), ids=SEAMS)
def test_a_changed_question_is_drift_in_every_way_to_ask(seam, way, drift_of):
    """Streams, batches and async calls are compared as well."""

    def agent(question):
        def ask(url):
            given = [question] if way == "batch" else question
            asked = seam.wrap(getattr(seam.model(url), way))(given)
            return asked if way == "ainvoke" else read(asked)

        return ask

    drift = drift_of(agent("Rome, please."), agent("Oslo, please."))

    assert '"Rome, please." -> "Oslo, please."' in drift


def read(chunks):
    """Read a stream to its end, async or not."""

    async def read_async():
        return [chunk async for chunk in chunks]

    return read_async() if hasattr(chunks, "__aiter__") else list(chunks)


@pytest.mark.parametrize("seam", INSIDE.values(), ids=INSIDE)
def test_a_changed_tool_is_drift(seam, drift_of):
    """Where the wrapping is inside, what the model is told of the tools is an argument."""

    def described(doc):
        def used(city: str) -> str:
            return city

        used.__doc__ = doc
        tools = [tool(used)]

        def agent(url):
            return ask_graph(seam.model(url).bind_tools(tools).invoke, tools).invoke(asking())

        return agent

    drift = drift_of(described("Find rooms."), described("Find cheap rooms."))

    assert "step 0: ask differs at tools[0].function.description" in drift


@pytest.mark.parametrize("seam", INSIDE.values(), ids=INSIDE)
def test_a_changed_class_of_the_answer_is_drift(seam, drift_of):
    """A field more in a structured answer is another call."""

    class LongTrip(Trip):
        price: int

    def agent(cls):
        return lambda url: seam.model(url).with_structured_output(cls).invoke(QUESTION)

    assert "step 0: ask differs at response_format" in drift_of(agent(Trip), agent(LongTrip))


def test_a_changed_setting_is_drift_where_the_client_is_wrapped(drift_of):
    """The name of the model and its temperature are arguments there, and only there."""

    def agent(**settings):
        return lambda url: model_with_client(url, **settings).invoke(QUESTION)

    assert "step 0: ask differs at temperature" in drift_of(agent(), agent(temperature=0.5))


def test_a_changed_branch_is_drift(drift_of):
    """Of several calls in threads, the one that changed is told."""

    def agent(city):
        def ask(url):
            model = subclassed_model(url)
            graph = StateGraph(Cities)
            for name in ("Rome", city):
                graph.add_node(name, lambda _, n=name: {"found": [model.invoke(f"{n}?").content]})
                graph.add_edge(START, name)
            return graph.compile().invoke(CITIES)

        return ask

    assert '-> "Bonn?"' in drift_of(agent("Bern"), agent("Bonn"))


def test_an_id_in_an_argument_of_a_tool_is_drift(drift_of):
    """It is the agent's own: only the ids that langchain makes up are not compared."""
    book = intercept(lambda city, request_id: city, name="book", kind="tool")

    @tool
    def used(city: str) -> str:
        """Book rooms."""
        return book(city, request_id=str(uuid.uuid4()))

    def agent(url):
        return ask_graph(subclassed_model(url).bind_tools([used]).invoke, [used]).invoke(asking())

    assert "step 1: book differs at request_id" in drift_of(agent, agent)


def test_a_node_that_takes_errors_for_answers_hides_no_drift(drift_of):
    """What a tool node tells the model of an error is not believed: the drift sticks."""

    def agent(room):
        find = intercept(lambda city, room: city, name="find", kind="tool")

        @tool
        def used(city: str) -> str:
            """Find a room."""
            return find(city, room)

        def run(url):
            ask = subclassed_model(url).bind_tools([used]).invoke
            graph = StateGraph(MessagesState)
            graph.add_node("think", lambda state: {"messages": [ask(state["messages"])]})
            graph.add_node("tools", ToolNode([used], handle_tool_errors=True))
            graph.add_edge(START, "think")
            graph.add_conditional_edges("think", tools_condition)
            return graph.add_edge("tools", "think").compile().invoke(asking())

        return run

    assert "step 1: find differs at room" in drift_of(agent("single"), agent("double"))


@pytest.mark.parametrize("seam", INSIDE.values(), ids=INSIDE)
def test_update_pays_for_what_changed_only(seam, server, tmp_path):
    """The first question comes from the tape with its ids, the second is asked anew."""

    def agent(last):
        def ask(messages):
            is_last = isinstance(messages[-1], ToolMessage)
            return model.invoke([*messages, SystemMessage(last)] if is_last else messages)

        model = seam.model(server.openai_url).bind_tools(TOOLS)
        return told(ask_graph(ask, checkpointer=MemorySaver()).invoke(asking(), thread))

    thread = {"configurable": {"thread_id": "1"}}
    with record(tmp_path / "cassette.json"):
        agent("Be brief.")
    served = server.served
    with use_cassette(tmp_path / "cassette.json", record_mode="update"):
        live = agent("Be very brief.")

    assert server.served == served + 1
    with replay(tmp_path / "cassette.json", strict=True):
        assert agent("Be very brief.") == live


# --- fresh ids and fresh processes ----------------------------------------------------------

ELSEWHERE = """
    import asyncio
    import operator
    import uuid
    from typing import Annotated

    from langchain_core.messages import HumanMessage, SystemMessage
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI
    from langgraph.checkpoint.memory import MemorySaver
    from langgraph.graph import START, MessagesState, StateGraph
    from langgraph.prebuilt import ToolNode, tools_condition
    from langgraph.types import Send
    from typing_extensions import TypedDict

    from agentcassette import intercept

    class Model(ChatOpenAI):
        _generate = intercept(ChatOpenAI._generate, name="ask", kind="llm")
        _agenerate = intercept(ChatOpenAI._agenerate, name="ask", kind="llm")
        _stream = intercept(ChatOpenAI._stream, name="ask", kind="llm")
        _astream = intercept(ChatOpenAI._astream, name="ask", kind="llm")

    class Cities(TypedDict):
        cities: set[str]
        found: Annotated[list[str], operator.add]

    @intercept(kind="tool")
    def search(city, words):
        return f"{city}: {len(words)}"

    @tool
    def rooms(city: str) -> str:
        "Find rooms."
        return search(city, {"cheap", "quiet", "central"})

    @tool
    @intercept(kind="tool")
    def weather(city: str, nights: int) -> str:
        "Tell the weather."
        return f"{nights} dry nights in {city}"

    TOOLS = [rooms, weather]

    def graph_of(think, **compiled):
        graph = StateGraph(MessagesState)
        graph.add_node("think", think)
        graph.add_node("tools", ToolNode(TOOLS))
        graph.add_edge(START, "think")
        graph.add_conditional_edges("think", tools_condition)
        graph.add_edge("tools", "think")
        return graph.compile(**compiled)

    def talk(model):
        asked = model.bind_tools(TOOLS)

        def think(state):
            return {"messages": [asked.invoke([SystemMessage("Be brief."), *state["messages"]])]}

        graph = graph_of(think, checkpointer=MemorySaver())
        thread = {"configurable": {"thread_id": str(uuid.uuid4())}}
        state = graph.invoke({"messages": [("user", "3 nights in Lisbon")]}, thread)
        question = {"messages": [("user", "And in Porto?")]}
        words = graph.stream(question, thread, stream_mode="messages")
        return [message.text for message in state["messages"]], [word.text for word, _ in words]

    async def talk_async(model):
        asked = model.bind_tools(TOOLS)

        async def think(state):
            return {"messages": [await asked.ainvoke(state["messages"])]}

        question = {"messages": [("user", "3 nights in Lisbon")]}
        words = graph_of(think).astream(question, stream_mode="messages")
        return [word.text async for word, _ in words]

    def fan_out(model):
        ask = intercept(model.invoke, name="call", kind="llm")

        @intercept(kind="node")
        def look(state):
            question = HumanMessage(f"{state['city']}?", id=str(uuid.uuid4()))
            return {"found": [ask([question]).text]}

        graph = StateGraph(Cities).add_node("look", look)
        graph.add_conditional_edges(
            START, lambda s: [Send("look", {"city": c}) for c in sorted(s["cities"])], ["look"]
        )
        return graph.compile().invoke({"cities": {"Rome", "Oslo", "Bern"}, "found": []})["found"]

    def main():
        subclassed = Model(model="gpt", max_retries=0)
        plain = ChatOpenAI(model="gpt", max_retries=0)
        client = ChatOpenAI(model="gpt", max_retries=0)
        client.client.create = intercept(client.client.create, name="ask", kind="llm")
        told = [talk(subclassed), talk(client), fan_out(plain), fan_out(subclassed)]
        return *told, asyncio.run(talk_async(subclassed))
"""


def test_an_unchanged_agent_does_not_drift_in_another_process(prove_elsewhere):
    """Messages, runs and threads with fresh ids, and sets in another order, are the same call."""
    live, again, steps = prove_elsewhere(ELSEWHERE)

    assert "This is offer number" in live
    assert again == live
    assert {step["name"] for step in steps} == {"ask", "call", "look", "search", "weather"}


def test_the_ids_that_langchain_makes_up_are_not_compared(server, prove):
    """Its blocks of content get one each time, like its messages."""

    def agent():
        asked = HumanMessage(content_blocks=[create_text_block(QUESTION)])
        return told(subclassed_model(server.openai_url).invoke([asked]))

    live, again, _ = prove(agent)

    assert again == live


# --- what is on the cassette ----------------------------------------------------------------


@pytest.mark.parametrize("seam", SEAMS.values(), ids=SEAMS)
def test_counts_the_tokens_that_the_model_counted(seam, server, prove):
    """The usage is found wherever the seam has it: in a message, or in the body of a response."""
    live, _, steps = prove(lambda: answer(seam, server.openai_url))

    counted = (steps[0]["input_tokens"], steps[0]["output_tokens"])
    usage = live.usage_metadata
    assert counted == (usage["input_tokens"], usage["output_tokens"])


@pytest.mark.parametrize("agent", [stream, respond_in_a_stream])
@pytest.mark.parametrize("seam", SEAMS.values(), ids=SEAMS)
def test_counts_the_tokens_of_a_stream(agent, seam, server, prove):
    """The usage is in the last chunks of a stream."""
    live, _, steps = prove(lambda: agent(seam, server.openai_url))

    usage = next(chunk.usage_metadata for chunk in reversed(live) if chunk.usage_metadata)
    assert sum(step["output_tokens"] for step in steps) == usage["output_tokens"]
    assert sum(step["input_tokens"] for step in steps) == usage["input_tokens"]


@pytest.mark.parametrize("seam", SEAMS.values(), ids=SEAMS)
def test_keeps_no_key_and_no_address(seam, server, tmp_path):
    """The client, the callbacks and the run are no data, and leave nothing of theirs on tape."""
    with record(tmp_path / "cassette.json"):
        for agent in (conversation, stream, structured, respond, retried):
            agent(seam, server.openai_url)

    text = (tmp_path / "cassette.json").read_text("utf-8")
    assert KEY not in text
    assert "0x" not in text


def test_reads_as_langchain_writes(server, tmp_path):
    """A step tells what was said to the model, by whom, and what came of it."""
    with record(tmp_path / "cassette.json"):
        state = react(SUBCLASSED, server.openai_url)

    first, found, *_ = Cassette.load(tmp_path / "cassette.json").steps
    said = first["arguments"]["args"][0]
    assert [message["content"] for message in said] == ["Be brief.", QUESTION]
    roles = [first["types"][f"/arguments/args/0/{index}"] for index in range(2)]
    assert [role.partition(":")[2] for role in roles] == ["SystemMessage", "HumanMessage"]
    names = [offered["function"]["name"] for offered in first["arguments"]["kwargs"]["tools"]]
    assert names == ["rooms", "weather"]
    message = first["result"]["generations"][0]["message"]
    assert message["tool_calls"] == state["messages"][1].tool_calls
    assert found["arguments"]["kwargs"] == {"city": "Lisbon"}
    assert found["result"] == "Lisbon has 3 rooms"
