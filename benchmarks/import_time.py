"""What importing agentcassette costs, beside modules that an agent has imported anyway.

Production code imports it to intercept, and pays for no more than that; the rest comes with the
first session.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

ROUNDS = 31
BARE = "import inspect"  # without which nothing can be wrapped
USUAL = "import json, asyncio, inspect"
INTERCEPTED = "from agentcassette import intercept"
REPLAYED = "from agentcassette import intercept, replay"
PROGRAM = """
from time import perf_counter
begun = perf_counter()
{statement}
print(perf_counter() - begun)
"""


def time_import(statement: str) -> float:
    """Return the milliseconds that an import takes in a fresh interpreter."""
    command = [sys.executable, "-I", "-c", PROGRAM.format(statement=statement)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(answer.stdout) * 1000


times: dict[str, list[float]] = {one: [] for one in (BARE, INTERCEPTED, REPLAYED, USUAL)}
for _ in range(ROUNDS):
    for statement, rounds in times.items():
        rounds.append(time_import(statement))

print(f"in a fresh interpreter, median of {ROUNDS} rounds")
medians = {statement: statistics.median(rounds) for statement, rounds in times.items()}
for statement, milliseconds in medians.items():
    print(f"  {statement:<43} {milliseconds:6.2f} ms")
print(f"  interception alone, of our own: {medians[INTERCEPTED] - medians[BARE]:.2f} ms")
for statement in (INTERCEPTED, REPLAYED):
    print(f"  {statement} / {USUAL} = {medians[statement] / medians[USUAL]:.2f}")
