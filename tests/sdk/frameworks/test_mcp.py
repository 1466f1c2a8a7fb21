"""What the tools of an MCP server gave live, comes again in strict replay: none is called."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import mcp
import pytest
import server_mcp
from google import genai
from mcp import Client, ClientSession, ClientSessionGroup, StdioServerParameters, stdio_client
from mcp.server.mcpserver import Context, MCPServer
from openai import AsyncOpenAI

from agentcassette import Cassette, DivergenceError, intercept, record, replay, use_cassette

if TYPE_CHECKING:
    from pathlib import Path

# The async client of Google's SDK derives from a class of aiohttp, where that is installed.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning"
)

QUESTION = "3 nights in Lisbon from 2026-05-04"


class Travel(NamedTuple):
    """A server of tools: how it is started as a process, and where it notes what it does."""

    parameters: StdioServerParameters
    log: Path

    def done(self) -> list[str]:
        """Return what it has done so far."""
        return self.log.read_text("utf-8").split()


@pytest.fixture
def travel(tmp_path, monkeypatch) -> Travel:
    """Give a server of tools; the one in this process notes what it does in the same file."""
    log = tmp_path / "log"
    log.touch()
    monkeypatch.setenv("TRAVEL_LOG", str(log))
    parameters = StdioServerParameters(
        command=sys.executable, args=[server_mcp.__file__], env={"TRAVEL_LOG": str(log)}
    )
    return Travel(parameters, log)


def proven(run, travel: Travel):
    """Record an agent and replay it; give both results, the steps, and what the replay did."""
    path = travel.log.with_name("cassette.json")
    with record(path):
        live = asyncio.run(run())
    before = travel.done()
    with replay(path, strict=True) as player:
        again = asyncio.run(run())
    assert (player.remaining, player.divergences) == (0, [])
    return live, again, Cassette.load(path).steps, travel.done()[len(before) :]


def types_in(value):
    """Return the type of a value, and those of its items."""
    return [type(item) for item in value] if isinstance(value, list) else type(value)


# --- agents of a few lines, with the calls of the client wrapped ----------------------------


async def call_for_text(client: Client):
    """Call a tool that answers with a text."""
    result = await intercept(client.call_tool, kind="tool")("rooms", {"city": "Lisbon"})
    return [result, *result.content]


async def call_for_structure(client: Client):
    """Call a tool that answers with an object of a class of its own."""
    result = await intercept(client.call_tool, kind="tool")("weather", {"city": "Lisbon"})
    return [result, result.structured_content]


async def call_for_a_picture(client: Client):
    """Call a tool that answers with a text and a picture."""
    result = await intercept(client.call_tool, kind="tool")("picture", {"city": "Lisbon"})
    return [result, *result.content]


async def call_in_vain(client: Client):
    """Call a tool that fails: that is a result like any other."""
    result = await intercept(client.call_tool, kind="tool")("closed", {"city": "Lisbon"})
    return [result, result.is_error]


async def call_with_progress(client: Client):
    """Call a tool that tells of its progress, with a function that is told."""

    async def forget(progress, total, message):
        """Take no note of it."""

    call = intercept(client.call_tool, kind="tool")
    return await call("travel", {"steps": 3}, progress_callback=forget)


async def call_at_once(client: Client):
    """Call several tools at once, each in a task."""
    call = intercept(client.call_tool, kind="tool")
    cities = ("Lisbon", "Porto", "Faro")
    return await asyncio.gather(*(call("rooms", {"city": city}) for city in cities))


async def ask_for_all(client: Client):
    """Ask for all that a server has to offer."""
    asked = (client.list_tools, client.list_resource_templates, client.list_prompts)
    return [await intercept(ask)() for ask in asked]


async def read_and_prompt(client: Client):
    """Ask for what is no tool."""
    prompt = await intercept(client.get_prompt)("plan", {"city": "Lisbon"})
    return [await intercept(client.read_resource)("city://lisbon"), prompt]


AGENTS = [
    call_for_text,
    call_for_structure,
    call_for_a_picture,
    call_in_vain,
    call_with_progress,
    call_at_once,
    ask_for_all,
    read_and_prompt,
]


@pytest.mark.parametrize("agent", AGENTS)
def test_replays_to_a_client(agent, travel):
    """Equal values of equal types come back, from a server that is not asked."""

    async def run():
        async with Client(server_mcp.server) as client:
            return await agent(client)

    live, again, steps, done = proven(run, travel)

    assert again == live
    assert types_in(again) == types_in(live)
    assert steps
    assert done == []


async def all_of_them(client: Client):
    """Run all the agents above, one after the other."""
    return [await agent(client) for agent in AGENTS]


def test_replays_to_a_client_of_a_process(travel):
    """Where only the calls are wrapped, a replay starts the server, and calls nothing."""

    async def run():
        async with Client(travel.parameters) as client:
            return await all_of_them(client)

    live, again, _, done = proven(run, travel)

    assert again == live
    assert done == ["started"]


class Tools(AsyncExitStack):
    """The tools of a server, which is started when one of them is first called."""

    def __init__(self, parameters):
        super().__init__()
        self._parameters = parameters
        self._client = None

    @intercept(kind="tool")
    async def call_tool(self, name, arguments):
        """Call a tool."""
        if self._client is None:
            self._client = await self.enter_async_context(Client(self._parameters))
        return await self._client.call_tool(name, arguments)


def test_does_not_start_the_server_that_a_call_starts(travel):
    """Where the wrapped call connects, a replay has nothing to connect to."""

    async def run():
        async with Tools(travel.parameters) as tools:
            return [await tools.call_tool(name, {"city": "Lisbon"}) for name in ("rooms", "closed")]

    live, again, steps, done = proven(run, travel)

    assert again == live
    assert [step["arguments"]["args"][0] for step in steps] == ["rooms", "closed"]
    assert done == []


# --- the connection is wrapped as well ------------------------------------------------------


@asynccontextmanager
async def connected(parameters):
    """Connect to a server."""
    async with Client(parameters) as client:
        yield client


@asynccontextmanager
async def in_session(parameters):
    """Connect to a server as it was done before there was a client for it."""
    async with stdio_client(parameters) as streams, ClientSession(*streams) as session:
        await session.initialize()
        yield session


def test_does_not_start_the_server_of_a_connection(travel):
    """Where the function that connects is intercepted, a replay has nothing to connect to."""

    async def run():
        async with intercept(lambda: connected(travel.parameters), name="connect")() as client:
            return await all_of_them(client)

    live, again, _, done = proven(run, travel)

    assert again == live
    assert done == []


@pytest.mark.parametrize("connect", [Client, connected, in_session])
def test_replays_a_connection_whose_calls_are_not_wrapped(connect, travel):
    """What the client was asked for is on tape with the connection, and another call is drift."""

    async def run(city="Lisbon"):
        async with intercept(lambda: connect(travel.parameters), name="connect")() as client:
            tools = await client.list_tools()
            found = await asyncio.gather(
                client.call_tool("rooms", {"city": city}),
                client.call_tool("weather", {"city": "Porto"}),
            )
            return [[tool.name for tool in tools.tools], *found, client.server_info]

    live, again, steps, done = proven(run, travel)

    assert again == live
    assert [step["name"] for step in steps] == ["connect"]
    assert done == []
    with pytest.raises(DivergenceError, match="connect"):  # noqa: SIM117
        with replay(travel.log.with_name("cassette.json"), strict=True):
            asyncio.run(run("Faro"))
    assert sorted(travel.done()) == ["rooms", "started", "weather"]


def by_call(parameters):
    """Give tools that connect when the first of them is called."""
    return Tools(parameters)


def by_connection(parameters):
    """Give a client that is connected, as a step of its own."""
    return intercept(lambda: connected(parameters), name="connect")()


@pytest.mark.parametrize("connect", [by_call, by_connection])
def test_an_update_starts_the_server_for_what_changed(connect, travel, tmp_path):
    """What is on tape costs nothing; the first call that is not needs a real connection."""

    async def run(city):
        async with connect(travel.parameters) as tools:
            call = intercept(tools.call_tool, kind="tool")
            found = [await call("rooms", {"city": "Lisbon"}), await call("rooms", {"city": city})]
            return [result.content[0].text for result in found]

    with record(tmp_path / "cassette.json"):
        first, _ = asyncio.run(run("Porto"))
    with use_cassette(tmp_path / "cassette.json", record_mode="update"):
        again, changed = asyncio.run(run("Faro"))

    assert again == first
    assert "rooms in Faro" in changed
    assert travel.done() == ["started", "rooms", "rooms", "started", "rooms"]


# --- other seams ----------------------------------------------------------------------------


async def with_an_older_handshake():
    """Talk to a server as clients did before 2026, and wrap the client in its place."""
    async with Client(server_mcp.server, mode="legacy") as client:
        client.call_tool = intercept(client.call_tool, kind="tool")
        return await client.call_tool("weather", {"city": "Lisbon"})


async def with_a_session():
    """Wrap the session below a client, in its place."""
    async with Client(server_mcp.server) as client:
        session = client.session
        session.call_tool = intercept(session.call_tool, kind="tool")
        session.list_tools = intercept(session.list_tools)
        tools = await session.list_tools()
        return [tools, await session.call_tool("weather", {"city": "Lisbon"})]


async def with_a_subclass():
    """Wrap the method of a class of one's own."""

    class Tools(Client):
        @intercept(kind="tool")
        async def call_tool(self, name: str, arguments: dict[str, Any] | None = None, **options):
            return await super().call_tool(name, arguments, **options)

    async with Tools(server_mcp.server) as tools:
        return await tools.call_tool("weather", {"city": "Lisbon"})


async def with_a_group():
    """Wrap what calls the tools of many servers."""
    async with Client(server_mcp.server) as client, ClientSessionGroup() as group:
        await group.connect_with_session(client.server_info, client.session)
        call = intercept(group.call_tool, kind="tool")
        return [sorted(group.tools), await call("weather", {"city": "Lisbon"})]


async def with_a_function():
    """Hand the client over to the function that is wrapped."""

    @intercept(kind="tool")
    async def weather(client, city):
        return await client.call_tool("weather", {"city": city})

    async with Client(server_mcp.server) as client:
        return await weather(client, "Lisbon")


SEAMS = [with_an_older_handshake, with_a_session, with_a_subclass, with_a_group, with_a_function]


@pytest.mark.parametrize("run", SEAMS)
def test_replays_what_is_wrapped_elsewhere(run, travel):
    """Wherever the call is wrapped, equal values come back, and no tool is called."""
    live, again, [*_, step], done = proven(run, travel)

    assert again == live
    assert types_in(again) == types_in(live)
    assert step["type"] == "tool"
    assert done == []


def test_replays_the_functions_of_a_server(travel, tmp_path):
    """A server of one's own is tested by a client in its process; its functions are wrapped."""
    called = []

    def fetch(city: str) -> int:
        called.append(city)
        return len(called)

    async def run():
        server = MCPServer("travel")
        fetched = intercept(fetch, kind="tool")

        @server.tool()
        def rooms(city: str) -> int:
            return fetched(city)

        @server.tool()
        @intercept(kind="tool")
        async def greet(name: str, context: Context) -> str:
            await context.report_progress(1, 1)
            return f"{name}, {len(called)} calls so far"

        async with Client(server) as client:
            found = [await client.call_tool("rooms", {"city": "Lisbon"}) for _ in range(2)]
            return [*found, await client.call_tool("greet", {"name": "Ada"})]

    with record(tmp_path / "cassette.json"):
        live = asyncio.run(run())
    with replay(tmp_path / "cassette.json", strict=True) as player:
        again = asyncio.run(run())

    assert again == live
    assert (player.remaining, player.divergences) == (0, [])
    assert called == ["Lisbon", "Lisbon"]


# --- what is on the cassette ----------------------------------------------------------------


def test_a_client_as_an_argument_counts_as_a_client(travel, tmp_path):
    """Where the server is on this machine, and what its environment holds, is not on tape."""
    with record(tmp_path / "cassette.json"):
        asyncio.run(with_a_function())

    [step] = Cassette.load(tmp_path / "cassette.json").steps
    assert step["arguments"]["args"] == ["<mcp.client.client.Client>", "Lisbon"]


def test_reads_as_the_protocol_says(travel):
    """A step has the arguments of the tool, and what it found; a picture is in base64."""

    async def run():
        async with Client(server_mcp.server) as client:
            return await call_for_a_picture(client)

    [result, _, image], _, [step], _ = proven(run, travel)

    assert step["arguments"]["args"] == ["picture", {"city": "Lisbon"}]
    assert step["result"]["content"] == [
        {"type": "text", "text": "Lisbon"},
        {"type": "image", "data": image.data, "mime_type": "image/png"},
    ]
    assert step["result"]["is_error"] is result.is_error is False


# --- failures -------------------------------------------------------------------------------


FAILURES = {
    "unknown resource": lambda client: intercept(client.read_resource)("city://a/b"),
    "unknown prompt": lambda client: intercept(client.get_prompt)("nothing"),
    "too slow": lambda client: intercept(client.call_tool)(
        "travel", {"steps": 10**9}, read_timeout_seconds=0.05
    ),
}


@pytest.mark.parametrize("ask", FAILURES.values(), ids=FAILURES)
def test_replays_an_error_of_the_protocol(ask, travel):
    """It is the SDK's own, with its code and what it tells."""

    async def run():
        async with Client(server_mcp.server) as client:
            with pytest.raises(mcp.MCPError) as refused:
                await ask(client)
            return refused.value

    live, again, [step], done = proven(run, travel)

    assert type(again) is type(live) is mcp.MCPError
    assert (again.code, again.error, str(again)) == (live.code, live.error, str(live))
    assert step["error"]["message"] == str(live)
    assert done == []


# --- what changed ---------------------------------------------------------------------------


CHANGES = {
    "tool": (r"at name\b", {"name": "weather"}),
    "argument": (r"at arguments\.city", {"arguments": {"city": "Porto"}}),
    "one more argument": (r"at arguments", {"arguments": {"city": "Lisbon", "nights": 2}}),
    "meta": (r"at meta", {"meta": {"trace": "on"}}),
}


@pytest.mark.parametrize(("path", "change"), CHANGES.values(), ids=CHANGES)
def test_a_changed_call_is_drift(path, change, travel, tmp_path):
    """Another tool, another argument: the message says which, and no tool is called."""
    drifts = []

    async def run(**changed):
        async with Client(server_mcp.server) as client:
            call = intercept(client.call_tool, kind="tool")
            try:
                await call(**{"name": "rooms", "arguments": {"city": "Lisbon"}, **changed})
            except DivergenceError as drift:
                drifts.append(str(drift))

    with record(tmp_path / "cassette.json"):
        asyncio.run(run())
    with pytest.raises(DivergenceError, match=path):  # noqa: SIM117  # it sticks
        with replay(tmp_path / "cassette.json", strict=True):
            asyncio.run(run(**change))

    assert len(drifts) == 1
    assert travel.done() == ["rooms"]


# --- with a model ---------------------------------------------------------------------------


def test_replays_an_agent_with_the_tools_of_a_server(server, travel, prove):
    """The model chooses tools of the server, which are called at once; neither is asked again."""

    async def agent():
        async with (
            AsyncOpenAI(base_url=server.openai_url, api_key="none") as openai,
            Client(server_mcp.server) as client,
        ):
            ask = intercept(openai.chat.completions.create, name="ask", kind="llm")
            call = intercept(client.call_tool, kind="tool")
            listed = await intercept(client.list_tools)()
            tools = [as_openai(tool) for tool in listed.tools]
            messages = [{"role": "user", "content": QUESTION}]
            said = (await ask(model="gpt", messages=messages, tools=tools)).choices[0].message
            made = [(one.function.name, one.function.arguments) for one in said.tool_calls]
            found = await asyncio.gather(*(call(name, json.loads(given)) for name, given in made))
            messages += [said, *map(as_message, said.tool_calls, found)]
            last = await ask(model="gpt", messages=messages, tools=tools)
            return last.choices[0].message.content

    live, again, steps = prove(agent)

    assert again == live
    assert "rooms in Lisbon for 3 nights" in live
    assert [step["name"] for step in steps] == ["list_tools", "ask", *["call_tool"] * 5, "ask"]
    assert sorted(travel.done()) == ["closed", "picture", "rooms", "travel", "weather"]


def as_openai(tool):
    """Return a tool as OpenAI's API wants it."""
    described = {"description": tool.description, "parameters": tool.input_schema}
    return {"type": "function", "function": {"name": tool.name, **described}}


def as_message(made, result):
    """Return the message that tells the model what a tool found."""
    text = "".join(part.text for part in result.content if part.type == "text")
    return {"role": "tool", "tool_call_id": made.id, "content": text}


def test_replays_a_session_that_another_sdk_calls(server, travel, prove):
    """Google's SDK takes a session for a tool, and calls it within the call that is wrapped."""

    async def agent():
        client = genai.Client(api_key="none", http_options={"base_url": server.url})
        ask = intercept(client.aio.models.generate_content, kind="llm")
        async with client.aio, Client(server_mcp.server) as tools:
            config = {"tools": [tools.session]}
            response = await ask(model="gemini", contents=QUESTION, config=config)
            return [response, response.text]

    live, again, [step] = prove(agent)

    assert again == live
    assert step["arguments"]["kwargs"]["config"]["tools"] == ["<mcp.client.session.ClientSession>"]
    assert travel.done() == ["rooms", "weather", "picture", "closed", "travel"]


def test_tools_replay_in_another_process(prove_elsewhere, travel):
    """The classes of the results are found there; where each call starts a server, none is."""
    live, again, steps = prove_elsewhere(
        f"""
        import asyncio, sys
        from mcp import Client, StdioServerParameters
        from openai import OpenAI
        from agentcassette import intercept

        @intercept(kind="tool")
        async def call(name, **arguments):
            log = {{"TRAVEL_LOG": {str(travel.log)!r}}}
            command = {{"command": sys.executable, "args": [{server_mcp.__file__!r}], "env": log}}
            async with Client(StdioServerParameters(**command)) as client:
                return await client.call_tool(name, arguments)

        async def main():
            with OpenAI() as openai:
                ask = intercept(openai.chat.completions.create, kind="llm")
                said = ask(model="gpt", messages=[{{"role": "user", "content": "Lisbon"}}])
            calls = (call(name, city="Lisbon") for name in ("weather", "picture"))
            return [said.choices[0].message.content, *await asyncio.gather(*calls)]
        """
    )

    assert again == live
    assert "CallToolResult" in live
    assert len(steps) == 3
    assert sorted(travel.done()) == ["picture", "started", "started", "weather"]
