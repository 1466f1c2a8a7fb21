"""Frameworks that nobody has wrapped: a preset, and a strict replay with the model down."""

from __future__ import annotations

import asyncio
import inspect
import os

import openai
import pytest
import server_mcp
from agents import Agent as OpenAIAgent
from agents import (
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from anthropic import AsyncAnthropic
from google import genai
from google.genai import types
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.prebuilt import create_react_agent
from mcp import Client
from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models import anthropic as anthropic_models
from pydantic_ai.models import google as google_models
from pydantic_ai.models import openai as openai_models
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider

from agentcassette import Cassette, intercepting, record, replay

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or its import asks the network for prices

import litellm

pytestmark = [
    # The async client of Google's SDK derives from a class of aiohttp, where that is installed.
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
    # LiteLLM's own models are declared and read in ways that pydantic advises against.
    pytest.mark.filterwarnings("ignore:Items? .* on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
]

QUESTION = "3 nights in Lisbon from 2026-05-04"

set_tracing_disabled(disabled=True)  # or the SDK sends what it traced to OpenAI, from a thread


@pytest.fixture(autouse=True)
def url(server, monkeypatch):
    """Give the address of the server, which those know who take it from the environment."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("ANTHROPIC_API_BASE", server.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "none")
    return server.url


@pytest.fixture(autouse=True)
def _closed():
    """Close the connections that LiteLLM keeps for the next call."""
    yield
    kept = litellm.in_memory_llm_clients_cache
    for client in kept.cache_dict.values():
        if not inspect.iscoroutinefunction(client.close):  # those are closed in their own loop
            client.close()
    kept.flush_cache()


class Trip(BaseModel):
    """What a structured answer is parsed into."""

    city: str
    nights: int


def weather(city: str) -> str:
    """How warm it is."""
    return f"warm in {city}"


# --- LiteLLM --------------------------------------------------------------------------------


def asking(**options):
    """Return the arguments of one request."""
    messages = [{"role": "user", "content": QUESTION}]
    return {"model": "openai/gpt", "messages": messages, "max_retries": 0, **options}


def told(answer):
    """Return what an answer says, without the id and the time that LiteLLM may give it itself."""
    return answer.model_dump(exclude={"id", "created"})


def litellm_ask(url):
    """Ask two providers."""
    models = ("openai/gpt", "anthropic/claude-sonnet-4-6")
    return [told(litellm.completion(**asking(model=model))) for model in models]


def litellm_stream(url):
    """Read a stream."""
    return [chunk.choices[0].delta.content for chunk in litellm.completion(**asking(stream=True))]


def litellm_ask_otherwise(url):
    """Use the newer API, and ask for vectors."""
    vectors = litellm.embedding(model="openai/embed", input=[QUESTION]).data
    return [litellm.responses(model="openai/gpt", input=QUESTION).output_text, vectors]


async def litellm_async(url):
    """The same, async."""
    try:
        answers = [
            told(await litellm.acompletion(**asking())),
            (await litellm.aresponses(model="openai/gpt", input=QUESTION)).output_text,
            (await litellm.aembedding(model="openai/embed", input=[QUESTION])).data,
        ]
        chunks = await litellm.acompletion(**asking(stream=True))
        return [*answers, *[chunk.choices[0].delta.content async for chunk in chunks]]
    finally:
        await litellm.close_litellm_async_clients()


# --- Google ---------------------------------------------------------------------------------


def google_client(url):
    """Make a client that tries once."""
    options = types.HttpOptions(base_url=url, retry_options={"attempts": 1})
    return genai.Client(api_key="none", http_options=options)


def google_ask(url):
    """Ask once, in a stream, and for vectors."""
    with google_client(url) as client:
        models = client.models
        answer = models.generate_content(model="gemini", contents=QUESTION)
        chunks = models.generate_content_stream(model="gemini", contents=QUESTION)
        vectors = models.embed_content(model="embed", contents=[QUESTION])
        return [
            answer.text,
            answer.usage_metadata,
            *[chunk.text for chunk in chunks],
            vectors.embeddings,
        ]


def google_chat(url):
    """Talk with a function that the SDK calls, and word by word."""
    with google_client(url) as client:
        talk = client.chats.create(model="gemini", config={"tools": [weather]})
        answer = talk.send_message(QUESTION)
        words = [chunk.text for chunk in talk.send_message_stream("And then?")]
        return [answer.text, *words, *talk.get_history()]


def google_interact(url):
    """Use the newer API."""
    with google_client(url) as client:
        create = client.interactions.create
        answer = create(model="gemini", input=QUESTION)
        return [answer.output_text, *create(model="gemini", input=QUESTION, stream=True)]


async def google_async(url):
    """The same, async."""
    async with google_client(url).aio as client:
        answer = await client.models.generate_content(model="gemini", contents=QUESTION)
        chunks = await client.models.generate_content_stream(model="gemini", contents=QUESTION)
        words = [chunk.text async for chunk in chunks]
        interaction = await client.interactions.create(model="gemini", input=QUESTION)
        return [answer.text, *words, interaction.output_text]


# --- pydantic-ai ----------------------------------------------------------------------------


async def pydantic_agent(model):
    """Run an agent with a tool, and go on word by word."""
    agent = Agent(model, tools=[weather])
    result = await agent.run(QUESTION)
    async with agent.run_stream("And then?", message_history=result.all_messages()) as stream:
        return [result.output, *[text async for text in stream.stream_text(debounce_by=None)]]


async def pydantic_chat(url):
    """Ask OpenAI."""
    async with AsyncOpenAI(max_retries=0) as client:
        provider = OpenAIProvider(openai_client=client)
        return await pydantic_agent(openai_models.OpenAIChatModel("gpt", provider=provider))


async def pydantic_responses(url):
    """Ask OpenAI through its newer API."""
    async with AsyncOpenAI(max_retries=0) as client:
        provider = OpenAIProvider(openai_client=client)
        return await pydantic_agent(openai_models.OpenAIResponsesModel("gpt", provider=provider))


async def pydantic_anthropic(url):
    """Ask Anthropic."""
    async with AsyncAnthropic(base_url=url, max_retries=0) as client:
        provider = AnthropicProvider(anthropic_client=client)
        return await pydantic_agent(anthropic_models.AnthropicModel("claude", provider=provider))


async def pydantic_google(url):
    """Ask Google."""
    client = google_client(url)
    try:
        provider = GoogleProvider(client=client)
        return await pydantic_agent(google_models.GoogleModel("gemini", provider=provider))
    finally:
        await client.aio.aclose()


# --- OpenAI Agents --------------------------------------------------------------------------


async def openai_agent(model_class):
    """Run an agent with a tool, at once and as a stream of events."""
    async with AsyncOpenAI(max_retries=0) as client:
        tools = [function_tool(weather)]
        agent = OpenAIAgent("agent", model=model_class("gpt", client), tools=tools)
        result, streamed = await Runner.run(agent, QUESTION), Runner.run_streamed(agent, QUESTION)
        kinds = [event.type async for event in streamed.stream_events()]
        return [result.final_output, streamed.final_output, *kinds]


async def agents_responses(url):
    """Ask through the newer API."""
    return await openai_agent(OpenAIResponsesModel)


async def agents_chat(url):
    """Ask through the older API."""
    return await openai_agent(OpenAIChatCompletionsModel)


# --- LangChain ------------------------------------------------------------------------------


def chat_model(**options):
    """Make a model that tries once."""
    return ChatOpenAI(model="gpt", max_retries=0, **options)


def langchain_ask(url):
    """Ask once, in a stream, and for an object; through both APIs."""
    answers = []
    with openai.DefaultHttpxClient() as http:
        for uses_responses in (False, True):
            model = chat_model(use_responses_api=uses_responses, http_client=http)
            answers.append(model.invoke(QUESTION).text)
            answers += [chunk.text for chunk in model.stream(QUESTION)]
        model = chat_model(http_client=http)
        return [*answers, model.with_structured_output(Trip).invoke(QUESTION)]


async def langchain_async(url):
    """The same, async."""
    answers = []
    async with openai.DefaultAsyncHttpxClient() as http:
        for uses_responses in (False, True):
            model = chat_model(use_responses_api=uses_responses, http_async_client=http)
            answers.append((await model.ainvoke(QUESTION)).text)
            answers += [chunk.text async for chunk in model.astream(QUESTION)]
    return answers


def langgraph_agent(url):
    """Run a graph with a tool, at once and word by word."""
    with openai.DefaultHttpxClient() as http:
        graph = create_react_agent(chat_model(http_client=http), [tool(weather)])
        question = {"messages": [("user", QUESTION)]}
        words = [word.text for word, _ in graph.stream(question, stream_mode="messages")]
        return [graph.invoke(question)["messages"][-1].text, *words]


AGENTS = {
    "google-genai": [google_ask, google_chat, google_interact, google_async],
    "langchain": [langchain_ask, langchain_async, langgraph_agent],
    "litellm": [litellm_ask, litellm_stream, litellm_ask_otherwise, litellm_async],
    "openai-agents": [agents_responses, agents_chat],
    "pydantic-ai": [pydantic_chat, pydantic_responses, pydantic_anthropic, pydantic_google],
}

#: Google's SDK speaks through aiohttp, where that is installed, if it is async.
BESIDE_HTTPX = (google_async, pydantic_google)
CASES = [
    pytest.param(agent, preset, id=f"{agent.__name__}-{preset}")
    for own, agents in AGENTS.items()
    for agent in agents
    for preset in (own, "httpx")
    if preset == own or agent not in BESIDE_HTTPX
]


@pytest.mark.filterwarnings("ignore:create_react_agent has been moved")
@pytest.mark.parametrize(("agent", "preset"), CASES)
def test_an_agent_replays_with_a_preset(prove, url, agent, preset):
    """The preset of the framework, and the one for all that is built on httpx."""
    with intercepting(preset):
        live, again, steps = prove(lambda: agent(url))

    assert again == live
    assert {step["type"] for step in steps} <= (
        {"http"} if preset == "httpx" else {"llm", "embedding"}
    )


def test_a_router_replays_where_the_ids_that_it_draws_are_ignored(server, tmp_path):
    """A router of LiteLLM calls `litellm.completion`, with an id of its own."""
    only = {"model_name": "any", "litellm_params": {"model": "openai/gpt"}}
    path, ignore = tmp_path / "cassette.json", "kwargs.litellm_trace_id"

    def ask():
        return told(litellm.Router(model_list=[only]).completion(**asking(model="any")))

    with intercepting("litellm"), record(path, ignore=ignore):
        live = ask()
    server.stop()
    with intercepting("litellm"), replay(path, strict=True, ignore=ignore):
        assert ask() == live


def test_a_client_of_mcp_replays(tmp_path, monkeypatch):
    """A replay shakes hands with the server, and calls no tool."""
    log = tmp_path / "log"
    log.touch()
    monkeypatch.setenv("TRAVEL_LOG", str(log))

    async def ask():
        async with Client(server_mcp.server) as client:
            found = [
                await client.call_tool(name, {"city": "Lisbon"}) for name in ("rooms", "closed")
            ]
            read = await client.read_resource("city://lisbon")
            prompt = await client.get_prompt("plan", {"city": "Lisbon"})
            return [*found, await client.list_tools(), read, prompt]

    path = tmp_path / "cassette.json"
    with intercepting("mcp"), record(path):
        live = asyncio.run(ask())
    done = log.read_text("utf-8")
    with intercepting("mcp"), replay(path, strict=True) as player:
        again = asyncio.run(ask())

    assert again == live
    assert (player.remaining, log.read_text("utf-8")) == (0, done)
    kinds = [(step["name"], step["type"]) for step in Cassette.load(path).steps]
    assert kinds.count(("ClientSession.call_tool", "tool")) == 2
