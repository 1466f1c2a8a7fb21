"""What a strictly replayed call costs, beside ``json.loads`` of its answer and one comparison.

The call is a chat of 8 KB, as a plain dictionary, and its answer is one of 8 KB. The bare limit is
what nobody can do without: making the answer anew, and comparing the call with the recorded one.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import agentcassette

ROUNDS = 21
CALLS = 20
SENTENCE = "The quick brown fox jumps over the lazy dog, and runs away from the wolf. "


def chat(number: int) -> dict[str, Any]:
    """Return the arguments of a call: 8 KB of JSON, in 20 messages."""
    roles = ("user", "assistant")
    messages = [{"role": roles[at % 2], "content": f"{at}: {SENTENCE * 5}"} for at in range(20)]
    messages.append({"role": "user", "content": f"question {number}"})
    return {"model": "gpt-5", "messages": messages, "temperature": 0}


@agentcassette.intercept(kind="llm")
def ask(**_: Any) -> dict[str, Any]:
    """Stand for a model: answer with 8 KB of JSON."""
    choices = [{"index": at, "message": {"content": SENTENCE * 5}} for at in range(20)]
    return {"id": "chatcmpl-1", "choices": choices, "usage": {"prompt_tokens": 2000}}


calls = [chat(number) for number in range(CALLS)]
recorded = [chat(number) for number in range(CALLS)]
answer = json.dumps(ask())
bare: list[float] = []
replayed: list[float] = []
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "tape.json"
    with agentcassette.record(path):
        for call in calls:
            ask(**call)
    for _ in range(ROUNDS):
        begin = perf_counter()
        for call, known in zip(calls, recorded):
            assert call == known  # noqa: S101 - the comparison is what is measured
            json.loads(answer)
        bare.append(perf_counter() - begin)
        with agentcassette.replay(path, strict=True):
            begin = perf_counter()
            for call in calls:
                ask(**call)
            replayed.append(perf_counter() - begin)

limit, ours = (statistics.median(times) / CALLS * 1e6 for times in (bare, replayed))
sizes = f"{len(json.dumps(calls[0])):,} characters asked, {len(answer):,} answered"
print(f"a call of {sizes}; median of {ROUNDS} rounds of {CALLS} calls")
print(f"  json.loads and one comparison {limit:8.1f} us")
print(f"  a strictly replayed call      {ours:8.1f} us, {ours / limit:5.1f} times that")
