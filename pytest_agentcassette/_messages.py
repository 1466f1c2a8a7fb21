"""The messages of agents and models, in the words of each API, as one reads them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Said", "answers_of", "as_json", "dicts", "said_in"]

# Where the parts of a message stand: for everybody else, and for Gemini.
_PARTS = ("content", "parts")

# What the parts are called that ask for a tool, and those that say what it gave.
_CALLS = ("tool_use", "server_tool_use", "function_call", "custom_tool_call", "mcp_call")
_RESULTS = ("tool_result", "function_call_output", "custom_tool_call_output")

# Where a call has its arguments, and a result what the tool gave.
_ARGUMENTS = ("arguments", "input", "args")
_GIVEN = ("output", "content", "response")

# The kinds of messages and parts that say nothing where they are empty.
_PLAIN = (None, "message", "text", "input_text", "output_text", "refusal", "thinking", "reasoning")

# What a message has that says nothing by itself.
_BESIDE = ("role", "id", "status", "type", *_PARTS)

# JSON of this length, or less, stands on one line.
_LINE = 100


class Said(NamedTuple):
    """Something that was said.

    Attributes:
        role: Who said it, as the API names them: user, assistant, tool ...
        form: What it is: a text, what a model thought, a call of a tool, its result, an error, a
            note of ours, a listing of tools (with JSON after an empty line), or JSON as it stands.
        text: What was said; of a call the name and the arguments.
    """

    role: str
    form: str
    text: str


def said_in(message: dict[str, Any]) -> list[Said]:
    """Read a message; what is none of a known API is told as JSON.

    Args:
        message: A message of a history or of an answer, or an item of OpenAI's responses.

    Returns:
        What is said in it, part by part; nothing where it is empty.
    """
    kind = message.get("type")
    role = str(message.get("role") or "assistant")
    said: list[Said] = []
    if kind not in _RESULTS:
        said += [one for place in _PARTS for one in _content(message.get(place), role)]
    said += _part(message, role)
    for call in dicts(message.get("tool_calls")):
        said += [_call(one, role) for one in dicts([call.get("function")]) or [call]]
    return said or _unknown(message, role)


def answers_of(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Find the messages of an answer: of OpenAI's chat and responses, Gemini, Anthropic, Ollama."""
    choices = [one.get("message") for one in dicts(result.get("choices"))]
    candidates = [one.get("content") for one in dicts(result.get("candidates"))]
    content = [{"content": result["content"]}] if isinstance(result.get("content"), list) else []
    return [
        *dicts(choices),
        *dicts(result.get("output")),
        *dicts(candidates),
        *content,
        *dicts([result.get("message")]),
    ]


def dicts(value: Any) -> list[dict[str, Any]]:
    """Give the objects of a list, or nothing where a value is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def as_json(value: Any) -> str:
    """Write a value down as JSON: on one line where it is short."""
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= _LINE else json.dumps(value, ensure_ascii=False, indent=1)


def _content(content: Any, role: str) -> Iterator[Said]:
    """What is said in the content of a message: a text, or a list of parts."""
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str) and part:
            yield Said(role, "result" if role in ("tool", "function") else "text", part)
        elif isinstance(part, dict):
            yield from _part(part, role) or _unknown(part, role)


def _part(part: dict[str, Any], role: str) -> list[Said]:
    """What is said in a part of a message; nothing where it is of no known kind."""
    kind = part.get("type")
    if kind in _CALLS:
        return [_call(part, role)]
    if kind in _RESULTS:
        return _result(part)
    if isinstance(part.get("function_response"), dict):
        return _result(part["function_response"])
    said = [
        Said(role, "thinking" if part.get("thought") else form, part[name])
        for name, form in (("text", "text"), ("refusal", "text"), ("thinking", "thinking"))
        if isinstance(part.get(name), str) and part[name]
    ]
    if kind == "reasoning":
        said += [
            Said(role, "thinking", one["text"])
            for one in filter(_is_text, dicts(part.get("summary")))
        ]
    if isinstance(part.get("function_call"), dict):
        said.append(_call(part["function_call"], role))
    return said


def _call(call: dict[str, Any], role: str) -> Said:
    """A call of a tool. Its arguments read the same, whether they come as JSON or as a text."""
    arguments: Any = next((call[name] for name in _ARGUMENTS if name in call), {})
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return Said(role, "call", f"{call.get('name')}({arguments})")
    return Said(role, "call", f"{call.get('name')}({as_json(arguments)})")


def _result(part: dict[str, Any]) -> list[Said]:
    """What a tool gave; of parts with a text one reads the text."""
    given = next((part[name] for name in _GIVEN if name in part), None)
    if given and isinstance(given, list) and all(map(_is_text, given)):
        return [Said("tool", "result", one["text"]) for one in given]
    return [Said("tool", "result", given if isinstance(given, str) else as_json(given))]


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("text"), str)


def _unknown(message: dict[str, Any], role: str) -> list[Said]:
    """What nothing was read in, as JSON; nothing where it is empty."""
    is_plain = message.get("type") in _PLAIN
    if is_plain and not any(message[name] for name in message if name not in _BESIDE):
        return []
    return [Said(role, "json", as_json(message))]
