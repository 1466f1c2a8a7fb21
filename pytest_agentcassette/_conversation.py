"""What an agent and its models said to each other, as one reads it."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from pytest_agentcassette._chunks import joined
from pytest_agentcassette._frameworks import translated
from pytest_agentcassette._messages import Said, answers_of, as_json, said_in
from pytest_agentcassette._requests import NOTHING, Request, requested
from pytest_agentcassette._wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["conversation"]

# Who gives orders, where they stand in a history. Two conversations may have no more in common.
_ORDERING = ("system", "developer")

# What is longer is no setting that one reads on a line with others.
_SHORT = 100


def conversation(steps: Sequence[dict[str, Any]]) -> list[list[Said]]:
    """Read what was said in each step.

    Of a history is told what is new in it; of the model, its tools, its orders and other settings,
    what has changed. What is no message of a known API is told as JSON.

    Args:
        steps: The steps, as a cassette has them.

    Returns:
        For each step what was said to the callable, and what it said.
    """
    threads: dict[str, _Thread] = {}
    turns = []
    for step in steps:
        thread, spoken = threads.setdefault(step["name"], _Thread()), translated(step)
        request = requested(spoken["arguments"], thread.latest)
        if request is None:
            turns.append([_call(step), *_answered(step)])
            continue
        turn, answer = [*thread.tell(request)], [*_answered(spoken, "assistant")]
        thread.go_on(request, answer)
        turns.append([*turn, *answer])
    return turns


class _Node:
    """A place that conversations have come to.

    Attributes:
        step: The latest call that came by, as its number among all calls of the callable.
        next: Where each thing that can be said next leads to.
    """

    __slots__ = ("next", "step")

    def __init__(self) -> None:
        self.step = -1
        self.next: dict[Said, _Node] = {}


class _Thread:
    """The conversations with one callable: each call goes on with one of them, or begins one."""

    def __init__(self) -> None:
        self._start = _Node()
        # Of each call what it asked; its history and the answer. Before the first one is nothing.
        self._requests = [NOTHING]
        self._known: list[list[Said]] = [[]]

    @property
    def latest(self) -> Request:
        """What was asked last."""
        return self._requests[-1]

    def tell(self, request: Request) -> Iterator[Said]:
        """Tell what a call says that the one which it goes on from has not said.

        An agent sends its whole history with every call. What is new in it is what follows the
        beginning that both have in common: so what is said twice is told twice.
        """
        node, same, history = self._start, 0, request.history
        while same < len(history) and history[same] in node.next:
            node = node.next[history[same]]
            same += 1
        before = self._requests[node.step]
        yield from _changes(before.settings, request.settings)
        if request.tools != before.tools:
            yield from request.tools or [Said("tools", "note", "no longer offered")]
        if request.orders != before.orders:
            yield from request.orders or [Said("system", "note", "no longer told")]
        both, new, left_out = history[:same], history[same:], 0
        rest = self._known[node.step][same:]
        if new and rest:
            kept, new, left_out = _compare(rest, new, asked=len(before.history) - same)
            both += kept
        if left_out and any(said.role not in _ORDERING for said in both):
            yield Said("history", "note", f"{plural(left_out, 'earlier part')} not sent any more")
        yield from new or history[-1:]

    def go_on(self, request: Request, answer: list[Said]) -> None:
        """Keep what a call has said, and what it was answered."""
        known = [*request.history, *answer]
        node = self._start
        node.step = len(self._known)
        for said in known:
            following = node.next.get(said)
            if following is None:
                following = node.next[said] = _Node()
            node = following
            node.step = len(self._known)
        self._requests.append(request)
        self._known.append(known)


def _compare(old: list[Said], new: list[Said], *, asked: int) -> tuple[list[Said], list[Said], int]:
    """Compare what is left of two histories behind their common beginning.

    Args:
        old: What is left of the old one, and the answer to it.
        new: What is left of the new one.
        asked: How much of the old one is no answer.

    Returns:
        What both say, what only the new one says, and how much of what was asked is left out.
    """
    kept, added, left_out = [], [], 0
    for kind, i, j, k, m in SequenceMatcher(None, old, new).get_opcodes():
        if kind == "equal":
            kept += new[k:m]
        else:
            added += new[k:m]
            left_out += max(0, min(j, asked) - i)
    return kept, added, left_out


def _changes(before: dict[str, str], now: dict[str, str]) -> Iterator[Said]:
    """Tell the settings that are others than before: the short ones on one line."""
    changed = {name: text for name, text in now.items() if before.get(name) != text}
    short = [f"{name}: {text}" for name, text in changed.items() if len(text) <= _SHORT]
    short += [f"{name}: no longer given" for name in before if name not in now]
    if short:
        yield Said("settings", "note", ", ".join(short))
    for name, text in changed.items():
        if len(text) > _SHORT:
            yield Said(name, "json", text)


def _call(step: dict[str, Any]) -> Said:
    """Tell a call that begins or continues no conversation: as code where it is short."""
    arguments = step["arguments"]
    said = [as_json(value) for value in arguments["args"]]
    said += [f"{name}={as_json(value)}" for name, value in arguments["kwargs"].items()]
    line = f"{step['name']}({', '.join(said)})"
    if len(line) <= _SHORT:
        return Said("call", "call", line)
    return Said("call", "json", as_json(arguments))


def _answered(step: dict[str, Any], role: str = "answer") -> Iterator[Said]:
    """Tell what came of a call, or of a use of the stream that it gave.

    Args:
        step: The step, or the use.
        role: Who answers.
    """
    stream, result = step.get("stream"), step["result"]
    is_over = "error" not in step and "unfinished" not in step
    if isinstance(result, list) and stream is not None and stream.get("form") != "value":
        yield from _streamed(result, stream)
    elif isinstance(result, str):
        yield Said(role, "text", result)
    elif is_over:
        messages = answers_of(result) if isinstance(result, dict) else []
        spoken = [one for message in messages for one in said_in(message)]
        yield from spoken or [Said("answer", "json", as_json(result))]
    if "error" in step:
        yield Said("error", "error", _error(step["error"]))
    elif not is_over:
        yield Said("answer", "note", "none: the call did not end")


def _error(error: Any) -> str:
    """An exception on one line, as Python tells it."""
    if not isinstance(error, dict):
        return as_json(error)
    message = error.get("message") or (as_json(error["args"]) if error.get("args") else "")
    return ": ".join(filter(None, [str(error.get("type")), str(message)]))


def _streamed(chunks: list[Any], stream: dict[str, Any]) -> Iterator[Said]:
    """Tell what came in a stream; where nothing was read chunk by chunk, how else it was read."""
    message, others = joined(chunks)
    said = said_in(message)
    yield from said
    if others or (chunks and not said):
        yield Said("answer", "json", as_json(others or chunks))
    if not chunks:
        for use in stream.get("uses", ()):
            if "arguments" in use or "stream" in use:
                yield from _answered({"result": None, **use}, "assistant")
    elif "left" in stream:
        yield Said("answer", "note", "the stream was read no further")
