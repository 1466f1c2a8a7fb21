"""The page without a mouse: every key does what it does elsewhere."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect


def name(view: Page, test: str):
    """The button of the list that opens a test."""
    return view.locator("td.test").get_by_role("button", name=test)


def test_tab_reaches_the_list_and_goes_on(view):
    """The list is one stop, at the test that one was at; behind it comes what is open."""
    view.locator("#tests thead button").last.focus()
    view.keyboard.press("Tab")
    expect(name(view, "test_trip")).to_be_focused()
    view.keyboard.press("ArrowDown")
    view.keyboard.press("Enter")
    view.keyboard.press("Tab")
    expect(view.locator("#details")).to_be_focused()
    view.keyboard.press("Shift+Tab")
    expect(name(view, "test_first")).to_be_focused()


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_test_is_opened_and_closed(view, key):
    """By the keys that press a button, and what is open is said."""
    test, details = name(view, "test_first"), view.locator("#details")
    test.focus()
    expect(test).to_have_attribute("aria-expanded", "false")
    view.keyboard.press(key)
    expect(details.locator("h2")).to_have_text("test_it.py::test_first")
    expect(test).to_have_attribute("aria-expanded", "true")
    expect(test).to_be_focused()
    view.keyboard.press(key)
    expect(details).to_be_hidden()
    expect(test).to_have_attribute("aria-expanded", "false")


def test_only_one_test_is_open(view):
    """The other one is said to be closed."""
    name(view, "test_first").click()
    name(view, "test_other").click()
    expect(name(view, "test_first")).to_have_attribute("aria-expanded", "false")
    expect(view.locator("#details h2")).to_have_text("test_it.py::test_other")


def test_moving_in_the_list(view):
    """By arrows and letters, to the ends and no further; the first key only goes there."""
    places = []
    for key in ("j", "ArrowUp", "ArrowDown", "j", "j", "k", "Home", "End", "ArrowUp"):
        view.keyboard.press(key)
        places.append(view.evaluate("document.activeElement.textContent").partition("::")[2])
    trip, first, other = "test_trip", "test_first", "test_other"
    assert places == [trip, trip, first, other, other, first, trip, other, first]


def test_where_one_is_can_be_seen(view):
    """A ring around the row."""
    view.keyboard.press("j")
    row = view.locator("tbody tr").first
    assert row.evaluate("row => getComputedStyle(row).outlineStyle") == "solid"


def test_keys_inside_of_a_test_are_those_of_what_has_the_focus(view):
    """Enter unfolds a value, and neither closes the test nor opens another one."""
    name(view, "test_first").click()
    fold = view.locator("#step-2 summary")
    fold.focus()
    for is_open in (True, False):
        view.keyboard.press("Enter")
        expect(fold).to_be_focused()
        expect(view.locator("#step-2 details pre")).to_be_visible(visible=is_open)
        expect(view.locator("#details h2")).to_have_text("test_it.py::test_first")
    view.locator(".call").nth(1).focus()
    view.keyboard.press("Enter")
    expect(view.locator("#step-1")).to_be_focused()
    view.keyboard.press("Escape")
    expect(view.locator("#details")).to_be_hidden()
    expect(name(view, "test_first")).to_be_focused()


def test_arrows_scroll_what_is_open(view):
    """They move in the list only where one is in it."""
    name(view, "test_first").click()
    view.locator("#details").focus()
    view.keyboard.press("ArrowDown")
    expect(view.locator("#details")).to_be_focused()


def test_the_search(view):
    """A key goes there, another one leaves it, and it keeps what was sought."""
    search = view.locator("#search")
    view.keyboard.press("/")
    expect(search).to_be_focused()
    view.keyboard.type("test_j?")
    expect(search).to_have_value("test_j?")
    expect(view.locator("#count")).to_have_text("0 of 3 tests")
    view.keyboard.press("ArrowDown")
    search.fill("other")
    view.keyboard.press("Escape")
    expect(search).not_to_be_focused()
    expect(search).to_have_value("other")
    view.keyboard.press("/")
    view.keyboard.press("Enter")
    expect(name(view, "test_other")).to_be_focused()


def test_help(view):
    """The keys are told, and told to be told."""
    button = view.locator("#help")
    view.keyboard.press("?")
    expect(view.locator("#keys")).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    view.keyboard.press("Escape")
    expect(view.locator("#keys")).to_be_hidden()
