"""What is handed on from the page: a link to a test, and a command."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

COMMAND = "pytest --record-mode=update test_it.py::test_trip"


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, *_):
        """Say nothing of what was asked for."""


@pytest.fixture
def served(open_page, file):
    """The page as a site without encryption serves it: a browser gives it no clipboard."""
    handler = partial(Handler, directory=file.parent)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        view = open_page(f"http://report.test:{server.server_port}/{file.name}")
        yield view
        view.close()
        server.shutdown()
        thread.join()


def pasted(view: Page) -> str:
    """What is in the clipboard."""
    view.locator("#search").focus()
    view.keyboard.press("Control+V")
    return view.locator("#search").input_value()


def test_a_command_is_copied_from_a_file(view):
    """A page that was downloaded is one."""
    copy = view.locator("#action .copy").first
    copy.click()
    expect(copy).to_have_text("copied")
    assert pasted(view) == COMMAND


def test_a_command_is_copied_where_there_is_no_clipboard(served):
    """As if it was done by hand."""
    assert not served.evaluate("isSecureContext")
    copy = served.locator("#action .copy").first
    copy.click()
    expect(copy).to_have_text("copied")
    assert pasted(served) == COMMAND
    assert served.evaluate("String(getSelection())") == ""


def test_a_command_that_can_not_be_copied_is_selected(served):
    """And how to go on is said: a browser copies only what somebody has asked for."""
    press = {"expression": "document.querySelector('#action .copy').click()", "userGesture": False}
    served.context.new_cdp_session(served).send("Runtime.evaluate", press)
    expect(served.locator("#action .copy").first).to_have_text("selected")
    expect(served.locator("#notice")).to_contain_text("press Ctrl+C")
    assert served.evaluate("String(getSelection())") == COMMAND


def test_a_link_to_a_test(view):
    """The address is one, and opens that test."""
    view.locator("td.test", has_text="test_first").click()
    assert view.url.endswith("#test=test_it.py%3A%3Atest_first")
    view.reload()
    expect(view.locator("#details h2")).to_have_text("test_it.py::test_first")
    view.keyboard.press("Escape")
    assert "#" not in view.url


def test_a_link_that_is_followed_in_the_page(view):
    """Into the bar of addresses, or from a comment."""
    view.evaluate("location.hash = 'test=test_it.py%3A%3Atest_trip'")
    expect(view.locator("#details h2")).to_have_text("test_it.py::test_trip")
    expect(view.locator("#notice")).to_be_empty()


@pytest.mark.parametrize("end", ["#test=%E0%A4%A", "#%E0%A4%A", "#", "#top"])
def test_a_link_that_is_none_of_ours(open_page, file, end):
    """It is passed over."""
    view = open_page(file.as_uri() + end)
    expect(view.locator("td.test")).to_have_count(3)
    expect(view.locator("#details")).to_be_hidden()
    expect(view.locator("#notice")).to_be_empty()


def test_a_link_to_a_test_that_is_not_there(open_page, file):
    """That is said, as text."""
    view = open_page(file.as_uri() + "#test=%3Cb%3Etest_no")
    expect(view.locator("#notice")).to_have_text(
        "No test of this run with a cassette is called <b>test_no."
    )
    view.locator("td.test", has_text="test_first").click()
    expect(view.locator("#notice")).to_be_empty()
