"""Cassettes that can't be read, and secrets that must not be in them."""

from __future__ import annotations

import pytest

TEST = """
    @pytest.mark.cassette
    def test_plan():
        ask("hello")
    """

CORRUPT = {
    "no JSON": "not json",
    "a merge conflict": '{\n<<<<<<< HEAD\n"version": 1\n=======\n',
    "an unknown version": '{"version": 99, "steps": []}',
    "nothing": "",
    "no cassette": "[]",
}


@pytest.mark.parametrize("mode", ["once", "none", "all", "update"])
@pytest.mark.parametrize("text", CORRUPT.values(), ids=CORRUPT)
def test_a_corrupt_cassette_is_an_error_and_stays_as_it_is(project, text, mode):
    """It is never taken for a missing one, and never overwritten."""
    project.test(TEST)
    project.write("cassettes/test_plan.json", text)

    run = project.run(f"--record-mode={mode}", errors=1)

    assert (run.live, run.changed) == ([], set())
    assert "cassettes/test_plan.json" in run.text
    assert "_lifecycle.py" not in run.text
    assert "cassettes: 1 unusable" in run.lines
    assert "unusable; bring the file back, or delete it and record it with" in run.lines


def test_a_folder_in_the_place_of_a_cassette(project):
    """A path that leads to a folder is the marker's mistake."""
    project.write("tapes/README", "")
    project.test(TEST.replace("mark.cassette", 'mark.cassette("tapes")'))

    run = project.run(errors=1)

    assert "this is a folder" in run.text
    assert "_lifecycle.py" not in run.text


def test_usual_secrets_are_redacted_without_being_asked(project):
    """Keys that secrets lie under, in arguments and in JSON held in strings."""
    project.test(
        """
        @pytest.mark.cassette(strict=True)
        def test_plan(cassette):
            ask({"api_key": KEY, "Set-Cookie": KEY, "nested": [{"password": KEY}]})
            search('{"client_secret": "%s", "token": "kept", "max_tokens": 5}' % KEY)
        """
    )
    project.edit("agent.py", "return {", "prompt = str(prompt)\n    return {")
    project.edit("test_it.py", "import pytest\n", "import pytest\nKEY = 'first-key-of-ours'\n")
    project.edit("agent.py", '"text": prompt.upper(), ', '"text": "fine", ')
    project.edit("agent.py", 'return [f"about {query}"]', 'return ["fine"]')

    recorded = project.run(passed=1)
    text = project.read("cassettes/test_plan.json")
    project.edit("test_it.py", "first-key-of-ours", "second-key-of-ours")
    run = project.run(passed=1)

    assert "first-key" not in text
    assert "kept" in text
    assert "max_tokens" in text
    assert run.live == []
    at = recorded.lines.index("written without its secrets; in their place stands ****")
    assert recorded.lines[at + 1] == "cassettes/test_plan.json: 4 secrets"
    assert "written without" not in run.text


@pytest.mark.parametrize(
    ("marker", "ini"),
    [
        ("redact='user_id'", ""),
        ("redact=['user_id']", ""),
        ("", "user_id"),
        ("redact='x'", "user_id"),
    ],
)
def test_more_keys_can_be_redacted(project, marker, ini):
    """Those of the ini file and those of the markers add up."""
    project.test(
        f"""
        @pytest.mark.cassette({marker})
        def test_plan():
            search({{"user_id": "u-4711"}})
        """
    )
    project.edit("agent.py", 'return [f"about {query}"]', 'return ["fine"]')

    project.run("-o", f"cassette_redact={ini}", passed=1)

    assert "u-4711" not in project.read("cassettes/test_plan.json")


def test_what_the_ini_file_ignores_may_differ(project):
    """Several paths and shapes, separated by blanks or lines."""
    project.test(
        """
        @pytest.mark.cassette(strict=True)
        def test_plan():
            ask(prompt="hello")
            search(query="at 2026-06-30T12:00:00Z")
        """
    )
    ignore = ("-o", "cassette_ignore=kwargs.prompt <datetime>")

    project.run(*ignore, passed=1)
    project.edit("test_it.py", "hello", "good day")
    project.edit("test_it.py", "06-30", "07-01")
    run = project.run(*ignore, passed=1)

    assert run.live == []


def test_a_warning_about_what_was_written_may_be_an_error(project):
    """It fails the test in one line; the cassette is there, and in the books."""
    project.test(TEST)
    project.edit("agent.py", "prompt.upper()", "object()")

    run = project.run("-W", "error", passed=1, errors=1)

    assert run.changed == {"cassettes/test_plan.json"}
    assert "can't be restored" in run.text
    assert "_lifecycle.py" not in run.text
    assert "cassettes: 1 recorded" in run.lines
