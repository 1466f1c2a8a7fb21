"""What the page of a big run costs: 1,000 tests with 20,000 steps.

With the package `playwright`, and the path of a Chromium in `AGENTCASSETTE_CHROMIUM`, it is opened
as well: how long that takes until the list of tests is there.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from pytest_agentcassette._document import timeline
from pytest_agentcassette._page import page

TESTS = 1_000
STEPS = 20
SENTENCE = "The quick brown fox jumps over the lazy dog, and runs away from the wolf. "


def steps_of(_: str) -> list[dict[str, Any]]:
    """Return the steps of a conversation that grows with every call."""
    history: list[dict[str, Any]] = []
    steps = []
    for index in range(STEPS):
        history.append({"role": "user", "content": f"{index}: {SENTENCE * 2}"})
        answer = {"role": "assistant", "content": f"{index}! {SENTENCE * 2}"}
        steps.append(
            {
                "index": index,
                "type": "llm",
                "name": "ask",
                "arguments": {"args": [], "kwargs": {"messages": list(history)}},
                "result": {"choices": [{"message": answer}]},
                "input_tokens": 40 * index,
                "output_tokens": 40,
                "duration_ms": 900.0,
            }
        )
        history.append(answer)
    return steps


COST = {"input_tokens": 7_600, "output_tokens": 800, "duration_ms": 18_000.0}
TEST = {
    "path": "cassettes/test.json",
    "remedy": "pytest --record-mode=update",
    "calls": STEPS,
    "cost": COST,
    "saved": COST,
    "recorded_at": "2026-06-30T12:00:00Z",
    "drift": [],
    "unplayed": 0,
    "resumed": 0,
    "mode": "once",
    "price": None,
    "price_saved": None,
    "drifts": [],
    "unplayed_steps": [],
    "unpriced": [],
    "problem": None,
    "steps": timeline(steps_of("")),
}
DOCUMENT = {
    "version": 1,
    "created_at": "2026-06-30T12:00:00Z",
    "totals": {
        "outcomes": {"replayed": TESTS},
        "calls": TESTS * STEPS,
        "cost": COST,
        "saved": COST,
        "price": None,
        "price_saved": None,
    },
    "tests": [
        {**TEST, "test": f"tests/test_{number % 40}.py::test_{number}", "outcome": "replayed"}
        for number in range(TESTS)
    ],
    "stale": [],
    "live_calls": [],
    "lost_workers": 0,
    "lost_tests": [],
}

begin = perf_counter()
text = page(DOCUMENT, steps_of)
print(f"{TESTS:,} tests with {TESTS * STEPS:,} steps")
print(f"  written in {perf_counter() - begin:.2f} s, {len(text) / 1e6:.1f} MB")
chromium = os.environ.get("AGENTCASSETTE_CHROMIUM")
if chromium and importlib.util.find_spec("playwright"):
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as player:
        file = Path(folder) / "page.html"
        file.write_text(text, encoding="utf-8")
        browser = player.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = browser.new_page()
        begin = perf_counter()
        opened.goto(file.as_uri())
        opened.wait_for_function(f"document.querySelectorAll('#tests tbody tr').length === {TESTS}")
        print(f"  opened in {perf_counter() - begin:.2f} s")
        browser.close()
