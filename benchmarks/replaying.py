"""What a strictly replayed call costs, beside ``json.loads`` of its answer and one comparison.

The call is a chat of 8 KB, as a plain dictionary, and its answer is one of 8 KB. The bare limit is
what nobody can do without: making the answer anew, and comparing the call with the recorded one.

And what becomes of that where a tape is long: short calls of a tape of ten times as many, as they
are and with an argument that is ignored, as it is another one in each run; and calls that are made
at once, beside ones of a tenth as many.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import agentcassette

ROUNDS = 21
CALLS = 20
FEW, MANY = 500, 5_000
FEW_AT_ONCE, MANY_AT_ONCE = 100, 1_000
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


@agentcassette.intercept(kind="tool", ignore="kwargs.run")
def look_up(_: str, *, run: str = "") -> str:
    """Stand for a tool with a short answer."""
    return "found"


@agentcassette.intercept(kind="tool")
async def fetch(_: str, pause: float) -> str:
    """Stand for a tool that takes its time."""
    await asyncio.sleep(pause)
    return "found"


def seconds_a_call_at_once(path: Path, calls: int) -> float:
    """Record calls made at once and replay them; return what each of them takes."""
    pauses = random.Random(1).choices(range(1, 8), k=calls)  # noqa: S311 - of a benchmark

    async def agent() -> None:
        await asyncio.gather(*(fetch(f"{at}", pause / 1e3) for at, pause in enumerate(pauses)))

    with agentcassette.record(path):
        asyncio.run(agent())
    with agentcassette.replay(path, strict=True):
        begin = perf_counter()
        asyncio.run(agent())
        return (perf_counter() - begin) / calls


def seconds_a_call(path: Path, calls: int, *, same: bool) -> float:
    """Record short calls and replay them; return what each of them takes."""
    with agentcassette.record(path):
        for number in range(calls):
            look_up(f"question {number}", run="first")
    with agentcassette.replay(path, strict=True):
        begin = perf_counter()
        for number in range(calls):
            look_up(f"question {number}", run="first" if same else "second")
        return (perf_counter() - begin) / calls


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
    growth = {
        same: [
            statistics.median(seconds_a_call(path, calls, same=same) for _ in range(ROUNDS // 4))
            for calls in (FEW, MANY)
        ]
        for same in (True, False)
    }

    at_once = [
        statistics.median(seconds_a_call_at_once(path, calls) for _ in range(ROUNDS // 4))
        for calls in (FEW_AT_ONCE, MANY_AT_ONCE)
    ]

limit, ours = (statistics.median(times) / CALLS * 1e6 for times in (bare, replayed))
sizes = f"{len(json.dumps(calls[0])):,} characters asked, {len(answer):,} answered"
print(f"a call of {sizes}; median of {ROUNDS} rounds of {CALLS} calls")
print(f"  json.loads and one comparison {limit:8.1f} us")
print(f"  a strictly replayed call      {ours:8.1f} us, {ours / limit:5.1f} times that")
print(f"a short call of a tape of {MANY:,} steps, beside one of a tape of {FEW:,}")
for same, (few, many) in growth.items():
    what = "the same to the letter" if same else "with an ignored argument"
    print(f"  {what:<29} {many * 1e6:8.1f} us, {many / few:5.2f} times that")
print(f"a call of {MANY_AT_ONCE:,} that are made at once, beside one of {FEW_AT_ONCE:,}")
few, many = at_once
print(f"  a gather of awaited calls     {many * 1e6:8.1f} us, {many / few:5.2f} times that")
