"""What it costs to record an answer of a model, beside one ``model_dump_json`` of it.

The answer is a chat completion of the openai SDK with 20 messages, each with a tool call. Taped, it
is written as JSON with its types, made again to see that it comes back, and written once more.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import timeit
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openai.types.chat import ChatCompletion

import agentcassette
from agentcassette import _values

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 41
CALLS = 20
CALLED = {"name": "look_up", "arguments": '{"city": "Lisbon"}'}
COMPLETION = ChatCompletion.model_validate(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-5",
        "choices": [
            {
                "index": number,
                "finish_reason": "tool_calls",
                "logprobs": None,
                "message": {
                    "role": "assistant",
                    "content": "Some forty words of text. " * 8,
                    "refusal": None,
                    "tool_calls": [{"id": f"c{number}", "type": "function", "function": CALLED}],
                },
            }
            for number in range(20)
        ],
        "usage": {"prompt_tokens": 420, "completion_tokens": 88, "total_tokens": 508},
    }
)


def measure(candidates: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Time the candidates in turns; return the median of each, in microseconds a call."""
    timers = {name: timeit.Timer(call) for name, call in candidates.items()}
    times: dict[str, list[float]] = {name: [] for name in timers}
    for _ in range(ROUNDS):
        for name, timer in timers.items():
            times[name].append(timer.timeit(CALLS) / CALLS * 1e6)
    return {name: statistics.median(rounds) for name, rounds in times.items()}


def taped(folder: Path) -> Callable[[], Any]:
    """Return a call that is recorded; its session is never written."""
    session = agentcassette.record(folder / "tape.json")
    session.open()
    return agentcassette.intercept(lambda: COMPLETION, name="ask", kind="llm")


encoded = _values.encode(COMPLETION)
text = COMPLETION.model_dump_json()
with tempfile.TemporaryDirectory() as folder:
    medians = measure(
        {
            "model_dump_json": COMPLETION.model_dump_json,
            "json.loads of it": lambda: json.loads(text),
            "model_copy, deep": lambda: COMPLETION.model_copy(deep=True),
            "written": lambda: _values.encode(COMPLETION),
            "made again": lambda: _values.decode(encoded.json, encoded.types),
            "written, verified": lambda: _values.encode_verified(COMPLETION),
            "a recorded call": taped(Path(folder)),
        }
    )
print(f"a completion of {len(encoded.types)} objects, median of {ROUNDS} rounds of {CALLS} calls")
for name, microseconds in medians.items():
    ratio = microseconds / medians["model_dump_json"]
    print(f"  {name:<18} {microseconds:8.1f} us, {ratio:5.1f} times model_dump_json")
