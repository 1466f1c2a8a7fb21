"""The chunks of a stream, joined to what a model would have said in one go."""

from __future__ import annotations

from typing import Any

from pytest_agentcassette._messages import dicts

__all__ = ["joined"]

# The chunks of Anthropic that add nothing: marks, and what its SDK derives from other chunks.
_SILENT = frozenset(
    {
        *("message_delta", "message_stop", "ping", "content_block_stop"),
        *("text", "input_json", "thinking", "citation", "signature"),
    }
)

# The chunks of OpenAI's responses that say that there is no answer, or no whole one.
_FAILURES = ("response.failed", "response.incomplete")

# How the pieces of texts, of thoughts and of arguments are called there.
_RESPONSES = {
    "response.output_text.delta": "text",
    "response.refusal.delta": "text",
    "response.reasoning_text.delta": "thinking",
    "response.reasoning_summary_text.delta": "thinking",
    "response.function_call_arguments.delta": "input",
    "response.custom_tool_call_input.delta": "input",
    "response.mcp_call_arguments.delta": "input",
}

# What a piece adds to, by its name: the type of the part.
_TYPES = {"text": "text", "thinking": "thinking", "input": "tool_use"}


def joined(chunks: list[Any]) -> tuple[dict[str, Any], list[Any]]:
    """Join the chunks of a stream.

    Args:
        chunks: Texts, or the chunks of OpenAI's chat and responses, of Anthropic or of Gemini.

    Returns:
        One message with all that they say; and the chunks of no known API.
    """
    parts = _Parts()
    others = [chunk for chunk in chunks if not _take(chunk, parts)]
    return {"role": parts.role, "content": list(parts.by_place.values())}, others


class _Parts:
    """The parts of a message, while their pieces come.

    Attributes:
        role: Who says it.
        by_place: The parts, each at the place that its pieces name.
    """

    def __init__(self) -> None:
        self.role = "assistant"
        self.by_place: dict[tuple[int, str], dict[str, Any]] = {}
        self._message = 0

    def begin_message(self) -> None:
        """What comes now belongs to another message, whatever the places say."""
        self._message += 1

    def put(self, place: Any, part: dict[str, Any]) -> None:
        """Put a part at a place."""
        self.by_place[self._message, str(place)] = dict(part)

    def add(self, place: Any, name: str, piece: Any) -> None:
        """Add a piece to the part at a place."""
        if isinstance(piece, str) and piece:
            part = self.by_place.setdefault((self._message, str(place)), {"type": _TYPES[name]})
            before = part.get(name)
            part[name] = before + piece if isinstance(before, str) else piece

    def append(self, name: str, piece: str) -> None:
        """Add a piece to the last part, or to a new one where that is of another type."""
        for message, place in reversed(self.by_place):
            if self.by_place[message, place].get("type") == _TYPES[name]:
                self.add(place, name, piece)
                return
            break
        self.add(len(self.by_place), name, piece)

    def call(self, place: Any, pieces: Any) -> None:
        """Add a piece of a call of a tool: its name comes first, then its arguments."""
        for call in dicts([pieces]):
            if call.get("name"):
                self.put(place, {"type": "tool_use", "name": call["name"], "input": ""})
            self.add(place, "input", call.get("arguments"))


def _take(chunk: Any, parts: _Parts) -> bool:
    """Take a chunk in; False where it is of no known API."""
    if isinstance(chunk, str):
        parts.add("text", "text", chunk)
        return True
    if not isinstance(chunk, dict):
        return False
    kind = str(chunk.get("type"))
    if isinstance(chunk.get("choices"), list):
        _take_chat(chunk, parts)
    elif kind.startswith("response.") and kind not in _FAILURES:
        _take_response(chunk, kind, parts)
    elif kind in _SILENT:
        pass
    elif kind == "message_start":
        parts.begin_message()
    elif kind == "content_block_start" and isinstance(chunk.get("content_block"), dict):
        _start_block(chunk, parts)
    elif isinstance(chunk.get("delta"), (dict, str)):
        _add_delta(chunk, parts)
    else:
        return _take_candidates(chunk, parts)
    return True


def _take_chat(chunk: dict[str, Any], parts: _Parts) -> None:
    for choice in dicts(chunk["choices"]):
        index, delta = choice.get("index"), choice.get("delta")
        for said in dicts([delta]):
            parts.add((index, "thinking"), "thinking", said.get("reasoning_content"))
            parts.add((index, "text"), "text", said.get("content") or said.get("refusal"))
            parts.call((index, "call"), said.get("function_call"))
            for call in dicts(said.get("tool_calls")):
                parts.call((index, call.get("index")), call.get("function"))


def _take_response(chunk: dict[str, Any], kind: str, parts: _Parts) -> None:
    index = chunk.get("output_index")
    name = _RESPONSES.get(kind)
    if name == "input":
        parts.add(index, name, chunk.get("delta"))
    elif name is not None:
        place = chunk.get("content_index", chunk.get("summary_index"))
        parts.add((index, name, place), name, chunk.get("delta"))
    for item in dicts([chunk.get("item")]):
        if kind == "response.output_item.done" and item.get("type") not in ("message", "reasoning"):
            parts.put(index, item)
        else:
            parts.call(index, {"name": item.get("name")})


def _start_block(chunk: dict[str, Any], parts: _Parts) -> None:
    """A part begins; the empty input of a call is no piece of its arguments."""
    block = chunk["content_block"]
    parts.put(chunk.get("index"), {name: block[name] for name in block if block[name] != {}})


def _add_delta(chunk: dict[str, Any], parts: _Parts) -> None:
    """A piece of Anthropic's, or of somebody who speaks alike."""
    place, delta = chunk.get("index"), chunk["delta"]
    if isinstance(delta, str):
        delta = {"text": delta}
    parts.add(place, "text", delta.get("text") or delta.get("content"))
    parts.add(place, "thinking", delta.get("thinking"))
    parts.add(place, "input", delta.get("partial_json"))


def _take_candidates(chunk: dict[str, Any], parts: _Parts) -> bool:
    """Take in a chunk of Gemini's: texts that follow each other are one."""
    if not isinstance(chunk.get("candidates"), list):
        return not chunk.get("prompt_feedback") and "usage_metadata" in chunk
    for candidate in dicts(chunk["candidates"]):
        for content in dicts([candidate.get("content")]):
            parts.role = content.get("role") or parts.role
            for part in dicts(content.get("parts")):
                if isinstance(part.get("text"), str):
                    parts.append("thinking" if part.get("thought") else "text", part["text"])
                else:
                    parts.put(len(parts.by_place), part)
    return True
