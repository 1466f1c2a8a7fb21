"""What frameworks put into what they pass around, and what they have in place of functions."""

from __future__ import annotations

import sys
import types
import uuid

import pytest

from agentcassette import DivergenceError, intercept, record, replay
from agentcassette._values import decode, encode, encode_call

MADE_UP = f"lc_{uuid.UUID(int=7)}"


@pytest.fixture
def framework(monkeypatch):
    """Give classes as the frameworks have them, under the frameworks' names."""

    def put(cls, module, name=None):
        cls.__module__, cls.__qualname__ = module, name or cls.__name__
        known = sys.modules.get(module) or types.ModuleType(module)
        monkeypatch.setitem(sys.modules, module, known)
        monkeypatch.setattr(known, cls.__qualname__, cls, raising=False)
        return cls

    return put


def config(**more):
    """Give a config as langgraph hands it to a node."""
    return {
        "callbacks": object(),
        "run_id": uuid.uuid4(),
        "recursion_limit": 25,
        "metadata": {"langgraph_checkpoint_ns": "a", "team": "travel"},
        "configurable": {"__pregel_task_id": "b", "checkpoint_ns": "c", "thread_id": "d"},
        **more,
    }


def test_what_langgraph_keeps_in_a_config_is_not_compared():
    """What the agent has put in is."""
    assert encode_call(([config()],), {}).json["args"][0] == [
        {"recursion_limit": 25, "metadata": {"team": "travel"}, "configurable": {"thread_id": "d"}}
    ]
    assert encode_call((), config(metadata=None)).json["kwargs"]["metadata"] is None


@pytest.mark.parametrize(
    "value",
    [{"configurable": {"thread_id": "d"}}, {"configurable": 5}, {"configurable": None, "a": 1}],
)
def test_any_other_config_is_compared_as_it_is(value):
    """It may be of the agent itself."""
    assert encode_call((), value).json["kwargs"] == value


def test_a_config_that_is_a_result_is_kept_whole():
    """What comes back is what went in, as far as that goes."""
    assert encode(config()).json.keys() == config().keys()


@pytest.mark.parametrize(
    ("block", "volatile"),
    [
        ({"id": MADE_UP, "text": "a"}, ("/kwargs/id",)),
        ({"id": f"{MADE_UP}0"}, ()),
        ({"id": str(uuid.UUID(int=7))}, ()),
        ({"id": 7}, ()),
        ({"User-Agent": "agents/1", "X-Id": "1"}, ("/kwargs/User-Agent",)),
    ],
)
def test_what_is_made_up_is_not_compared(block, volatile):
    """An id that langchain gives a block of content, and the version of an SDK."""
    assert encode_call((), block).volatile == volatile


def test_classes_of_data_that_do_not_say_so(framework):
    """A table knows their fields."""

    class Send:
        __slots__ = ("arg", "node", "timeout")

    class Item:
        def __init__(self, value, created_at):
            self.value, self.created_at = value, created_at

    framework(Send, "langgraph.types")
    framework(Item, "langgraph.store.base")
    send = Send()
    send.node, send.arg = "search", {"city": "Oslo"}
    encoded = encode([send, Item((1,), "now")])

    assert encoded.json == [
        {"node": "search", "arg": {"city": "Oslo"}},
        {"value": [1], "created_at": "now"},
    ]
    assert encoded.volatile == ("/1/created_at",)
    back, item = decode(encoded.json, encoded.types)
    assert (type(back), back.node, back.arg) == (Send, "search", {"city": "Oslo"})
    assert (type(item), item.value) == (Item, (1,))


def test_a_tool_that_is_an_object_counts_by_what_the_model_is_told(framework, tmp_path):
    """Its class says nothing: every decorated function is of the same one."""

    class BaseTool:
        def __init__(self, name):
            self.name, self.description, self.inputs = name, "Find sights.", {"city": ("a", 1)}
            self.cache = object()

    framework(BaseTool, "smolagents.tools")

    class SimpleTool(BaseTool):
        pass

    encoded = encode(SimpleTool("sights"))
    assert encoded.json == {
        "name": "sights",
        "description": "Find sights.",
        "inputs": {"city": ["a", 1]},
        "output_type": None,
    }
    assert encoded.types[""].startswith("!")

    generate = intercept(lambda tools: "ok", name="generate")
    with record(tmp_path / "tape.json"):
        generate([SimpleTool("sights")])
    with pytest.raises(DivergenceError, match=r"tools\[0\]\.name"):  # noqa: SIM117
        with replay(tmp_path / "tape.json", strict=True):
            generate([SimpleTool("castles")])
