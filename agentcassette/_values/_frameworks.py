"""What known frameworks put into the objects that they pass around, and differs from run to run.

A class is named by ``module:QualName``, or by its module alone for all classes in it; what is said
of a class holds for those derived from it.
"""

from __future__ import annotations

from agentcassette._values._names import class_name, mro

__all__ = ["is_context", "volatile_fields"]

_VOLATILE = {
    "langchain_core.messages.base:BaseMessage": {"id"},
    "pydantic_ai.messages": {"timestamp", "run_id", "conversation_id"},
    "pydantic_ai.messages:RetryPromptPart": {"tool_call_id"},
}
"""Fields with fresh ids and times."""

_CONTEXTS = frozenset(
    {
        "agents.run_context:RunContextWrapper",
        "langchain_core.language_models.base:BaseLanguageModel",
        "langgraph.runtime:Runtime",
        "mcp.server.fastmcp.server:Context",
        "mcp.server.mcpserver.context:Context",
        "mcp.shared.context:RequestContext",
        "pydantic_ai._run_context:RunContext",
        "pydantic_ai.agent.abstract:AbstractAgent",
        "pydantic_ai.models:Model",
    }
)
"""Classes with fields whose objects are clients or contexts all the same."""


def volatile_fields(cls: type) -> frozenset[str]:
    """Give the fields of a class that differ from run to run."""
    names = [class_name(base) for base in mro(cls)]
    names += [name.partition(":")[0] for name in names]
    return frozenset().union(*(_VOLATILE.get(name, ()) for name in names))


def is_context(cls: type) -> bool:
    """Tell whether the objects of a class are clients or contexts, and count by their class."""
    return any(class_name(base) in _CONTEXTS for base in mro(cls))
