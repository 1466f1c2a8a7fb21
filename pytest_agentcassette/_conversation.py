"""What an agent and its models said to each other, as one reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Said", "conversation"]

# Where the history of a conversation stands among the arguments of an SDK: those of OpenAI's chat
# and Anthropic, of OpenAI's responses, and of Gemini.
_HISTORIES = ("messages", "input", "contents")

# What is told to a model beside that history: by Anthropic, and by OpenAI's responses.
_ORDERS = ("system", "instructions")

# Where the parts of a message stand: for everybody else, and for Gemini.
_PARTS = ("content", "parts")


class Said(NamedTuple):
    """Something that was said.

    Attributes:
        role: Who said it, as the API names them: user, assistant, tool ...
        form: What it is: a text, a call of a tool, its result, or JSON as it stands.
        text: What was said; of a call the name and the arguments.
    """

    role: str
    form: str
    text: str


def conversation(steps: Sequence[dict[str, Any]]) -> list[list[Said]]:
    """Read what was said in each step.

    An agent sends its whole history with every call; of a step is told what no step of the same
    name has told before it. What is no message of a known API is told as JSON.

    Args:
        steps: The steps, as a cassette has them.

    Returns:
        For each step what was said to the callable, and what it said.
    """
    told: dict[str, set[Said]] = {}
    turns = []
    for step in steps:
        known = told.setdefault(step["name"], set())
        turn = []
        for said in (*_asked(step), *_answered(step)):
            if said not in known or said.form == "json":
                turn.append(said)
            known.add(said)
        turns.append(turn)
    return turns


def _asked(step: dict[str, Any]) -> Iterator[Said]:
    arguments = step["arguments"]
    named = arguments["kwargs"]
    texts = [named[name] for name in _HISTORIES if isinstance(named.get(name), str)]
    places = [*map(named.get, _HISTORIES), *arguments["args"]]
    history = next(filter(_is_history, places), None)
    if history is None:
        history = [{"role": "user", "content": text} for text in texts[:1]]
    if not history:
        yield Said("call", "json", _json(arguments))
        return
    for order in _ORDERS:
        if named.get(order):
            yield from _message({"role": "system", "content": named[order]})
    for message in history:
        yield from _message(message)


def _is_history(value: Any) -> bool:
    """Whether a value is a list of messages."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and ("role" in one or "type" in one) for one in value)
    )


def _answered(step: dict[str, Any]) -> Iterator[Said]:
    if "error" in step:
        yield Said("error", "text", f"{step['error']['type']}: {step['error'].get('message', '')}")
        return
    result = step["result"]
    text = "".join(map(_delta, result)) if step.get("stream") and isinstance(result, list) else ""
    if text:
        yield Said("assistant", "text", text)
        return
    messages = _messages_of(result) if isinstance(result, dict) else []
    said = [one for message in messages for one in _message({"role": "assistant", **message})]
    yield from said or [Said("answer", "json", _json(result))]


def _messages_of(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages of an answer: of OpenAI's chat, of its responses, of Gemini, of Anthropic."""
    choices = [one.get("message") for one in _dicts(result.get("choices"))]
    candidates = [one.get("content") for one in _dicts(result.get("candidates"))]
    content = [{"content": result["content"]}] if isinstance(result.get("content"), list) else []
    return [*_dicts(choices), *_dicts(result.get("output")), *_dicts(candidates), *content]


def _delta(chunk: Any) -> str:
    """The text that a chunk of a stream adds: of OpenAI's chat, its responses, of Anthropic."""
    if isinstance(chunk, str):
        return chunk
    if not isinstance(chunk, dict):
        return ""
    deltas = [one.get("delta") for one in _dicts(chunk.get("choices"))] or [chunk.get("delta")]
    texts = [
        (delta.get("content") or delta.get("text")) if isinstance(delta, dict) else delta
        for delta in deltas
    ]
    return "".join(text for text in texts if isinstance(text, str))


def _message(message: dict[str, Any]) -> Iterator[Said]:
    role = str(message.get("role") or "assistant")
    yield from _part(message, role)
    for place in _PARTS:
        content = message.get(place)
        for part in content if isinstance(content, list) else [content]:
            if isinstance(part, str) and part:
                form = "result" if role in ("tool", "function") else "text"
                yield Said(role, form, part)
            elif isinstance(part, dict):
                yield from (
                    _part(part, role) if _is_known(part) else [Said(role, "json", _json(part))]
                )
    for call in _dicts(message.get("tool_calls")):
        yield from _part({"function_call": call.get("function") or call}, role)


def _is_known(part: dict[str, Any]) -> bool:
    return bool(list(_part(part, "")))


def _part(part: dict[str, Any], role: str) -> Iterator[Said]:
    """A part of a message: a text, a call of a tool or its result, in the words of each API."""
    kind = part.get("type")
    if isinstance(part.get("text"), str) and part["text"]:
        yield Said(role, "text", part["text"])
    call = part.get("function_call")
    if kind in ("tool_use", "function_call"):
        call = part
    if isinstance(call, dict):
        arguments: Any = next(
            (call[name] for name in ("arguments", "input", "args") if name in call), {}
        )
        text = arguments if isinstance(arguments, str) else _json(arguments)
        yield Said(role, "call", f"{call.get('name')}({text})")
    response = part.get("function_response")
    if isinstance(response, dict):
        yield Said("tool", "result", _json(response.get("response")))
    elif kind == "function_call_output":
        yield Said("tool", "result", str(part.get("output")))
    elif kind == "tool_result":
        content = part.get("content")
        yield Said("tool", "result", content if isinstance(content, str) else _json(content))


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
