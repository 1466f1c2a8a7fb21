"""The embeddings of OpenAI, as the model server speaks them.

Source of the fields: https://platform.openai.com/docs/api-reference/embeddings
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server_openai import tokens_in
from server_script import Ask, Message, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["answer", "ask", "events"]

JSON = Any


def ask(body: JSON) -> Ask:
    """Return what a request to ``/v1/embeddings`` asks."""
    given = body["input"]
    texts = [given] if isinstance(given, str) else given
    messages = tuple(Message("user", text) for text in texts)
    return Ask(model=body["model"], messages=messages, tools={}, schema=None)


def answer(asked: Ask, reply: Reply) -> JSON:
    """Return a vector for each text; a number in it is the length of a word of the answer."""
    values = [len(word) / 7 for word in reply.text.split()]
    tokens = tokens_in(asked)
    return {
        "object": "list",
        "model": asked.model,
        "data": [
            {"object": "embedding", "index": index, "embedding": [len(text), *values]}
            for index, (_, text) in enumerate(asked.messages)
        ],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def events(answered: JSON, _body: JSON) -> Iterator[JSON]:
    """Yield the answer: nobody streams embeddings."""
    yield answered
