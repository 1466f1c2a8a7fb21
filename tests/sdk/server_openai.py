"""The two APIs of OpenAI, chat completions and responses, as the model server speaks them.

Each API is three pure functions, but for fresh ids and times: what a request asks, the answer to
it, and the events that the same answer is streamed in.
Source of the fields: https://platform.openai.com/docs/api-reference
"""

from __future__ import annotations

import json
import time
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from server_script import Ask, Failure, Message, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "chat_answer",
    "chat_ask",
    "chat_events",
    "failure",
    "fresh_id",
    "pieces",
    "responses_answer",
    "responses_ask",
    "responses_events",
    "text_of",
    "tokens_in",
    "tokens_out",
]

JSON = Any


def fresh_id(prefix: str) -> str:
    """Return an id that nobody has had before."""
    return prefix + uuid.uuid4().hex


def text_of(content: JSON) -> str:
    """Return the text of a message's content: a string, nothing, or a list of blocks."""
    if isinstance(content, list):
        return " ".join(text_of(part.get("text", part.get("content"))) for part in content)
    return content or ""


def tokens_in(ask: Ask) -> int:
    """Return the tokens of the conversation: here, a token is a word."""
    return sum(len(message.text.split()) for message in ask.messages)


def tokens_out(reply: Reply) -> int:
    """Return the tokens of the answer: here, a token is a word, and a tool call costs five."""
    return len(reply.text.split()) + 5 * len(reply.tool_calls)


def failure(failed: Failure) -> JSON:
    """Return the body of an HTTP error."""
    kind = (
        "rate_limit_exceeded" if failed.status == HTTPStatus.TOO_MANY_REQUESTS else "server_error"
    )
    return {"error": {"message": failed.message, "type": kind, "param": None, "code": kind}}


# --- chat completions -----------------------------------------------------------------------


def chat_ask(body: JSON) -> Ask:
    """Return what a request to ``/v1/chat/completions`` asks."""
    roles = {"developer": "system"}
    return Ask(
        model=body["model"],
        messages=tuple(
            Message(roles.get(message["role"], message["role"]), text_of(message.get("content")))
            for message in body["messages"]
        ),
        tools={
            tool["function"]["name"]: tool["function"]["parameters"]
            for tool in body.get("tools", ())
        },
        schema=body.get("response_format", {}).get("json_schema", {}).get("schema"),
    )


def chat_answer(ask: Ask, reply: Reply) -> JSON:
    """Return a chat completion."""
    message: JSON = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.tool_calls:
        message["tool_calls"] = [
            {
                "id": fresh_id("call_"),
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in reply.tool_calls
        ]
    prompt, completion = tokens_in(ask), tokens_out(reply)
    return {
        "id": fresh_id("chatcmpl-"),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": ask.model,
        "choices": [
            {
                "index": 0,
                "message": message,
                "logprobs": None,
                "finish_reason": "tool_calls" if reply.tool_calls else "stop",
            }
        ],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": 0},
        },
        "service_tier": "default",
    }


def chat_events(answer: JSON, body: JSON) -> Iterator[JSON]:
    """Yield the chunks that a chat completion is streamed in."""
    counted = bool((body.get("stream_options") or {}).get("include_usage"))
    choice = answer["choices"][0]
    message = choice["message"]

    def chunk(choices: list[JSON], usage: JSON = None) -> JSON:
        made = {name: answer[name] for name in ("id", "created", "model", "service_tier")}
        made.update(object="chat.completion.chunk", choices=choices)
        if counted:
            made["usage"] = usage
        return made

    def delta(finish_reason: JSON = None, **changes: JSON) -> JSON:
        return chunk([{"index": 0, "delta": changes, "finish_reason": finish_reason}])

    yield delta(role="assistant", content="" if message["content"] else None, refusal=None)
    for piece in pieces(message["content"] or ""):
        yield delta(content=piece)
    for index, call in enumerate(message.get("tool_calls", ())):
        name, arguments = call["function"]["name"], call["function"]["arguments"]
        opened = {**call, "index": index, "function": {"name": name, "arguments": ""}}
        yield delta(tool_calls=[opened])
        for piece in pieces(arguments):
            yield delta(tool_calls=[{"index": index, "function": {"arguments": piece}}])
    yield delta(finish_reason=choice["finish_reason"])
    if counted:
        yield chunk([], answer["usage"])


def pieces(text: str) -> list[str]:
    """Cut a text after every space, as a model streams it word by word."""
    words = text.split(" ")
    return [word + " " for word in words[:-1]] + [word for word in words[-1:] if word]


# --- responses ------------------------------------------------------------------------------


def responses_ask(body: JSON) -> Ask:
    """Return what a request to ``/v1/responses`` asks."""
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    messages = [Message("system", body["instructions"])] if body.get("instructions") else []
    for item in items:
        if item.get("type") == "function_call_output":
            messages.append(Message("tool", text_of(item["output"])))
        elif "role" in item:
            messages.append(Message(item["role"], text_of(item["content"])))
    return Ask(
        model=body["model"],
        messages=tuple(messages),
        tools={tool["name"]: tool["parameters"] for tool in body.get("tools", ())},
        schema=body.get("text", {}).get("format", {}).get("schema"),
    )


def responses_answer(ask: Ask, reply: Reply) -> JSON:
    """Return a response."""
    output: list[JSON] = [
        {
            "type": "function_call",
            "id": fresh_id("fc_"),
            "call_id": fresh_id("call_"),
            "name": call.name,
            "arguments": json.dumps(call.arguments),
            "status": "completed",
        }
        for call in reply.tool_calls
    ]
    if reply.text:
        part = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
        said = {"type": "message", "id": fresh_id("msg_"), "role": "assistant"}
        output.insert(0, {**said, "status": "completed", "content": [part]})
    prompt, completion = tokens_in(ask), tokens_out(reply)
    return {
        "id": fresh_id("resp_"),
        "object": "response",
        "created_at": time.time(),
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": ask.model,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": prompt,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": completion,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": prompt + completion,
        },
    }


def responses_events(answer: JSON, _body: JSON) -> Iterator[JSON]:
    """Yield the events that a response is streamed in."""
    begun = {**answer, "status": "in_progress", "output": [], "usage": None}
    events: list[JSON] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for place, item in enumerate(answer["output"]):
        is_text = item["type"] == "message"
        empty: JSON = {"content": []} if is_text else {"arguments": ""}
        opened = {**item, "status": "in_progress", **empty}
        events.append(_item_event("response.output_item.added", place, item=opened))
        parts = _text_events(item, place) if is_text else _arguments_events(item, place)
        events.extend(parts)
        events.append(_item_event("response.output_item.done", place, item=item))
    events.append({"type": "response.completed", "response": answer})
    for number, event in enumerate(events):
        yield {**event, "sequence_number": number}


def _item_event(kind: str, place: int, **fields: JSON) -> JSON:
    return {"type": kind, "output_index": place, **fields}


def _text_events(item: JSON, place: int) -> Iterator[JSON]:
    part = item["content"][0]
    where = {"item_id": item["id"], "content_index": 0}
    opened = {**part, "text": ""}
    yield _item_event("response.content_part.added", place, **where, part=opened)
    for piece in pieces(part["text"]):
        yield _item_event("response.output_text.delta", place, **where, delta=piece, logprobs=[])
    text = part["text"]
    yield _item_event("response.output_text.done", place, **where, text=text, logprobs=[])
    yield _item_event("response.content_part.done", place, **where, part=part)


def _arguments_events(item: JSON, place: int) -> Iterator[JSON]:
    kind = "response.function_call_arguments"
    for piece in pieces(item["arguments"]):
        yield _item_event(f"{kind}.delta", place, item_id=item["id"], delta=piece)
    arguments = {"arguments": item["arguments"], "name": item["name"]}
    yield _item_event(f"{kind}.done", place, item_id=item["id"], **arguments)
