"""What holds for a test when command line, markers and ini file have all been heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_agentcassette._settings import RunSettings, merge


def settings(*marks, **run):
    """The settings of a test with these markers, the closest first."""
    return merge("test_it.py::test_plan", [mark.mark for mark in marks], RunSettings(**run))


mark = pytest.mark.cassette


@pytest.mark.parametrize(
    ("marker", "command_line", "ini", "expected"),
    [
        (None, None, None, "once"),
        (None, None, "none", "none"),
        (None, "update", "none", "update"),
        ("all", "update", "none", "all"),
        ("all", "none", "update", "none"),
        ("none", "all", "update", "none"),
        ("once", None, "all", "once"),
    ],
)
def test_the_record_mode(marker, command_line, ini, expected):
    """None on the command line beats all, then marker, command line and ini file."""
    merged = settings(mark(record_mode=marker), command_line_mode=command_line, ini_mode=ini)

    assert merged.record_mode == expected
    assert merged.marked_mode == marker


@pytest.mark.parametrize("run", [True, False])
@pytest.mark.parametrize("marker", [True, False, None])
def test_strict(run, marker):
    """A marker that says anything about it wins."""
    merged = settings(mark(strict=marker), strict=run)

    assert merged.strict is (run if marker is None else marker)


def test_the_closest_marker_wins_keyword_by_keyword():
    """A keyword that is None says nothing."""
    merged = settings(
        mark("close.json", model=None, live=["llm"]),
        mark(path="far.json", model="far", live="tool", strict=True),
        mark(model="farthest"),
    )

    assert merged.path == "close.json"
    assert merged.model == "far"
    assert merged.live == ("llm",)
    assert merged.strict is True


def test_redact_and_ignore_add_up():
    """Whoever is closer can't take a redaction away."""
    merged = settings(
        mark(redact="close", ignore=("close",)),
        mark(redact=["far", "close"], ignore="far"),
        redact=("ini",),
        ignore=("ini",),
    )

    assert merged.redact[-3:] == ("ini", "far", "close")
    assert merged.ignore == ("ini", "far", "close")


def test_the_usual_names_of_secrets_are_redacted_without_being_named():
    """But no name under which anything else is likely to lie."""
    usual = settings().redact

    assert {"api_key", "authorization", "x-api-key", "cookie", "password"} <= set(usual)
    assert not {"token", "tokens", "max_tokens", "key", "id"} & set(usual)


def test_a_path_may_be_an_object():
    """A path of pathlib is as good as a text."""
    assert settings(mark(Path("tapes") / "mine.json")).path == str(Path("tapes/mine.json"))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (mark(path=""), "path='': it takes the path of a file"),
        (mark(path=3), "path=3: it takes the path of a file"),
        (mark(model=3), "model=3: it takes a text"),
        (mark(ignore={"a": 1}), "ignore={'a': 1}: it takes a path such as kwargs.request_id"),
        (mark(live=[None]), r"live=\[None\]: it takes the kind of a call, or a list of"),
        (mark(strict=1), "strict=1: it takes True or False"),
        (
            mark(record_mode=["all"]),
            r"record_mode=\['all'\] \(did you mean 'all'\?\): it takes",
        ),
        (mark(redact_keys="a"), r"no keyword 'redact_keys' \(did you mean 'redact'\?\); it has "),
        (mark(unknown=None), "no keyword 'unknown'; it has path, record_mode, "),
    ],
)
def test_mistakes_name_the_test_and_what_is_taken(wrong, message):
    """In an outer marker too, whose value would not have counted."""
    with pytest.raises(pytest.UsageError, match=message) as caught:
        settings(mark("mine.json", strict=False, record_mode="once"), wrong)

    assert str(caught.value).startswith("test_it.py::test_plan: @pytest.mark.cassette: ")
