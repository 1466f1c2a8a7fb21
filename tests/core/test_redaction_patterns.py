"""Redaction by pattern: what matches goes, wherever a string holds it, on both sides alike."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcassette import Cassette, DivergenceError, intercept, record, replay, use_cassette
from agentcassette._patterns import told_apart, without_matches
from agentcassette._redaction import PLACEHOLDER, Redactor
from agentcassette._values import encode

CUSTOMER = re.compile(r"C-\d{6}")
BY_PATTERN = Redactor(patterns=[CUSTOMER], environ={})

WHEREVER = {
    "a whole string": ("C-123456", "****"),
    "a part of a string": ("call C-123456 back", "call **** back"),
    "twice": ("C-123456, C-654321", "****, ****"),
    "a list": (["a", ["C-123456"]], ["a", ["****"]]),
    "a value": ({"id": "C-123456", "n": 1}, {"id": "****", "n": 1}),
    "a key": ({"C-123456": 1, "C-654321": 2, "x": 3}, {"****": 1, "****2": 2, "x": 3}),
    "json": ('{"a": ["C-123456"]}', '{"a": ["****"]}'),
    "json in json": (
        json.dumps({"a": json.dumps({"b": "C-123456"})}),
        json.dumps({"a": json.dumps({"b": "****"})}),
    ),
    "json that hides it": (r'{"a": "\u0043-123456", "b": 1.50}', '{"a": "****", "b": 1.5}'),
    "text after json": ('{"a": 1} C-123456', '{"a": 1} ****'),
}


@pytest.mark.parametrize(("value", "expected"), WHEREVER.values(), ids=WHEREVER)
def test_what_matches_goes_wherever_a_string_holds_it(value, expected):
    """In texts, keys and JSON, whole or in part, and what is around it stays."""
    assert BY_PATTERN.redact(value).json == expected


UNTOUCHED = [
    "C-12345",
    {"a": ["c-123456", None, 1.5]},
    '{ "a":"C-1","b":1.50 }',
    123456,
    "",
    "[C-1",
]


@pytest.mark.parametrize("value", UNTOUCHED, ids=repr)
def test_what_does_not_match_is_left_as_it_was(value):
    """Nothing is copied, and JSON is not written anew, for nothing."""
    assert BY_PATTERN.redact(value).json is value


def test_a_number_is_redacted_where_it_is_the_text_of_a_string():
    """A number of the agent is a number; within JSON it becomes a string, so that it stays JSON."""
    redactor = Redactor(patterns=[re.compile(r"\d{5}")], environ={})
    text = '{"id": 123456, "at": 12345.5, "n": 1234, "s": "12345"}'

    assert redactor.redact({"id": 123456}).json == {"id": 123456}
    assert redactor.text(text) == '{"id": "****", "at": "****", "n": 1234, "s": "****"}'
    assert redactor.text("[12345]") == '["****"]'


def test_json_that_can_not_be_looked_into_is_replaced():
    """An escape might hide a match."""
    deep = "[" * 100_000 + "]" * 100_000
    assert BY_PATTERN.text(deep) == PLACEHOLDER
    assert Redactor(environ={}).text(deep) == deep


def test_bytes_that_hold_a_match_are_replaced():
    """As text where they are text, as a whole where they are not."""
    encoded = encode({"text": b"it is C-123456", "picture": b"\xff C-123456", "other": b"\xff\x00"})
    redacted = BY_PATTERN.redact(encoded.json, encoded.types)

    assert redacted.json == {"text": "it is ****", "picture": "****", "other": "/wA="}
    assert redacted.types == {"/other": "bytes[base64]"}


def test_names_and_patterns_go_together():
    """What is under a key goes, and what matches elsewhere."""
    redactor = Redactor(["api_key"], patterns=[CUSTOMER, re.compile("(?i)secret")], environ={})
    value = {"api_key": "x", "a": "C-123456 has a Secret", "b": '{"api_key": "C-1", "n": [1]}'}

    assert redactor.redact(value).json == {
        "api_key": "****",
        "a": "**** has a ****",
        "b": '{"api_key": "****", "n": [1]}',
    }
    assert redactor.keys == ("api_key",)


AGAIN = {
    "anything": (".", "ab\nc", "********\n****"),
    "a whole text": (r"\S+", "a b", "**** ****"),
    "the placeholder": (r"\*+", "a * b", "a **** b"),
    "the start": ("^a", "aab", "****ab"),
    "what is left by a match": ("b{6}", "b" * 14, "********bb"),
    "what is left beside a placeholder": (r"[^a]{6}", "b" * 9, "****b"),
    "a placeholder and more": (r"\*b", "****b", "****"),
    "from placeholder to placeholder": (r"\*x\*", "****x****", "****"),
    "into one placeholder from both sides": (r"x\*|\*y", "x****y", "****"),
    "over placeholders": (r"\*.*\*", "****x****y****", "****"),
    "a place between letters": (r"\b|b", "ab b", "a**** ****"),
}


@pytest.mark.parametrize(("pattern", "text", "expected"), AGAIN.values(), ids=AGAIN)
def test_redacting_again_changes_nothing(pattern, text, expected):
    """The recorded side is redacted once more before it is compared with the live one."""
    redactor = Redactor(patterns=[re.compile(pattern)], environ={})

    assert redactor.text(text) == expected
    assert redactor.text(expected) == expected


@pytest.mark.parametrize("pattern", [r"\d", r"\S+", r"\*", "k"])
def test_keys_that_match_stay_apart_however_often_they_are_redacted(pattern):
    """What tells two keys apart, once both are redacted, may match itself."""
    redactor = Redactor(patterns=[re.compile(pattern)], environ={})
    once = redactor.redact({f"k{number}": number for number in range(5)}).json

    assert list(once.values()) == list(range(5))
    assert redactor.redact(once).json == once


PATTERNS = st.text("ab*.\\d^$+{2}[]|() ", min_size=1, max_size=6)
TEXTS = st.text('ab*1 "{}[]:,', max_size=20)


def compiled(pattern):
    """Compile what is a pattern that one may give, else give None."""
    try:
        return told_apart([re.compile(pattern)])[1][0]
    except (re.error, ValueError, RuntimeWarning, FutureWarning):
        return None


@given(
    st.lists(PATTERNS.map(compiled).filter(bool), min_size=1, max_size=3),
    st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=3) | inner.map(json.dumps)),
)
def test_any_patterns_redact_once_and_for_all(patterns, value):
    """Whatever the patterns, they come to an end, and to the same end when they are used again."""
    redactor = Redactor(patterns=patterns, environ={})
    once = redactor.redact(value).json

    assert redactor.redact(once).json == once


@given(st.text("ab*", max_size=12), st.sampled_from([r"a", r"ab", r"a+b", r"[ab]{2}", r"b$"]))
def test_no_match_outside_of_placeholders_is_left(text, pattern):
    """Nothing that matches comes through, wherever it stands."""
    redacted = Redactor(patterns=[re.compile(pattern)], environ={}).text(text)

    assert not re.search(pattern, redacted.replace(PLACEHOLDER, "*"))


def test_many_matches_beside_many_placeholders_take_no_longer_than_others():
    """A history that is full of redacted places is redacted with every call."""
    text = "**** C-123456 " * 20_000
    started = time.perf_counter()

    assert without_matches(CUSTOMER, text) == "**** **** " * 20_000
    assert time.perf_counter() - started < 5


REFUSED = {
    "matches nothing": (re.compile("x*"), ValueError, "'x*': the pattern matches the empty string"),
    "bytes": (re.compile(b"x"), TypeError, "patterns of text, and got one of bytes"),
    "no pattern": (["a", 5], TypeError, "got something of type int"),
}


@pytest.mark.parametrize(("redact", "kind", "text"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("session", [record, replay, use_cassette])
def test_what_can_not_be_redacted_is_refused_at_once(session, redact, kind, text):
    """Before anything is called, and not when it is too late."""
    with pytest.raises(kind, match=re.escape(text)):
        session("tape.json", redact=redact)


@intercept
def ask(prompt, *, token="C-000000"):
    """Answer with what it knows of a customer."""
    return {"text": f"{prompt}: C-777777", "token": token}


def test_a_pattern_keeps_its_matches_out_of_a_cassette(tmp_path):
    """The live run sees the real values; the file has neither them nor the pattern."""
    path = tmp_path / "tape.json"

    with record(path, redact=["password", CUSTOMER]):
        assert ask("find C-123456")["text"] == "find C-123456: C-777777"

    text = path.read_text()
    assert "C-" not in text
    assert Cassette.load(path).redacted_keys == ()
    assert Cassette.load(path).steps[0]["arguments"]["args"] == ["find ****"]


def test_a_replay_with_the_pattern_fits_another_value(tmp_path):
    """Both sides are redacted before they are compared."""
    path = tmp_path / "tape.json"
    with record(path, redact=CUSTOMER):
        ask("find C-123456", token="C-111111")

    with replay(path, strict=True, redact=CUSTOMER):
        assert ask("find C-654321", token="C-222222")["text"] == "find ****: ****"


def test_a_replay_that_begins_to_redact_fits_what_was_recorded_before(tmp_path):
    """A pattern is applied to the tape as well."""
    path = tmp_path / "tape.json"
    with record(path):
        ask("find C-123456")

    with replay(path, strict=True, redact=CUSTOMER):
        ask("find C-654321")


def test_a_drift_tells_no_match(tmp_path):
    """Its text is shown wherever tests run."""
    path = tmp_path / "tape.json"
    with record(path, redact=CUSTOMER):
        ask("find C-123456")

    with pytest.raises(DivergenceError) as caught, replay(path, strict=True, redact=CUSTOMER):
        ask("lose C-123456")

    assert "C-" not in str(caught.value)
    assert "lose ****" in str(caught.value)


def test_what_is_pending_has_no_match(tmp_path):
    """What a failed run leaves is a file like any other."""
    pending = tmp_path / "pending.jsonl"
    session = use_cassette(tmp_path / "tape.json", redact=[CUSTOMER], pending=pending)
    session.open()
    ask("find C-123456")
    session.keep()

    assert "find ****" in pending.read_text()
    assert "C-" not in pending.read_text()
