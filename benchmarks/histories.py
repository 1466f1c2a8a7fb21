"""What a cassette takes whose agent sends its whole history with every call.

A conversation of so many steps, each with a message of 130 characters that is asked and one that is
answered: the file, beside what was said in it; and to save and to load it, beside the bare limit
for the same steps with whole values, ``json.dumps`` and ``json.loads``.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Callable

from agentcassette import Cassette

ROUNDS = 3
LENGTHS = (100, 300, 600)


def conversation(length: int) -> list[dict[str, Any]]:
    """Return the steps of a conversation; no two of them share a value, as when they are taped."""
    history: list[dict[str, Any]] = []
    steps = []
    for number in range(length):
        history.append({"role": "user", "content": f"question {number} " * 9})
        arguments = {"args": [], "kwargs": {"messages": json.loads(json.dumps(history))}}
        answer = {"role": "assistant", "content": f"answer {number} " * 11}
        history.append(answer)
        steps.append({"name": "create", "arguments": arguments, "result": {"message": answer}})
    return steps


def seconds(action: Callable[[], object]) -> float:
    """Return the time that something takes, the median of a few rounds."""
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        action()
        times.append(perf_counter() - start)
    return statistics.median(times)


with tempfile.TemporaryDirectory() as name:
    file = Path(name) / "cassette.json"
    for length in LENGTHS:
        cassette = Cassette(conversation(length))
        whole = json.dumps(cassette.steps)
        said = sum(len(json.dumps(step["result"])) for step in cassette.steps) * 2
        save, load = seconds(partial(cassette.save, file)), seconds(partial(Cassette.load, file))
        dump = seconds(partial(json.dumps, cassette.steps))
        parse = seconds(partial(json.loads, whole))
        size = file.stat().st_size
        print(f"{length} steps, {len(whole) / 1e6:,.1f} MB with whole values")
        print(f"  the file    {size / 1e6:6.2f} MB, {size / said:5.2f} times what was said")
        print(f"  to save it  {save:6.2f} s,  {save / dump:5.2f} times json.dumps of whole values")
        print(f"  to load it  {load:6.3f} s,  {load / parse:5.2f} times json.loads of whole values")
