"""What agents of smolagents gave live, they give again in strict replay, with the model down."""

from __future__ import annotations

import copy
from itertools import islice

import openai
import pytest
from server import Failure, Reply, ToolCall
from smolagents import (
    ActionStep,
    AgentGenerationError,
    CodeAgent,
    LogLevel,
    OpenAIModel,
    OpenAIServerModel,
    RunResult,
    Tool,
    ToolCallingAgent,
    tool,
)
from smolagents.agent_types import AgentText

from agentcassette import Cassette, DivergenceError, intercept, record, replay

QUESTION = "3 nights in Lisbon from 2026-05-04"
MESSAGES = [{"role": "user", "content": [{"type": "text", "text": QUESTION}]}]
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "trip",
        "schema": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "nights": {"type": "integer"}},
        },
    },
}
TOOL_CALLS = [
    Reply(
        tool_calls=(
            ToolCall("flights", {"city": "Lisbon", "nights": 3}),
            ToolCall("sights", {"city": "Lisbon"}),
        )
    ),
    Reply(tool_calls=(ToolCall("final_answer", {"answer": "Take the train."}),)),
]
CODE = [
    Reply("Thought: I look.\n<code>\nfound = sights(city='Lisbon')\nprint(found)\n</code>"),
    Reply("Thought: I know.\n<code>\nfinal_answer('Go to the ' + found[0])\n</code>"),
]


@tool
def flights(city: str, nights: int) -> str:
    """Find flights.

    Args:
        city: Where to.
        nights: How long to stay.
    """
    return f"to {city} and back after {nights} nights"


flights.forward = intercept(flights.forward, name="flights", kind="tool")


class Sights(Tool):
    """A tool as a class."""

    name = "sights"
    description = "Find sights."
    inputs = {"city": {"type": "string", "description": "Where."}}  # noqa: RUF012  # as documented
    output_type = "array"

    @intercept(name="sights", kind="tool")
    def forward(self, city: str):
        """Find sights."""
        return ["castle", f"museum of {city}"]


class TapedModel(OpenAIServerModel):
    """A model of which every request is taped."""

    generate = intercept(OpenAIServerModel.generate, kind="llm")
    generate_stream = intercept(OpenAIServerModel.generate_stream, kind="llm")


@pytest.fixture(autouse=True)
def clients(server, monkeypatch):
    """Let every client ask the server, and close them in the end."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-0123456789abcdefghijklmnop")
    made = []
    create_client = OpenAIModel.create_client

    def kept(model):
        made.append(create_client(model))
        return made[-1]

    monkeypatch.setattr(OpenAIModel, "create_client", kept)
    yield made
    for client in made:
        client.close()


def model(kind=OpenAIModel):
    """Return a model that asks once."""
    return kind("gpt", retry=False, client_kwargs={"max_retries": 0})


def wrapped_model():
    """Return a model with both of its methods wrapped in their place."""
    made = model()
    made.generate = intercept(made.generate, kind="llm")
    made.generate_stream = intercept(made.generate_stream, kind="llm")
    return made


def model_with_a_wrapped_client():
    """Return a model whose client is wrapped."""
    made = model()
    completions = made.client.chat.completions
    completions.create = intercept(completions.create, kind="llm")
    return made


def subclassed_model():
    """Return a model of a class of the user's, in which the methods are wrapped."""
    return model(TapedModel)


MODELS = [wrapped_model, subclassed_model, model_with_a_wrapped_client]

# --- models without an agent ----------------------------------------------------------------


def plain(asked):
    """Ask once."""
    return asked.generate(MESSAGES)


def tool_calls(asked):
    """Let the model call tools, in parallel."""
    return asked.generate(MESSAGES, tools_to_call_from=[flights, Sights()])


def structured(asked):
    """Ask for JSON."""
    return asked.generate(MESSAGES, response_format=SCHEMA)


def stream(asked):
    """Read a stream to its end, which tells of the tokens."""
    return list(asked.generate_stream(MESSAGES))


def stream_of_tool_calls(asked):
    """Read a stream of tool calls."""
    return list(asked.generate_stream(MESSAGES, tools_to_call_from=[flights, Sights()]))


def stream_left_early(asked):
    """Read the beginning of a stream, and close it."""
    deltas = asked.generate_stream(MESSAGES)
    beginning = list(islice(deltas, 2))
    deltas.close()
    return beginning


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize(
    "ask", [plain, tool_calls, structured, stream, stream_of_tool_calls, stream_left_early]
)
def test_replays_to_a_model(ask, make, prove):
    """Equal messages and deltas come back, whichever method is wrapped."""
    live, again, [step] = prove(lambda: ask(make()))

    assert again == live
    assert types_in(again) == types_in(live)
    assert step["type"] == "llm"


def types_in(value):
    """Return the type of a value, and those of its items."""
    return [type(item) for item in value] if isinstance(value, list) else type(value)


# --- agents ---------------------------------------------------------------------------------


def agent_with(make, kind=ToolCallingAgent, **options):
    """Return an agent that says nothing aloud."""
    tools = options.pop("tools", [flights, Sights()])
    return kind(tools=tools, model=make(), verbosity_level=LogLevel.OFF, **options)


def what_happened(agent):
    """Return what the agent's memory has of its steps, without the time that they took."""
    return [
        {key: said for key, said in step.items() if key not in ("timing", "model_input_messages")}
        for step in copy.deepcopy(agent.memory.get_full_steps())
    ]


@pytest.mark.parametrize("make", MODELS)
def test_replays_to_an_agent_that_calls_tools(make, prove, server):
    """The agent goes the same way: the model, both tools from threads, the model."""
    server.script(TOOL_CALLS)

    def run():
        agent = agent_with(make)
        return [agent.run(QUESTION), what_happened(agent)]

    live, again, steps = prove(run)

    assert again == live
    assert (str(again[0]), type(again[0])) == ("Take the train.", AgentText)
    assert [step["type"] for step in steps] == ["llm", "tool", "tool", "llm"]


@pytest.mark.parametrize("make", MODELS)
def test_replays_to_an_agent_that_streams(make, prove, server):
    """What the agent hands out on its way comes again, in the same order."""
    server.script(TOOL_CALLS)

    def run():
        events = agent_with(make, stream_outputs=True).run(QUESTION, stream=True)
        return [copy.deepcopy(event) for event in events if not isinstance(event, ActionStep)]

    live, again, steps = prove(run)

    assert again == live
    assert types_in(again) == types_in(live)
    assert [step["type"] for step in steps] == ["llm", "tool", "tool", "llm"]


@pytest.mark.parametrize("make", MODELS)
def test_replays_to_an_agent_that_writes_code(make, prove, server):
    """The code is run again, and the tools that it calls are answered."""
    server.script(CODE)

    def run():
        agent = agent_with(make, CodeAgent, tools=[Sights()])
        return [agent.run(QUESTION), what_happened(agent)]

    live, again, steps = prove(run)

    assert again == live
    assert str(again[0]) == "Go to the castle"
    assert [step["type"] for step in steps] == ["llm", "tool", "llm"]


def test_replays_to_an_agent_that_plans(prove, server):
    """A plan is a request like any other."""
    server.script([Reply("First I look."), *TOOL_CALLS])

    live, again, steps = prove(lambda: agent_with(wrapped_model, planning_interval=3).run(QUESTION))

    assert again == live
    assert [step["type"] for step in steps] == ["llm", "llm", "tool", "tool", "llm"]


def test_replays_to_an_agent_that_has_others(prove, server):
    """The requests of a managed agent stand between those of its manager."""
    ask_the_guide = Reply(tool_calls=(ToolCall("guide", {"task": QUESTION}),))
    server.script([ask_the_guide, *TOOL_CALLS, TOOL_CALLS[1]])

    def run():
        guide = agent_with(wrapped_model, name="guide", description="Knows the city.")
        return agent_with(wrapped_model, tools=[], managed_agents=[guide]).run(QUESTION)

    live, again, steps = prove(run)

    assert again == live
    assert [step["type"] for step in steps] == ["llm", "llm", "tool", "tool", "llm", "llm"]


def test_replays_a_whole_run(prove, server):
    """An agent may be one step: what is in its result comes back, and nothing of it runs."""
    server.script(TOOL_CALLS)

    def run():
        whole = intercept(agent_with(model).run, name="run", kind="agent")
        return whole(QUESTION, return_full_result=True)

    live, again, steps = prove(run)

    assert again == live
    assert type(again) is RunResult
    assert again.token_usage.input_tokens > 0
    assert [(step["name"], step.get("parent")) for step in steps] == [
        ("run", None),
        ("flights", 0),
        ("sights", 0),
    ]


def test_replays_to_agents_elsewhere(prove_elsewhere, server):
    """On another machine, with other hashes, the same agents send the same."""
    server.script([*TOOL_CALLS, *CODE])

    live, again, steps = prove_elsewhere(
        """
        from agentcassette import intercept
        from smolagents import CodeAgent, LogLevel, OpenAIModel, Tool, ToolCallingAgent, tool

        @tool
        def flights(city: str, nights: int) -> str:
            '''Find flights.

            Args:
                city: Where to.
                nights: How long to stay.
            '''
            return f"to {city} and back after {nights} nights"

        flights.forward = intercept(flights.forward, name="flights", kind="tool")

        class Sights(Tool):
            name = "sights"
            description = "Find sights."
            inputs = {"city": {"type": "string", "description": "Where."}}
            output_type = "array"

            @intercept(name="sights", kind="tool")
            def forward(self, city: str):
                return ["castle", f"museum of {city}"]

        def main():
            model = OpenAIModel("gpt", retry=False)
            model.generate = intercept(model.generate, kind="llm")
            quiet = {"model": model, "verbosity_level": LogLevel.OFF}
            caller = ToolCallingAgent(tools=[flights, Sights()], **quiet)
            coder = CodeAgent(
                tools=[Sights()], additional_authorized_imports=["json", "ast", "copy"], **quiet
            )
            return [caller.run("3 nights in Lisbon"), coder.run("3 nights in Lisbon")]
        """
    )

    assert again == live == "['Take the train.', 'Go to the castle']\n"
    assert len(steps) == 7


# --- failures -------------------------------------------------------------------------------


@pytest.mark.parametrize("make", MODELS)
def test_replays_a_rate_limit_as_it_was(make, prove, server):
    """The error is the SDK's own, with what back-off code reads from it."""
    server.script([Failure(429, "Slow down.", retry_after=2), Reply("Here you are.")])

    def run():
        asked = make()
        with pytest.raises(openai.RateLimitError) as refused:
            plain(asked)
        error = refused.value
        return [str(error), error.response.headers["retry-after"], plain(asked)]

    live, again, steps = prove(run)

    assert again == live
    assert again[1] == "2"
    assert [step.get("error", {}).get("type") for step in steps] == ["RateLimitError", None]


def test_replays_a_tool_that_failed(prove, server):
    """The agent reads of the error again, and goes on."""
    wrong = Reply(tool_calls=(ToolCall("broken", {}),))
    server.script([wrong, TOOL_CALLS[1]])

    class Broken(Tool):
        name = "broken"
        description = "Fails."
        inputs = {}  # noqa: RUF012  # as documented
        output_type = "string"

        @intercept(name="broken", kind="tool")
        def forward(self):
            raise ConnectionError("nobody there")

    def run():
        agent = agent_with(wrapped_model, tools=[Broken()])
        return [agent.run(QUESTION), what_happened(agent)]

    live, again, steps = prove(run)

    assert again == live
    assert "nobody there" in str(again[1][1]["error"])
    assert steps[1]["error"] == {"type": "ConnectionError", "message": "nobody there"}


# --- drift ----------------------------------------------------------------------------------


def ask_of_tools(asked, **said):
    """Let the model choose from a tool that is described in some way."""

    class Described(Tool):
        name = "sights"
        description = "Find sights."
        inputs = {}  # noqa: RUF012  # as documented
        output_type = "string"

        def forward(self):
            return ""

    described = Described()
    vars(described).update(said)
    asked.generate(MESSAGES, tools_to_call_from=[described])


CHANGES = {
    "prompt": (
        plain,
        lambda asked: asked.generate([{"role": "user", "content": "Hello"}]),
        r"messages\[0\]\.content",
    ),
    "schema": (
        structured,
        lambda asked: asked.generate(MESSAGES, response_format={"type": "json_object"}),
        r"response_format",
    ),
    "setting": (plain, lambda asked: asked.generate(MESSAGES, temperature=0), "temperature"),
    "stream": (
        stream,
        lambda asked: list(asked.generate_stream(MESSAGES, stop_sequences=["."])),
        "stop",
    ),
    "description of a tool": (
        ask_of_tools,
        lambda asked: ask_of_tools(asked, description="Find castles."),
        r"tools.*description",
    ),
    "name of a tool": (
        ask_of_tools,
        lambda asked: ask_of_tools(asked, name="castles"),
        r"tools.*name",
    ),
    "input of a tool": (
        ask_of_tools,
        lambda asked: ask_of_tools(
            asked, inputs={"city": {"type": "string", "description": "Where."}}
        ),
        r"tools.*",
    ),
}


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_what_a_model_is_told_is_drift(change, make, server, tmp_path):
    """What is told differently is told by its path, whichever method is wrapped."""
    before, now, path = change
    with record(tmp_path / "cassette.json"):
        before(make())

    with pytest.raises(DivergenceError, match=f"differs at {path}"):  # noqa: SIM117
        with replay(tmp_path / "cassette.json", strict=True):
            now(make())

    assert server.served == 1


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"question": "Five nights"}, r"messages\[1\]\.content\[0\]\.text"),
        ({"instructions": "Be kind."}, r"messages\[0\]\.content\[0\]\.text"),
    ],
    ids=["task", "instructions"],
)
def test_a_change_of_an_agent_is_drift(change, path, server, tmp_path):
    """The agent wraps the error in one of its own, and the path is in it."""
    server.script(TOOL_CALLS)

    def run(question=QUESTION, **options):
        agent_with(wrapped_model, **options).run(question)

    with record(tmp_path / "cassette.json"):
        run()

    with pytest.raises(AgentGenerationError, match=path) as failed:  # noqa: SIM117
        with replay(tmp_path / "cassette.json", strict=True):
            run(**change)

    assert type(failed.value.__cause__) is DivergenceError
    assert server.served == 2


def test_a_tool_that_gives_something_else_is_drift(server, tmp_path):
    """A tool that runs for real tells the model something else, and that is told by its path."""
    server.script(TOOL_CALLS)
    found = {"castles": ["castle"]}

    class Castles(Sights):
        def forward(self, city: str):
            return found["castles"]

    def run():
        agent_with(wrapped_model, tools=[flights, Castles()]).run(QUESTION)

    with record(tmp_path / "cassette.json"):
        run()
    found["castles"].append("ruin")

    with pytest.raises(AgentGenerationError, match=r"messages\[3\]\.content\[0\]\.text"):  # noqa: SIM117
        with replay(tmp_path / "cassette.json", strict=True):
            run()


# --- what is on the cassette ----------------------------------------------------------------


def test_reads_as_a_conversation_and_holds_no_key(server, tmp_path):
    """The messages can be read, the tokens are those of the model, and no key is in the file."""
    server.script(TOOL_CALLS)
    with record(tmp_path / "cassette.json") as recorder:
        agent = agent_with(wrapped_model)
        agent.run(QUESTION)

    first, flight, _, last = Cassette.load(tmp_path / "cassette.json").steps
    told = first["arguments"]["kwargs"].get("messages") or first["arguments"]["args"][0]
    assert told[1]["content"] == [{"type": "text", "text": f"New task:\n{QUESTION}"}]
    assert flight["arguments"]["kwargs"] == {"city": "Lisbon", "nights": 3}
    assert last["result"]["tool_calls"][0]["function"]["name"] == "final_answer"
    usage = agent.monitor.get_total_token_counts()
    assert first["input_tokens"] + last["input_tokens"] == usage.input_tokens
    assert recorder.unreplayable == []
    text = (tmp_path / "cassette.json").read_text("utf-8")
    assert "sk-" not in text
    assert "0x" not in text
