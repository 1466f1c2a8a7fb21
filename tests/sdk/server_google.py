"""The APIs of Gemini, as the model server speaks them: contents, interactions, and what is beside.

Where the path of a request says what the model is, and whether the answer is streamed, the body has
that here as well, as ``model`` and ``stream``.
Source of the fields: https://ai.google.dev/api
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from server_openai import fresh_id, pieces, text_of, tokens_in, tokens_out
from server_script import Ask, Failure, Message, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "answer",
    "ask",
    "count_answer",
    "embed_answer",
    "embed_ask",
    "events",
    "failure",
    "interactions_answer",
    "interactions_ask",
    "interactions_events",
]

JSON = Any

STATUSES = {
    HTTPStatus.BAD_REQUEST: "INVALID_ARGUMENT",
    HTTPStatus.NOT_FOUND: "NOT_FOUND",
    HTTPStatus.TOO_MANY_REQUESTS: "RESOURCE_EXHAUSTED",
}
# What a thinking model wants back: in base64, as bytes are.
SIGNATURE = "aGVyZSBJIHRob3VnaHQ/"


def failure(failed: Failure) -> JSON:
    """Return the body of an HTTP error."""
    status = STATUSES.get(HTTPStatus(failed.status), "INTERNAL")
    return {"error": {"code": failed.status, "message": failed.message, "status": status}}


# --- contents -------------------------------------------------------------------------------


def ask(body: JSON) -> Ask:
    """Return what a request to ``/v1/models/{model}:generateContent`` asks."""
    instruction = body.get("systemInstruction")
    messages = [Message("system", text_of(instruction["parts"]))] if instruction else []
    for content in body["contents"]:
        messages.extend(_messages(content))
    settings = body.get("generationConfig", {})
    schema = settings.get("responseSchema") or settings.get("responseJsonSchema")
    return Ask(
        model=body["model"],
        messages=tuple(messages),
        tools={
            declared["name"]: _json_schema(_parameters(declared))
            for tool in body.get("tools", ())
            for declared in tool["functionDeclarations"]
        },
        schema=schema and _json_schema(schema),
    )


def _messages(content: JSON) -> Iterator[Message]:
    """Yield a message for what a tool gave back, and one for a text; an image says nothing."""
    role = {"model": "assistant"}.get(content.get("role"), "user")
    for part in content["parts"]:
        if "functionResponse" in part:
            yield Message("tool", json.dumps(part["functionResponse"]["response"]))
        elif "text" in part:
            yield Message(role, part["text"])


def _parameters(declared: JSON) -> JSON:
    """Return the schema of a function's parameters: the SDK writes one key or another."""
    names = ("parametersJsonSchema", "parameters_json_schema", "parameters")
    return next(declared[name] for name in names if name in declared)


def _json_schema(schema: JSON) -> JSON:
    """Return a schema with types as JSON Schema writes them: ``string``, not ``STRING``."""
    if isinstance(schema, list):
        return [_json_schema(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: part.lower() if name == "type" and isinstance(part, str) else _json_schema(part)
        for name, part in schema.items()
    }


def answer(asked: Ask, reply: Reply) -> JSON:
    """Return the one candidate of a model."""
    parts: list[JSON] = [{"text": reply.text}] if reply.text else []
    parts.extend(
        {
            "functionCall": {
                "id": fresh_id("call_"),
                "name": call.name,
                "args": dict(call.arguments),
            },
            "thoughtSignature": SIGNATURE,
        }
        for call in reply.tool_calls
    )
    prompt, candidates = tokens_in(asked), tokens_out(reply)
    return {
        "candidates": [
            {"content": {"parts": parts, "role": "model"}, "finishReason": "STOP", "index": 0}
        ],
        "usageMetadata": {
            "promptTokenCount": prompt,
            "candidatesTokenCount": candidates,
            "totalTokenCount": prompt + candidates,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
        },
        "modelVersion": asked.model,
        "responseId": fresh_id(""),
    }


def events(answered: JSON, _body: JSON) -> Iterator[JSON]:
    """Yield the responses that an answer is streamed in; the last one has all of the usage."""
    parts = [
        {**part, "text": piece} if "text" in part else part
        for part in answered["candidates"][0]["content"]["parts"]
        for piece in pieces(part.get("text", "-"))
    ]
    prompt = answered["usageMetadata"]["promptTokenCount"]
    usage = {"promptTokenCount": prompt, "totalTokenCount": prompt}
    for part in parts[:-1]:
        candidate = {"content": {"parts": [part], "role": "model"}, "index": 0}
        yield {**answered, "candidates": [candidate], "usageMetadata": usage}
    last = {**answered["candidates"][0], "content": {"parts": parts[-1:], "role": "model"}}
    yield {**answered, "candidates": [last]}


# --- interactions ---------------------------------------------------------------------------


def interactions_ask(body: JSON) -> Ask:
    """Return what a request to ``/v1/interactions`` asks."""
    given = body["input"]
    items = [{"type": "text", "text": given}] if isinstance(given, str) else given
    messages = (
        [Message("system", body["system_instruction"])] if body.get("system_instruction") else []
    )
    roles = {"model_output": "assistant", "user_input": "user", "text": "user"}
    for item in items:
        if item["type"] == "function_result":
            messages.append(Message("tool", json.dumps(item["result"])))
        elif item["type"] in roles:
            messages.append(Message(roles[item["type"]], text_of(item.get("content", [item]))))
    return Ask(
        model=body["model"],
        messages=tuple(messages),
        tools={tool["name"]: tool["parameters"] for tool in body.get("tools", ())},
        schema=body.get("response_format", {}).get("schema"),
    )


def interactions_answer(asked: Ask, reply: Reply) -> JSON:
    """Return an interaction, which begins with a thought."""
    said = {"type": "model_output", "content": [{"type": "text", "text": reply.text}]}
    steps: list[JSON] = [{"type": "thought", "signature": SIGNATURE}]
    steps.extend([said] if reply.text else [])
    steps.extend(
        {
            "type": "function_call",
            "id": fresh_id("call_"),
            "name": call.name,
            "arguments": dict(call.arguments),
        }
        for call in reply.tool_calls
    )
    prompt, output = tokens_in(asked), tokens_out(reply)
    return {
        "id": fresh_id("v1_"),
        "object": "interaction",
        "model": asked.model,
        "status": "requires_action" if reply.tool_calls else "completed",
        "created": "2026-05-04T10:00:00Z",
        "updated": "2026-05-04T10:00:00Z",
        "steps": steps,
        "usage": {
            "total_input_tokens": prompt,
            "input_tokens_by_modality": [{"modality": "text", "tokens": prompt}],
            "total_output_tokens": output,
            "total_tokens": prompt + output,
        },
    }


def interactions_events(answered: JSON, _body: JSON) -> Iterator[JSON]:
    """Yield the events that an interaction is streamed in; the first and the last have no steps."""
    ended = {**answered, "steps": []}
    begun = {key: ended[key] for key in ended if key != "usage"}
    yield {"event_type": "interaction.created", "interaction": {**begun, "status": "in_progress"}}
    for index, step in enumerate(answered["steps"]):
        opened = {**step, "content": []} if "content" in step else step
        yield {"event_type": "step.start", "index": index, "step": opened}
        for part in step.get("content", ()):
            for piece in pieces(part["text"]):
                delta = {"type": "text", "text": piece}
                yield {"event_type": "step.delta", "index": index, "delta": delta}
        yield {"event_type": "step.stop", "index": index}
    yield {"event_type": "interaction.completed", "interaction": ended}


# --- counts of tokens, and embeddings -------------------------------------------------------


def count_answer(asked: Ask, _reply: Reply) -> JSON:
    """Return what a request to ``/v1/models/{model}:countTokens`` gets."""
    return {"totalTokens": tokens_in(asked)}


def embed_ask(body: JSON) -> Ask:
    """Return what a request to ``/v1/models/{model}:batchEmbedContents`` asks."""
    texts = tuple(
        Message("user", text_of(request["content"]["parts"])) for request in body["requests"]
    )
    return Ask(model=body["model"], messages=texts, tools={}, schema=None)


def embed_answer(asked: Ask, reply: Reply) -> JSON:
    """Return a vector for each text; a number in it is the length of a word of the answer."""
    values = [len(word) / 7 for word in reply.text.split()]
    return {"embeddings": [{"values": [len(text), *values]} for _, text in asked.messages]}
