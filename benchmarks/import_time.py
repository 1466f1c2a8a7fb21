"""What `import agentcassette` costs, beside modules that an agent has imported anyway."""

from __future__ import annotations

import statistics
import subprocess
import sys

ROUNDS = 31
IMPORTS = ("agentcassette", "json, asyncio, inspect")
PROGRAM = """
from time import perf_counter
begun = perf_counter()
import {modules}
print(perf_counter() - begun)
"""


def time_import(modules: str) -> float:
    """Return the milliseconds that an import takes in a fresh interpreter."""
    command = [sys.executable, "-I", "-c", PROGRAM.format(modules=modules)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(answer.stdout) * 1000


times: dict[str, list[float]] = {modules: [] for modules in IMPORTS}
for _ in range(ROUNDS):
    for modules, rounds in times.items():
        rounds.append(time_import(modules))

print(f"import in a fresh interpreter, median of {ROUNDS} rounds")
medians = {modules: statistics.median(rounds) for modules, rounds in times.items()}
for modules, milliseconds in medians.items():
    print(f"  import {modules:<24} {milliseconds:6.2f} ms")
print(f"  agentcassette / the others = {medians[IMPORTS[0]] / medians[IMPORTS[1]]:.2f}")
