"""What the plugin costs a run: 1,000 tests without a cassette, and 1,000 that replay one each.

Each run is a process of its own, and its processor time is what counts. The runs take turns, with
the plugin and with an empty one in its place: pytest itself looks through all distributions for a
plugin that it is told to load. All of them find their modules compiled, as an installed plugin is.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = 1_000
ROUNDS = 7
ENVIRONMENT = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": ""}
OPTIONS = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist")

AGENT = """
def answer(prompt):
    return {"text": prompt.upper(), "usage": {"input_tokens": 20, "output_tokens": 10}}
"""

PLAIN = """
import pytest
from agent import answer

@pytest.mark.parametrize("number", range(%d))
def test_answer(number):
    assert answer("one")["text"] == "ONE"
    assert answer("two")["text"] == "TWO"
"""

REPLAYED = """
import agentcassette
import pytest
from agent import answer

answer = agentcassette.intercept(answer)

@pytest.mark.cassette
@pytest.mark.parametrize("number", range(%d))
def test_answer(number):
    assert answer("one")["text"] == "ONE"
    assert answer("two")["text"] == "TWO"
"""


def run(folder: Path, file: str, *options: str) -> float:
    """Run the tests of a file; return the seconds of processor time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, *options, file],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    (folder / "agent.py").write_text(AGENT)
    (folder / "empty.py").write_text("")
    (folder / "test_plain.py").write_text(PLAIN % TESTS)
    (folder / "test_replayed.py").write_text(REPLAYED % TESTS)
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    plugin = ("-p", "pytest_agentcassette.plugin")
    run(folder, "test_replayed.py", *plugin)  # which records
    run(folder, "test_plain.py", *plugin)  # which compiles
    candidates = {
        "plain tests": ("test_plain.py", ("-p", "empty")),
        "the same, with the idle plugin": ("test_plain.py", plugin),
        "replayed from a cassette each": ("test_replayed.py", plugin),
    }
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for label, (file, options) in candidates.items():
            times[label].append(run(folder, file, *options))

print(f"{TESTS:,} tests of two calls, median of {ROUNDS} runs")
bare = statistics.median(times["plain tests"])
for label, seconds in times.items():
    median = statistics.median(seconds)
    print(f"  {label:<32} {median:6.2f} s, {median / bare:5.2f} times plain tests")
