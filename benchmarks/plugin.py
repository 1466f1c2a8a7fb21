"""What the plugin costs a run: 1,000 tests without a cassette, and 1,000 that replay one each.

The latter are put beside the same tests without the plugin, whose intercepted calls then run, and
beside plain ones, of an agent that knows nothing of us. The last two rows are one test by its node
id, beside the cassettes of all others.

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
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\nmarkers = cassette\n")
    plugin, none = ("-p", "pytest_agentcassette.plugin"), ("-p", "empty")
    run(folder, "test_replayed.py", *plugin)  # which records
    run(folder, "test_plain.py", *plugin)  # which compiles
    candidates = {
        "plain tests": ("test_plain.py", none),
        "the same, with the idle plugin": ("test_plain.py", plugin),
        "intercepted calls, no plugin": ("test_replayed.py", none),
        "the same, replayed from a cassette each": ("test_replayed.py", plugin),
        "one plain test": ("test_plain.py::test_answer[0]", none),
        "one of 1,000 that are replayed": ("test_replayed.py::test_answer[0]", plugin),
    }
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for label, (file, options) in candidates.items():
            times[label].append(run(folder, file, *options))

print(f"{TESTS:,} tests of two calls, median of {ROUNDS} runs")
medians = {label: statistics.median(seconds) for label, seconds in times.items()}
for label, median in medians.items():
    print(f"  {label:<40} {median:6.2f} s")
for label, other in (
    ("the same, with the idle plugin", "plain tests"),
    ("the same, replayed from a cassette each", "intercepted calls, no plugin"),
    ("the same, replayed from a cassette each", "plain tests"),
    ("one of 1,000 that are replayed", "one plain test"),
):
    print(f"{label}: {medians[label] / medians[other]:.2f} times {other}")
