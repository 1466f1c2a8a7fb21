"""What the model behind the server answers: a script, or the rules that it follows by itself.

The rules are simple enough to run an agent with tools, and random enough that no two live runs are
equal: every answer ends in a fresh offer number, and its opening words vary.
"""

from __future__ import annotations

import json
import random
import re
import threading
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Union

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "Ask",
    "Failure",
    "Message",
    "Model",
    "Reply",
    "RuleModel",
    "ToolCall",
    "scripted",
]

JSON = Any

DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
NUMBER = re.compile(r"(?<![\d-])\d+(?![\d-])")
PROPER_NOUN = re.compile(r"\b[A-Z][a-z]+\b")
OPENINGS = ("Here is what I found.", "Done!", "This looks good to me.", "I looked around for you.")


class Message(NamedTuple):
    """One message of a conversation, whichever API it came through.

    Attributes:
        role: ``system``, ``user``, ``assistant`` or ``tool`` (what a tool gave back).
        text: All its text, joined.
    """

    role: str
    text: str


class Ask(NamedTuple):
    """What a model is asked, whichever API the request came through.

    Attributes:
        model: The name of the model.
        messages: The conversation, the system prompt first.
        tools: The JSON schema of the parameters of each tool, by the tool's name.
        schema: The JSON schema that the answer has to follow, or None for free text.
    """

    model: str
    messages: tuple[Message, ...]
    tools: Mapping[str, JSON]
    schema: JSON | None

    @property
    def question(self) -> str:
        """The text of the last message of the user."""
        return next((m.text for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def findings(self) -> tuple[str, ...]:
        """What the tools gave back so far."""
        return tuple(message.text for message in self.messages if message.role == "tool")


class ToolCall(NamedTuple):
    """A tool that the model wants called, with its arguments."""

    name: str
    arguments: Mapping[str, JSON]


class Reply(NamedTuple):
    """An answer of the model.

    Attributes:
        text: What it says.
        tool_calls: The tools that it wants called, all at once.
        breaks_after: In a stream, the number of events after which the connection breaks off.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    breaks_after: int | None = None


class Failure(NamedTuple):
    """An HTTP error in place of an answer.

    Attributes:
        status: The HTTP status, 400 or above.
        message: What the error says.
        retry_after: Seconds for the ``retry-after`` header, or None for no such header.
    """

    status: int
    message: str = "The model is not to be had."
    retry_after: float | None = None


Model = Callable[[Ask], Union[Reply, Failure]]


def scripted(replies: Iterable[Reply | Failure]) -> Model:
    """Make a model that gives these replies, one after the other, whatever it is asked.

    Asked once more than that, it answers with status 400, which no SDK retries.
    """
    remaining = iter(tuple(replies))
    lock = threading.Lock()

    def answer(_ask: Ask) -> Reply | Failure:
        with lock:
            return next(remaining, Failure(400, "The script of the model is at its end."))

    return answer


class RuleModel:
    """The model that answers where a test scripts none.

    - The answer has a schema: it is filled in from the question.
    - Tools are offered and none has been called yet: all of them are called, in parallel, with
      arguments filled in from the question.
    - Otherwise it answers with what the tools found, or with the question.

    A model whose name ends in ``-busy`` refuses every other question with status 429, the first
    one included, and asks to come back in a second.
    """

    def __init__(self) -> None:
        """Start with a source of chance that no ``random.seed`` of a test run reaches."""
        self._random = random.Random()
        self._lock = threading.Lock()
        self._refused: set[str] = set()

    def __call__(self, ask: Ask) -> Reply | Failure:
        """Answer by the rules above."""
        if ask.model.endswith("-busy") and not ask.findings and self._refuses(ask.question):
            return Failure(429, f"Rate limit reached for {ask.model}.", retry_after=1)
        if ask.schema is not None:
            return Reply(json.dumps(filled_in(ask.schema, ask.question)))
        if ask.tools and not ask.findings:
            return Reply(
                tool_calls=tuple(
                    ToolCall(name, filled_in(schema, ask.question))
                    for name, schema in ask.tools.items()
                )
            )
        opening = self._random.choice(OPENINGS)
        offer = self._random.randrange(10**9)
        body = "\n".join(ask.findings or (ask.question,))
        return Reply(f"{opening}\n{body}\nThis is offer number {offer}.")

    def _refuses(self, question: str) -> bool:
        with self._lock:
            if question in self._refused:
                self._refused.remove(question)
                return False
            self._refused.add(question)
            return True


def filled_in(schema: JSON, text: str) -> JSON:
    """Return a value that follows the JSON schema, with what the text has to offer.

    A date is the first ISO date in the text, a number the first number, any other string the last
    capitalized word (``Two nights in Lisbon`` -> ``Lisbon``).
    """
    kind = schema.get("type")
    if kind == "object":
        return {name: filled_in(part, text) for name, part in schema["properties"].items()}
    if kind == "array":
        return [filled_in(schema["items"], text)]
    if kind in {"integer", "number"}:
        return int(_first(NUMBER, text, "1"))
    if kind == "boolean":
        return True
    if schema.get("format") == "date":
        return _first(DATE, text, "2026-01-01")
    return _last(PROPER_NOUN, text, "Nowhere")


def _first(pattern: re.Pattern[str], text: str, default: str) -> str:
    found = pattern.search(text)
    return found.group() if found else default


def _last(pattern: re.Pattern[str], text: str, default: str) -> str:
    return next(reversed(pattern.findall(text)), default)
