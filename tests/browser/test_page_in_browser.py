"""The page of a run in a real browser: the list, one test, the colours, and paper."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect


def listed(view: Page) -> list[str]:
    """The names of the tests in the list."""
    return [text.partition("::")[2] for text in view.locator("td.test").all_text_contents()]


def test_what_needs_a_hand_comes_first(view):
    """With the command that does something about it."""
    action = view.locator("#action")
    expect(action.locator("li")).to_have_count(7)
    expect(action).to_contain_text("pytest --record-mode=update test_it.py::test_trip")
    expect(action).to_contain_text("pytest --cassette-prune")
    expect(action).to_contain_text("2 calls of ask: test_it.py::test_x (fixture agent)")
    expect(action).to_contain_text("stopping after 1 failures")
    expect(action).to_contain_text("1 worker crashed")
    expect(action).to_contain_text("test_it.py::test_y")
    assert listed(view) == ["test_trip", "test_first", "test_other"]


def test_every_stale_cassette_has_a_command(view):
    """The one that deletes it, or the one that records it again."""
    lists = view.locator("#action ul")
    again = "pytest --record-mode=update test_it.py::"
    expect(lists.filter(has_text="1 step never played")).to_contain_text(f"{again}test_first")
    expect(lists.filter(has_text="140 days old")).to_contain_text(f"{again}test_other")


def test_much_of_a_kind_hides_nothing_of_another(open_page, write):
    """Of each are told some, and the rest when one asks for it."""
    stale = [
        {"kind": kind, "path": f"{kind}-{at}.json", "detail": "", "test": None}
        for kind in ("unclaimed", "old")
        for at in range(9)
    ]
    view = open_page(write(stale=stale).as_uri())
    expect(view.get_by_text("unclaimed-5.json")).to_be_visible()
    expect(view.get_by_text("unclaimed-6.json")).to_be_hidden()
    expect(view.get_by_text("old-0.json")).to_be_visible()
    view.locator("#action summary", has_text="3 more").first.click()
    expect(view.get_by_text("unclaimed-8.json")).to_be_visible()


def test_what_needs_a_hand_leads_to_its_test(view):
    """Which is opened beside the list."""
    view.locator("#action").get_by_role("button", name="test_trip").click()
    expect(view.locator("#details h2")).to_have_text("test_it.py::test_trip")
    expect(view.locator("#details")).to_be_focused()


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


def test_a_drift_is_a_diff(view):
    """And the steps that were never played are marked."""
    view.locator("td.test", has_text="test_trip").click()
    expect(view.locator(".drift .gone")).to_have_text(['"Rome"', '      - "old"\n'])
    expect(view.locator(".drift .new")).to_have_text(['"Oslo"', '      + "new"\n'])
    expect(view.locator(".call.unplayed")).to_have_count(2)


def test_the_timeline(view):
    """What ran at the same time stands below each other, what ran inside of a call in that one."""
    view.locator("td.test", has_text="test_first").click()
    boxes = [view.locator(".call").nth(at).bounding_box() for at in range(4)]
    first, weather, geocode, hotels = boxes
    assert first["y"] == pytest.approx(weather["y"])
    assert first["x"] + first["width"] <= weather["x"] + 1
    assert weather["y"] < geocode["y"]
    assert geocode["y"] + geocode["height"] < weather["y"] + weather["height"] <= hotels["y"]
    assert weather["x"] == pytest.approx(geocode["x"])
    assert geocode["x"] + geocode["width"] <= hotels["x"] + 1
    assert hotels["x"] + hotels["width"] <= weather["x"] + weather["width"] + 1
    view.locator(".call").nth(3).click()
    expect(view.locator("#step-3")).to_be_focused()


def test_the_conversation(view):
    """Short calls as code, long values folded, and the same history is not told again."""
    view.locator("td.test", has_text="test_first").click()
    expect(view.locator("#step-1 .said b")).to_have_text(["user", "assistant"])
    fold = view.locator("#step-2 details")
    expect(fold.locator("pre")).to_be_hidden()
    fold.locator("summary").click()
    expect(fold.locator("pre")).to_be_visible()


def test_what_agents_say_is_text(view, hostile):
    """However it looks."""
    view.locator("td.test", has_text="test_first").click()
    expect(view.locator(".said pre").first).to_have_text(f"{hostile} 0")
    assert view.title() == "Cassettes"
    assert view.locator("img").count() == 0


BACK = "getComputedStyle(document.body).backgroundColor"
WHITE = "rgb(255, 255, 255)"


def test_light_and_dark(view):
    """As the system has it, or as one likes it."""
    assert view.evaluate(BACK) == WHITE
    view.locator("#theme").click()
    dark = view.evaluate(BACK)
    assert dark != WHITE
    view.locator("#theme").click()
    assert view.evaluate(BACK) == WHITE
    view.emulate_media(color_scheme="dark")
    assert view.evaluate(BACK) == dark


def test_the_choice_of_light_or_dark_is_kept(view):
    """For the next time that the page is opened."""
    view.locator("#theme").click()
    dark = view.evaluate(BACK)
    view.reload()
    assert view.evaluate(BACK) == dark
    view.locator("#theme").click()
    view.reload()
    assert view.evaluate(BACK) == WHITE


def test_a_page_that_may_keep_nothing(open_page, file):
    """In the frame of a site that trusts it with nothing, it works all the same."""
    frame = file.with_name("frame.html")
    frame.write_text(f'<iframe sandbox="allow-scripts" width=900 height=900 src="{file.name}">')
    view = open_page(frame.as_uri()).frames[1]
    view.locator("td.test", has_text="test_first").click()
    expect(view.locator("#details h2")).to_have_text("test_it.py::test_first")
    view.locator("#theme").click()
    assert view.evaluate(BACK) != WHITE


def test_paper(view):
    """The list and the test that is open, whole, and unfolded."""
    view.locator("#theme").click()
    view.locator("td.test", has_text="test_first").click()
    view.pdf()
    view.emulate_media(media="print")
    assert view.evaluate(BACK) == WHITE
    assert listed(view) == ["test_trip", "test_first", "test_other"]
    for part in ("#list", "#details", "#action"):
        expect(view.locator(part)).to_be_visible()
        assert view.locator(part).evaluate("part => part.scrollHeight - part.clientHeight") <= 0
    expect(view.locator("#search")).to_be_hidden()
    view.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(view.locator("#step-2 details pre")).to_be_visible()
    view.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(view.locator("#step-2 details pre")).to_be_hidden()
