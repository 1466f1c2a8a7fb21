"""What known frameworks put into the objects that they pass around, and differs from run to run.

A class is named by ``module:QualName``, or by its module alone for all classes in it; what is said
of a class holds for those derived from it.
"""

from __future__ import annotations

import re
from typing import Any

from agentcassette._values._names import class_name, mro

__all__ = [
    "USER_AGENT",
    "is_context",
    "is_made_up",
    "record_fields",
    "told_of",
    "volatile_fields",
    "without_run",
]

_VOLATILE = {
    "google.genai.types:HttpOptions": {"headers"},  # they tell the version of the SDK
    "langchain_core.messages.base:BaseMessage": {"id"},
    "langgraph.store.base:Item": {"created_at", "updated_at"},
    "pydantic_ai.messages": {"timestamp", "run_id", "conversation_id"},
    "pydantic_ai.messages:RetryPromptPart": {"tool_call_id"},
}
"""Fields with fresh ids and times."""

_CONTEXTS = frozenset(
    {
        "agents.run_context:RunContextWrapper",
        "langchain_core.language_models.base:BaseLanguageModel",
        "langgraph.prebuilt.tool_node:ToolRuntime",
        "langgraph.runtime:Runtime",
        "mcp.client.client:Client",
        "mcp.server.fastmcp.server:Context",
        "mcp.server.mcpserver.context:Context",
        "mcp.shared.context:RequestContext",
        "pydantic_ai._run_context:RunContext",
        "pydantic_ai.agent.abstract:AbstractAgent",
        "pydantic_ai.models:Model",
    }
)
"""Classes with fields whose objects are clients or contexts all the same."""


_ITEM = ("value", "key", "namespace", "created_at", "updated_at")

_RECORDS = {
    "langgraph.store.base:Item": _ITEM,
    "langgraph.store.base:SearchItem": (*_ITEM, "score"),
    "langgraph.types:Send": ("node", "arg", "timeout"),
}
"""Classes of data that are neither dataclasses nor anything else that says so, and their fields."""

_OF_A_RUN = ("__pregel_", "checkpoint_", "langgraph_checkpoint_")
"""How the keys begin under which langgraph keeps its own affairs in the config of a run."""

_MADE_UP = re.compile(r"lc_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The id that langchain gives a block of content that has none."""


USER_AGENT = "User-Agent"
"""The header in which frameworks tell an SDK their version, among the arguments of its methods."""

_TOLD = {
    "smolagents.agents:MultiStepAgent": ("name", "description", "inputs", "output_type"),
    "smolagents.tools:BaseTool": ("name", "description", "inputs", "output_type"),
}
"""What a model is told of a tool that is an object of its framework."""


def volatile_fields(cls: type) -> frozenset[str]:
    """Give the fields of a class that differ from run to run."""
    names = [class_name(base) for base in mro(cls)]
    names += [name.partition(":")[0] for name in names]
    return frozenset().union(*(_VOLATILE.get(name, ()) for name in names))


def is_context(cls: type) -> bool:
    """Tell whether the objects of a class are clients or contexts, and count by their class."""
    return any(class_name(base) in _CONTEXTS for base in mro(cls))


def record_fields(cls: type) -> tuple[str, ...]:
    """Give the fields of a class of data that does not say that it is one; none for any other."""
    return _RECORDS.get(class_name(cls), ())


def told_of(cls: type) -> tuple[str, ...]:
    """Give the attributes of the objects of a class that a model is told; none if it is no tool."""
    names = (class_name(base) for base in mro(cls))
    return next((_TOLD[name] for name in names if name in _TOLD), ())


def without_run(config: dict[Any, Any]) -> dict[Any, Any]:
    """Give the config of a run of langgraph without what langgraph keeps in there for itself.

    Nodes and tools that ask for it get fresh ids, callbacks and the whole machinery with what the
    agent has put in, which stays. Any other dict is given as it is.
    """
    held = config.get("configurable")
    if type(held) is not dict or not any(str(key).startswith(_OF_A_RUN[0]) for key in held):
        return config
    kept = {key: item for key, item in config.items() if key not in {"callbacks", "run_id"}}
    for name in ("configurable", "metadata"):
        held = config.get(name)
        if type(held) is dict:
            kept[name] = {k: item for k, item in held.items() if not str(k).startswith(_OF_A_RUN)}
    return kept


def is_made_up(value: object) -> bool:
    """Tell whether the id of a block of content is one that langchain has made up."""
    return type(value) is str and _MADE_UP.fullmatch(value) is not None
