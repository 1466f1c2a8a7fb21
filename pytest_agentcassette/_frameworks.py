"""The steps of agent frameworks and of HTTP clients, put into the words of the APIs behind them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_agentcassette._messages import dicts

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["translated"]

# The classes of LangChain's messages, and who speaks: the messages themselves do not tell.
_MODULE = "langchain_core.messages."
_ROLES = {
    "SystemMessage": "system",
    "HumanMessage": "user",
    "AIMessage": "assistant",
    "AIMessageChunk": "assistant",
    "ToolMessage": "tool",
    "FunctionMessage": "tool",
}

# The messages of pydantic-ai, and who speaks in which part of one.
_KINDS = ("request", "response")
_SPEAKERS = {"system-prompt": "system", "user-prompt": "user", "retry-prompt": "user"}

# A response that is an answer, and how events stand in one that is a stream.
_OK = 200
_DATA, _LAST = "data:", "[DONE]"


def translated(step: dict[str, Any]) -> dict[str, Any]:
    """Put a step into other words, if it is one of LangChain's, of pydantic-ai's or of HTTP.

    Args:
        step: The step, as a cassette has it.

    Returns:
        The step itself, or one with other arguments and another result.
    """
    roles = {
        place: _ROLES[name.rpartition(":")[2]]
        for place, name in step.get("types", {}).items()
        if name.startswith(_MODULE) and name.rpartition(":")[2] in _ROLES
    }
    if roles:
        return _of_langchain(step, roles)
    given = dict(step["arguments"]["kwargs"])
    if step.get("type") == "http" and isinstance(given.get("body"), dict):
        return _of_http(step, given)
    given.update({f"args[{at}]": one for at, one in enumerate(step["arguments"]["args"])})
    for name, value in given.items():
        if value and isinstance(value, list) and all(map(_is_of_pydantic_ai, value)):
            return _of_pydantic_ai(step, given, name)
    return step


def _of_langchain(step: dict[str, Any], roles: dict[str, str]) -> dict[str, Any]:
    args, kwargs = step["arguments"]["args"], step["arguments"]["kwargs"]
    said = {
        "args": [_spoken(one, f"/arguments/args/{at}", roles) for at, one in enumerate(args)],
        "kwargs": {at: _spoken(kwargs[at], f"/arguments/kwargs/{at}", roles) for at in kwargs},
    }
    return {**step, "arguments": said, "result": _generated(step["result"])}


def _of_pydantic_ai(step: dict[str, Any], given: dict[str, Any], history: str) -> dict[str, Any]:
    said: dict[str, Any] = {}
    said["messages"] = [one for message in given[history] for one in _messages(message)]
    for name, value in given.items():
        if isinstance(value, dict) and value.get("function_tools"):
            said["tools"] = value["function_tools"]
            said[name] = {key: value[key] for key in value if key != "function_tools"}
        elif name != history:
            said[name] = value
    arguments = {"args": [], "kwargs": said}
    return {**step, "arguments": arguments, "result": _answered(step["result"])}


def _of_http(step: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    said = {"url": given.get("url"), **given["body"]}
    arguments = {"args": [], "kwargs": said}
    return {**step, "arguments": arguments, "result": _content(step["result"])}


def _content(result: Any) -> Any:
    """The content of a response that is JSON, or the events of one that is a stream."""
    if isinstance(result, dict) and isinstance(result.get("content"), dict):
        return result["content"] if result.get("status_code") == _OK else result
    if not isinstance(result, list):
        return result
    text = "".join(chunk for chunk in result if isinstance(chunk, str))
    data = [line[len(_DATA) :].strip() for line in text.splitlines() if line.startswith(_DATA)]
    try:
        return [json.loads(event) for event in data if event != _LAST] or result
    except ValueError:
        return result


def _spoken(value: Any, place: str, roles: dict[str, str]) -> Any:
    """A list of LangChain's messages, with the role of each."""
    if not isinstance(value, list):
        return value
    return [
        {"role": roles[f"{place}/{at}"], **one}
        if isinstance(one, dict) and f"{place}/{at}" in roles
        else one
        for at, one in enumerate(value)
    ]


def _generated(result: Any) -> Any:
    """What a model of LangChain's gave, or the chunks that it gave."""
    if isinstance(result, dict) and "generations" in result:
        return {"choices": result["generations"]}
    if not isinstance(result, list):
        return result
    return [
        _chunk(one["message"]) if dicts([one]) and dicts([one.get("message")]) else one
        for one in result
    ]


def _chunk(message: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    texts = [content] if isinstance(content, str) else [one.get("text") for one in dicts(content)]
    calls = [
        {
            "index": one.get("index"),
            "function": {"name": one.get("name"), "arguments": one.get("args")},
        }
        for one in dicts(message.get("tool_call_chunks"))
    ]
    text = "".join(one for one in texts if isinstance(one, str))
    return {"choices": [{"delta": {"content": text, "tool_calls": calls}}]}


def _is_of_pydantic_ai(value: Any) -> bool:
    return isinstance(value, dict) and value.get("kind") in _KINDS and "parts" in value


def _messages(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The messages in one of pydantic-ai's, which has parts of several speakers."""
    if message.get("instructions"):
        yield {"role": "system", "content": message["instructions"]}
    for part in dicts(message["parts"]):
        role = _SPEAKERS.get(str(part.get("part_kind")))
        if role is None:
            yield {"role": "assistant", "content": [_part(part)]}
        else:
            yield {"role": role, "content": part.get("content")}


def _part(part: dict[str, Any]) -> dict[str, Any]:
    kind = part.get("part_kind")
    if kind in ("text", "thinking"):
        return {"type": kind, kind: part.get("content")}
    if kind == "tool-call":
        return {"type": "tool_use", "name": part.get("tool_name"), "input": part.get("args") or {}}
    if kind == "tool-return":
        return {"type": "tool_result", "content": part.get("content")}
    return part


def _answered(result: Any) -> Any:
    """What a model of pydantic-ai's gave, or the events that it gave."""
    if _is_of_pydantic_ai(result):
        return {"output": [*_messages(result)]}
    return [_event(one) for one in result] if isinstance(result, list) else result


def _event(event: Any) -> Any:
    """An event of pydantic-ai's, in the words of Anthropic."""
    kind = event.get("event_kind") if isinstance(event, dict) else None
    if kind == "part_start" and isinstance(event.get("part"), dict):
        block = _part(event["part"])
        return {"type": "content_block_start", "index": event.get("index"), "content_block": block}
    if kind == "part_delta" and isinstance(event.get("delta"), dict):
        delta = event["delta"]
        name = "thinking" if delta.get("part_delta_kind") == "thinking" else "text"
        pieces = {name: delta.get("content_delta"), "partial_json": delta.get("args_delta")}
        return {"type": "content_block_delta", "index": event.get("index"), "delta": pieces}
    return {"type": "ping"} if kind in ("part_end", "final_result") else event
