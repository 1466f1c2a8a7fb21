"""The messages API of Anthropic, as the model server speaks it.

Source of the fields: https://docs.anthropic.com/en/api/messages
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from server_openai import fresh_id, pieces, text_of, tokens_in, tokens_out
from server_script import Ask, Failure, Message, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["answer", "ask", "events", "failure"]

JSON = Any


def failure(failed: Failure) -> JSON:
    """Return the body of an HTTP error."""
    kind = "rate_limit_error" if failed.status == HTTPStatus.TOO_MANY_REQUESTS else "api_error"
    error = {"type": kind, "message": failed.message}
    return {"type": "error", "error": error, "request_id": fresh_id("req_")}


def ask(body: JSON) -> Ask:
    """Return what a request to ``/v1/messages`` asks."""
    messages = [Message("system", text_of(body["system"]))] if body.get("system") else []
    for message in body["messages"]:
        messages.extend(_messages(message["role"], message["content"]))
    return Ask(
        model=body["model"],
        messages=tuple(messages),
        tools={tool["name"]: tool["input_schema"] for tool in body.get("tools", ())},
        schema=((body.get("output_config") or {}).get("format") or {}).get("schema"),
    )


def _messages(role: str, content: JSON) -> Iterator[Message]:
    if isinstance(content, str):
        yield Message(role, content)
        return
    for block in content:
        if block["type"] == "tool_result":
            yield Message("tool", text_of(block.get("content")))
        elif block["type"] == "text":
            yield Message(role, block["text"])


def answer(asked: Ask, reply: Reply) -> JSON:
    """Return a message of the assistant."""
    content: list[JSON] = [{"type": "text", "text": reply.text}] if reply.text else []
    content.extend(
        {
            "type": "tool_use",
            "id": fresh_id("toolu_"),
            "name": call.name,
            "input": dict(call.arguments),
        }
        for call in reply.tool_calls
    )
    return {
        "id": fresh_id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": content,
        "stop_reason": "tool_use" if reply.tool_calls else "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": tokens_in(asked),
            "output_tokens": tokens_out(reply),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        },
    }


def events(answered: JSON, _body: JSON) -> Iterator[JSON]:
    """Yield the events that a message is streamed in."""
    begun: JSON = {
        "content": [],
        "stop_reason": None,
        "usage": {**answered["usage"], "output_tokens": 1},
    }
    yield {"type": "message_start", "message": {**answered, **begun}}
    for index, block in enumerate(answered["content"]):
        is_text = block["type"] == "text"
        opened = {**block, "text": ""} if is_text else {**block, "input": {}}
        yield {"type": "content_block_start", "index": index, "content_block": opened}
        for piece in pieces(block["text"] if is_text else json.dumps(block["input"])):
            delta = (
                {"type": "text_delta", "text": piece}
                if is_text
                else {"type": "input_json_delta", "partial_json": piece}
            )
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ended = {"stop_reason": answered["stop_reason"], "stop_sequence": None}
    usage = {"output_tokens": answered["usage"]["output_tokens"]}
    yield {"type": "message_delta", "delta": ended, "usage": usage}
    yield {"type": "message_stop"}
