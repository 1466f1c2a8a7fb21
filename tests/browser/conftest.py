"""A page to look at, and a browser to look at it with.

It needs the package `playwright` and a Chromium: its own (`playwright install chromium`), or the
one whose path is in the variable `AGENTCASSETTE_CHROMIUM`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, sync_playwright

from pytest_agentcassette._document import timeline
from pytest_agentcassette._page import page

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = (
    "</script><script>document.title='taken'</script><img src=x onerror=document.title='taken'>"
)
COST = {"input_tokens": 1200, "output_tokens": 80, "duration_ms": 900.0}
DRIFT = 'Replay diverged at step 1\n    city: "Rome" -> "Oslo"\n      - "old"\n      + "new"'


def step(index, name="ask", **fields):
    """Make a step as a cassette has it."""
    said = {"messages": [{"role": "user", "content": f"{HOSTILE} {index}"}]}
    return {
        "index": index,
        "type": "llm",
        "name": name,
        "arguments": {"args": [], "kwargs": said},
        "result": "done",
        "input_tokens": 20,
        "output_tokens": 5,
        "duration_ms": 300.0,
        **fields,
    }


STEPS = [
    step(0),
    step(1, "weather", concurrency={"start": 2, "end": 7}),
    step(
        2,
        "geocode",
        concurrency={"start": 3, "end": 4},
        parent=1,
        duration_ms=100.0,
        arguments={"args": [HOSTILE], "kwargs": {}},
        result=[HOSTILE] * 9,
    ),
    step(3, "hotels", concurrency={"start": 5, "end": 6}, duration_ms=200.0),
]


def a_test(name, outcome, **fields):
    """Make a test of the document."""
    return {
        "test": f"test_it.py::{name}",
        "path": "cassettes/a.json",
        "outcome": outcome,
        "remedy": f"pytest --record-mode=update test_it.py::{name}",
        "calls": 3,
        "cost": COST,
        "saved": COST,
        "recorded_at": "2026-06-30T12:00:00Z",
        "drift": [],
        "mode": "once",
        "price": 0.25,
        "price_saved": 0.25,
        "drifts": [],
        "unplayed_steps": [],
        "problem": None,
        "steps": timeline(STEPS),
        **fields,
    }


DOCUMENT = {
    "version": 1,
    "created_at": "2026-06-30T12:00:00Z",
    "totals": {
        "outcomes": {"replayed": 2, "drifted": 1},
        "calls": 9,
        "cost": COST,
        "saved": COST,
        "price": 0.75,
        "price_saved": 0.75,
    },
    "tests": [
        a_test("test_first", "replayed"),
        a_test("test_other", "replayed"),
        a_test(
            "test_trip",
            "drifted",
            drift=["Replay diverged at step 1"],
            drifts=[{"step": 1, "message": DRIFT}],
            unplayed_steps=[1, 2],
        ),
    ],
    "stale": [
        {"kind": "unclaimed", "path": "old.json", "detail": "test_old is gone", "test": None},
        {
            "kind": "unplayed",
            "path": "cassettes/a.json",
            "detail": "1 step never played",
            "test": "test_it.py::test_first",
        },
        {
            "kind": "old",
            "path": "cassettes/a.json",
            "detail": "140 days old",
            "test": "test_it.py::test_other",
        },
    ],
    "live_calls": [
        {"test": "test_it.py::test_x", "name": "ask", "kind": "llm", "calls": 2, "fixture": "agent"}
    ],
    "stopped": "stopping after 1 failures",
    "lost_workers": 1,
    "lost_tests": ["test_it.py::test_y"],
}


@pytest.fixture(scope="module")
def browser():
    """A browser without a window."""
    with sync_playwright() as player:
        opened = player.chromium.launch(
            executable_path=os.environ.get("AGENTCASSETTE_CHROMIUM"),
            args=["--no-sandbox", "--host-resolver-rules=MAP report.test 127.0.0.1"],
        )
        yield opened
        opened.close()


@pytest.fixture
def write(tmp_path):
    """Write a page of the document, with some of it changed."""

    def write(**changes: Any) -> Path:
        file = tmp_path / "page.html"
        file.write_text(page({**DOCUMENT, **changes}, lambda _: STEPS), encoding="utf-8")
        return file

    return write


@pytest.fixture
def file(write):
    """The page."""
    return write()


@pytest.fixture
def open_page(browser):
    """Open a page; a test fails where the browser has anything to say of it."""
    problems, opened = [], []

    def open_page(address: str, **options: str) -> Page:
        view = browser.new_page(color_scheme="light", **options)
        view.on("console", lambda message: problems.append(message.text))
        view.on("pageerror", lambda error: problems.append(str(error)))
        view.goto(address)
        opened.append(view)
        return view

    yield open_page
    assert problems == []
    for view in opened:
        view.close()


@pytest.fixture
def view(open_page, file):
    """The page, opened from where it lies; it asks for nothing beside itself."""
    asked = []
    view = open_page("about:blank")
    view.on("request", lambda request: asked.append(request.url))
    view.goto(file.as_uri())
    yield view
    assert {address.partition("#")[0] for address in asked} == {file.as_uri()}


@pytest.fixture
def hostile():
    """What an agent may say, and tests be called."""
    return HOSTILE
