"""The page of a run in a real browser: the list, the keys, the colours, and no server.

It needs the package `playwright` and a Chromium: its own (`playwright install chromium`), or the
one whose path is in the variable `AGENTCASSETTE_CHROMIUM`.
"""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from pytest_agentcassette._document import timeline
from pytest_agentcassette._page import page

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
    step(1, "weather", concurrency={"start": 2, "end": 5}),
    step(2, "hotels", concurrency={"start": 3, "end": 4}),
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
        {"kind": "unclaimed", "path": "old.json", "detail": "test_old is gone", "test": None}
    ],
    "live_calls": [
        {"test": "test_it.py::test_x", "name": "ask", "kind": "llm", "calls": 2, "fixture": "agent"}
    ],
    "lost_workers": 1,
    "lost_tests": ["test_it.py::test_y"],
}


@pytest.fixture(scope="module")
def browser():
    """A browser without a window."""
    with sync_playwright() as player:
        opened = player.chromium.launch(
            executable_path=os.environ.get("AGENTCASSETTE_CHROMIUM"), args=["--no-sandbox"]
        )
        yield opened
        opened.close()


@pytest.fixture
def view(browser, tmp_path):
    """The page, opened; a test fails where the browser has anything to say of it."""
    file = tmp_path / "page.html"
    file.write_text(page(DOCUMENT, lambda _: STEPS), encoding="utf-8")
    view = browser.new_page(color_scheme="light")
    problems, asked = [], []
    view.on("console", lambda message: problems.append(message.text))
    view.on("pageerror", lambda error: problems.append(str(error)))
    view.on("request", lambda request: asked.append(request.url))
    view.goto(file.as_uri())
    yield view
    assert problems == []
    assert set(asked) == {file.as_uri()}
    view.close()


def listed(view: Page) -> list[str]:
    """The names of the tests in the list."""
    return [text.partition("::")[2] for text in view.locator("td.test").all_text_contents()]


def test_what_needs_a_hand_comes_first(view):
    """With the command that does something about it."""
    action = view.locator("#action")
    expect(action.locator("li")).to_have_count(4)
    expect(action).to_contain_text("pytest --record-mode=update test_it.py::test_trip")
    expect(action).to_contain_text("pytest --cassette-prune")
    expect(action).to_contain_text("2 calls of ask, outside of any session")
    expect(action).to_contain_text("1 worker crashed: test_it.py::test_y")
    assert listed(view) == ["test_trip", "test_first", "test_other"]


def test_the_list_is_searched_and_filtered(view):
    """By words, and by what became of the cassettes."""
    view.keyboard.press("/")
    view.keyboard.type("OTHER test_it")
    assert listed(view) == ["test_other"]
    expect(view.locator("#count")).to_have_text("1 of 3 tests")
    view.locator("#search").fill("")
    view.get_by_role("button", name="drifted 1").click()
    assert listed(view) == ["test_trip"]
    view.get_by_role("button", name="drifted 1").click()
    assert len(listed(view)) == 3


def test_the_list_is_sorted(view):
    """Up, and down with a second click."""
    head = view.locator("th").nth(1)
    head.get_by_role("button").click()
    assert listed(view) == ["test_first", "test_other", "test_trip"]
    head.get_by_role("button").click()
    assert listed(view) == ["test_trip", "test_other", "test_first"]
    assert head.get_attribute("aria-sort") == "descending"


def test_the_keys(view):
    """A mouse is not needed."""
    details = view.locator("#details")
    for key in ("j", "ArrowDown", "j", "k"):
        view.keyboard.press(key)
    expect(view.locator('tr[aria-selected="true"]')).to_contain_text("test_first")
    view.keyboard.press("Enter")
    expect(details.locator("h2")).to_have_text("test_it.py::test_first")
    assert view.url.endswith("#test=test_it.py%3A%3Atest_first")
    view.keyboard.press("Escape")
    expect(details).to_be_hidden()
    view.keyboard.press("?")
    expect(view.locator("#keys")).to_be_visible()


def test_a_link_to_a_test(view):
    """It opens that test."""
    view.goto(f"{view.url}#test=test_it.py%3A%3Atest_trip")
    view.reload()
    expect(view.locator("#details h2")).to_have_text("test_it.py::test_trip")
    view.evaluate("history.replaceState(null, '', location.pathname)")


def test_a_drift_is_a_diff(view):
    """And the steps that were never played are marked."""
    view.locator("td.test", has_text="test_trip").click()
    expect(view.locator(".drift .gone")).to_have_text(['"Rome"', '      - "old"\n'])
    expect(view.locator(".drift .new")).to_have_text(['"Oslo"', '      + "new"\n'])
    expect(view.locator(".call.unplayed")).to_have_count(2)


def test_the_timeline(view):
    """Calls at the same time stand below each other, one that follows stands to the right."""
    view.locator("td.test", has_text="test_first").click()
    first, weather, hotels = (view.locator(".call").nth(at).bounding_box() for at in range(3))
    assert weather["x"] == pytest.approx(hotels["x"])
    assert weather["y"] < hotels["y"]
    assert first["y"] == pytest.approx(weather["y"])
    assert first["x"] + first["width"] <= weather["x"] + 1


def test_what_agents_say_is_text(view):
    """However it looks."""
    view.locator("td.test", has_text="test_first").click()
    expect(view.locator(".said pre").first).to_have_text(f"{HOSTILE} 0")
    assert view.title() == "Cassettes"
    assert view.locator("img").count() == 0


def test_light_and_dark(view):
    """As the system has it, or as one likes it."""
    back = "getComputedStyle(document.body).backgroundColor"
    light = view.evaluate(back)
    view.locator("#theme").click()
    dark = view.evaluate(back)
    view.locator("#theme").click()
    assert light == view.evaluate(back) == "rgb(255, 255, 255)"
    view.emulate_media(color_scheme="dark")
    view.evaluate("delete document.documentElement.dataset.theme")
    assert view.evaluate(back) == dark != light
