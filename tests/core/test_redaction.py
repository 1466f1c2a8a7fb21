"""Redaction of values: which keys, how deep, what becomes of types, and what is left alone."""

from __future__ import annotations

import copy
import json
import os
from collections import OrderedDict
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcassette._redaction import PLACEHOLDER, Redactor
from agentcassette._values import encode

# Put together here, so that no scanner takes this file for a leak.
KEY = "sk-" + "q7Rt2WxY9bKd4MnP6sVf8HjL"
OTHER_KEY = "ghp_" + "q7Rt2WxY9bKd4MnP6sVf8HjL3zAc5EgU1iOo"

BY_KEY = Redactor(["api_key", "Authorization"], environ={})
BY_LOOKS = Redactor(environ={"SERVICE_TOKEN": "value-of-the-environment-1"})

UNDER_A_KEY = {
    "the same": "api_key",
    "upper case": "API_KEY",
    "hyphen": "api-key",
    "camel case": "apiKey",
    "no separator": "apikey",
    "header": "AUTHORIZATION",
}


@pytest.mark.parametrize("key", UNDER_A_KEY.values(), ids=UNDER_A_KEY)
def test_case_and_separators_of_a_key_do_not_count(key):
    """A key is the same however a library writes it."""
    assert BY_KEY.redact({key: "x"}).json == {key: PLACEHOLDER}


OTHER_KEYS = [
    "api",
    "my_api_key",
    "api_key_id",
    "api key",
    "max_tokens",
    "token",
    "next_page_token",
]


@pytest.mark.parametrize("key", OTHER_KEYS)
def test_a_key_that_only_contains_the_name_is_another(key):
    """Exact names only: a token count or a page token is no token."""
    value = {key: "x"}
    assert BY_KEY.redact(value).json is value


def test_token_as_a_key_leaves_other_tokens_alone():
    """Whoever redacts `token` keeps counts, page tokens and the like."""
    value = {"max_tokens": 12, "next_page_token": "CAo", "token_count": 3, "tokens": ["a"]}
    assert Redactor(["token"], environ={}).redact(value).json is value


@pytest.mark.parametrize(
    "value", [None, "", "x", 0, 1.5, False, [], {}, ["x"], {"user": "x"}], ids=repr
)
def test_whatever_stands_under_a_key_is_replaced(value):
    """None and nothing too, so that a call without a key is the call that had one."""
    assert BY_KEY.redact({"api_key": value}).json == {"api_key": PLACEHOLDER}


DEEP = {
    "list": [{"headers": [{"authorization": "x", "accept": "*"}]}],
    "json in a string": {"arguments": '{"api_key": "x", "city": "Zürich", "n": [1, 2.50]}'},
    "json in json in a string": {"a": json.dumps({"b": json.dumps([{"api_key": "x", "c": 1}])})},
}
DEEP_REDACTED = {
    "list": (
        [{"headers": [{"authorization": "****", "accept": "*"}]}],
        "/0/headers/0/authorization",
    ),
    "json in a string": (
        {"arguments": '{"api_key": "****", "city": "Zürich", "n": [1, 2.5]}'},
        "/arguments",
    ),
    "json in json in a string": (
        {"a": json.dumps({"b": json.dumps([{"api_key": "****", "c": 1}])})},
        "/a",
    ),
}


@pytest.mark.parametrize("case", DEEP)
def test_a_key_is_found_at_any_depth(case):
    """In lists, in objects, and in JSON that is held in strings, which is then written anew."""
    expected, place = DEEP_REDACTED[case]
    redacted = BY_KEY.redact(DEEP[case])
    assert redacted.json == expected
    assert redacted.places == (place,)


def test_a_key_beyond_ascii_is_found_in_escaped_json():
    """`json.dumps` escapes letters by default, which hides no key."""
    text = json.dumps({"contraseña": "x"})
    assert Redactor(["Contraseña"], environ={}).text(text) == '{"contraseña": "****"}'


UNTOUCHED_TEXTS = {
    "json without the key": '{ "city":"Paris","n":1.50 }',
    "the key as a value": '["api_key",  "authorization"]',
    "no json after all": '{"api_key": broken}',
    "prose with brackets": "[see the api_key below]",
    "a scalar": '"api_key"',
    "json with something around it": 'result: {"api_key": "x"}',
}


@pytest.mark.parametrize("text", UNTOUCHED_TEXTS.values(), ids=UNTOUCHED_TEXTS)
def test_a_text_with_nothing_to_redact_stays_byte_for_byte(text):
    """JSON is not written anew for nothing, and a text that is no JSON is a text."""
    assert BY_KEY.text(text) == text


def test_leading_white_space_hides_no_json():
    """JSON may begin with blanks and line breaks."""
    assert BY_KEY.text('\n {"api_key": "x"}') == '{"api_key": "****"}'


def test_json_too_deep_to_be_read_is_replaced_if_it_may_hold_a_secret():
    """What can't be looked into is not let through."""
    deep = "[" * 100_000
    assert BY_KEY.text(deep + '{"api_key": "x"}' + "]" * 100_000) == PLACEHOLDER
    assert BY_KEY.text(deep) == deep


def test_json_with_an_endless_number_hides_no_secret():
    """Python refuses to read some numbers; what stands beside them is still a secret."""
    text = '{"n": ' + "9" * 5_000 + ', "api_key": "x-1"}'
    assert "x-1" not in BY_KEY.text(text)


def test_known_shapes_and_values_of_the_environment_go_wherever_they_are():
    """A secret is found in the middle of any string, and what is around it stays."""
    redacted = BY_LOOKS.redact({"a": [f"use {KEY}!", {"b": "it is value-of-the-environment-1"}]})
    assert redacted.json == {"a": ["use ****!", {"b": "it is ****"}]}
    assert redacted.places == ("/a/0", "/a/1/b")


def test_shapes_in_json_in_a_string_leave_it_as_it_was_written():
    """Only what is secret by its key needs JSON to be written anew."""
    assert BY_LOOKS.text('{ "x":"' + KEY + '","n":1.50 }') == '{ "x":"****","n":1.50 }'


def test_secrets_can_be_turned_off():
    """Then keys are all that counts."""
    redactor = Redactor(["api_key"], secrets=False, environ={"A_KEY": "value-of-the-environment-1"})
    value = {"api_key": "x", "a": KEY, "b": "value-of-the-environment-1"}
    assert redactor.redact(value).json == {**value, "api_key": PLACEHOLDER}


def test_an_environment_that_somebody_has_put_in_place_of_the_real_one(monkeypatch):
    """As `mock.patch("os.environ", ...)` does: what is in it counts, and what is not does not."""
    monkeypatch.setenv("OTHER_TOKEN", "value-of-the-environment-2")
    monkeypatch.setattr(os, "environ", {"SERVICE_TOKEN": "value-of-the-environment-1"})

    assert Redactor().text("value-of-the-environment-1") == PLACEHOLDER
    assert Redactor().text("value-of-the-environment-2") != PLACEHOLDER


def test_the_environment_is_read_when_the_redactor_is_made(monkeypatch):
    """A value that is unset later is no less secret."""
    monkeypatch.setenv("SERVICE_TOKEN", "value-of-the-environment-1")
    redactor = Redactor()
    monkeypatch.delenv("SERVICE_TOKEN")
    assert redactor.text("value-of-the-environment-1") == PLACEHOLDER


def test_a_key_with_a_secret_in_it_is_renamed():
    """Two such keys stay two, beside a key that is called like the placeholder already."""
    redacted = BY_LOOKS.redact({KEY: 1, "****": 2, OTHER_KEY: 3, "x": 4})
    assert sorted(redacted.json.values()) == [1, 2, 3, 4]
    assert redacted.json["****"] == 2
    assert all(KEY not in key and OTHER_KEY not in key for key in redacted.json)
    assert len(redacted.places) == 2


def test_a_key_with_a_secret_in_it_and_a_secret_under_it_is_one_place():
    """A place is told once."""
    redacted = BY_LOOKS.redact({f"{KEY}/~": OTHER_KEY})
    assert redacted.json == {"****/~": "****"}
    assert redacted.places == ("/****~1~0",)


TYPES = {
    "": "m:Response",
    "/api_key": "m:SecretStr",
    "/nested/api_key/expires": "datetime:datetime",
    "/nested": "m:Nested",
    "/nested/api_keys": "tuple",
    "/text": "m:Text",
    f"/{KEY}/0": "tuple",
    "/other": "set",
}


def test_types_at_and_below_a_redacted_place_are_left_out():
    """A placeholder has no type, what holds it still has; no secret stays in a pointer."""
    value = {
        "api_key": "x",
        "nested": {"api_key": {"expires": "2026-06-30"}, "api_keys": [1]},
        "text": f"see {KEY}",
        KEY: [[]],
        "other": [],
    }
    redactor = Redactor(["api_key"], environ={})
    redacted = redactor.redact(value, TYPES)
    assert redacted.types == {
        "": "m:Response",
        "/nested": "m:Nested",
        "/nested/api_keys": "tuple",
        "/other": "set",
    }
    assert redacted.places == ("/api_key", "/nested/api_key", "/text", "/****")


def test_a_value_that_is_one_secret_is_a_place_at_the_top():
    """The pointer of the whole value is the empty one."""
    assert BY_LOOKS.redact(KEY, {"": "m:Text"}) == (PLACEHOLDER, {}, ("",))


def test_what_was_given_is_left_as_it_is():
    """The live run goes on with the real values; untouched parts are shared."""
    value: dict[str, Any] = {"api_key": "x", "list": [{"api_key": "y"}, {"z": [1]}], "other": [1]}
    before = copy.deepcopy(value)
    redacted = BY_KEY.redact(value)
    assert value == before
    assert redacted.json["other"] is value["other"]
    assert redacted.json["list"][1] is value["list"][1]


def test_a_value_without_a_secret_comes_back_itself():
    """Nothing is copied for nothing, and its types stay."""
    value = {"a": [1, None, {"b": "text"}], "c": 1.5}
    redacted = BY_KEY.redact(value, {"/a": "tuple"})
    assert redacted.json is value
    assert redacted.types == {"/a": "tuple"}
    assert redacted.places == ()


def test_a_key_that_was_redacted_before_is_still_told():
    """Redacting twice changes nothing, and tells the same places."""
    once = BY_KEY.redact({"api_key": "x"}, {"/api_key": "m:Key"})
    assert BY_KEY.redact(once.json, once.types) == once


def test_another_placeholder_is_for_values_under_keys():
    """Whoever takes a key out of a cassette may say what stands there then."""
    redactor = Redactor(["api_key"], secrets=False, placeholder="<key>")
    assert redactor.placeholder == "<key>"
    assert redactor.redact({"api_key": 1, "a": '[{"api_key": 2}]'}).json == {
        "api_key": "<key>",
        "a": '[{"api_key": "<key>"}]',
    }


def test_a_redactor_tells_its_keys_and_no_secret():
    """Its keys are kept as they were given; the representation has no value of the environment."""
    redactor = Redactor(iter(["API-Key", "x"]), environ={"A_KEY": "value-of-the-environment-1"})
    assert redactor.keys == ("API-Key", "x")
    assert repr(redactor) == "Redactor(keys=('API-Key', 'x'), secrets=True)"


@pytest.mark.parametrize("attribute", ["keys", "placeholder", "other"])
def test_a_redactor_can_not_be_changed(attribute):
    """Sessions share it."""
    with pytest.raises(AttributeError):
        setattr(BY_KEY, attribute, ())


def test_a_deep_value_is_redacted():
    """Depth is no fault, as deep as values may be."""
    value: Any = {"api_key": "x"}
    for _ in range(150):
        value = [{"a": value}]
    (place,) = BY_KEY.redact(value).places
    assert place == "/0/a" * 150 + "/api_key"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([KEY, f"a {KEY}"]),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.sampled_from(["api_key", "token", KEY]), inner)
        | inner.map(json.dumps)
    ),
)
BOTH = Redactor(["api_key"], environ={"A_KEY": "value-of-the-environment-1"})


def secrets_in(value: Any) -> bool:
    """Tell whether a secret is left in a value, however deep and in whatever string."""
    if isinstance(value, str):
        try:
            held = json.loads(value)
        except ValueError:
            return KEY in value
        return KEY in value or (isinstance(held, (dict, list)) and secrets_in(held))
    if isinstance(value, dict):
        under = [item for key, item in value.items() if key == "api_key"]
        return any(item != PLACEHOLDER for item in under) or any(
            secrets_in(key) or secrets_in(item) for key, item in value.items()
        )
    return isinstance(value, list) and any(map(secrets_in, value))


@given(JSON)
def test_no_secret_is_left(value):
    """Whatever the value, nothing secret comes through, and the value itself is not changed."""
    before = copy.deepcopy(value)
    redacted = BOTH.redact(value)
    assert not secrets_in(redacted.json)
    assert value == before
    assert bool(redacted.places) == (redacted.json != value or redacted.json is not value)


@given(JSON)
def test_redacting_twice_is_redacting_once(value):
    """The recorded side may be redacted again before it is compared."""
    once = BOTH.redact(value).json
    assert BOTH.redact(once).json == once


def test_tells_which_keys_stand_in_a_text():
    """A cassette keeps the names that met something in it, and is not cluttered with the others."""
    redactor = Redactor(["api_key", "Set-Cookie", "password", "naïve"], secrets=False)
    value = {
        "API-Key": "****",
        "note": "a password",
        "held": json.dumps({"set_cookie": 1}),
        "naïve": 2,
    }
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    assert redactor.keys_in(text) == ("api_key", "Set-Cookie", "naïve")


QUERIES = {
    "first": ("https://a.b/c?api_key=secret", "https://a.b/c?api_key=****"),
    "later": (
        "see https://a.b/?q=1&Api-Key=s%20t&n=2#x",
        "see https://a.b/?q=1&Api-Key=****&n=2#x",
    ),
    "another key": ("https://a.b/?api_key_id=1", "https://a.b/?api_key_id=1"),
    "empty": ("https://a.b/?api_key=&q=1", "https://a.b/?api_key=&q=1"),
    "a template": ("https://a.b/?api_key={key}", "https://a.b/?api_key={key}"),
    "no URL": ("is it ?api_key=secret", "is it ?api_key=secret"),
}


@pytest.mark.parametrize(("text", "redacted"), QUERIES.values(), ids=QUERIES)
def test_a_secret_in_the_query_of_a_url_is_known_by_its_key(text, redacted):
    """APIs take keys there, and the URL stands in requests, responses and errors."""
    assert BY_KEY.text(text) == redacted
    assert BY_KEY.text(redacted) == redacted


def test_a_key_in_the_query_of_a_url_is_found_again():
    """The cassette says which keys were redacted, so that a replay redacts them, too."""
    assert BY_KEY.keys_in('"https://a.b/?q=1&API-key=****"') == ("api_key",)


def test_a_text_that_comes_again_is_redacted_again():
    """Texts are known again, but not for ever: there may be more of them than there is memory."""
    redactor = Redactor(["id"], environ={})
    secret = "sk-" + "a1" * 20

    for number in range(5000):
        assert redactor.text(f"{number}: {secret}") == f"{number}: ****"
    for number in (0, 4999):
        assert redactor.text(f"{number}: {secret}") == f"{number}: ****"


IN_BYTES = b"\xff sk-proj-9876543210abcdefghijklmnopQRST \x00"


def test_a_secret_in_bytes_that_are_no_text_is_found():
    """They stand in base64 on tape, where nobody would see it."""
    encoded = encode({"picture": IN_BYTES, "other": b"\xff\x00"})
    redacted = Redactor().redact(encoded.json, encoded.types)

    assert redacted.json == {"picture": "****", "other": "/wA="}
    assert redacted.types == {"/other": "bytes[base64]"}
    assert redacted.places == ("/picture",)
    assert encoded.json["picture"] != "****"


def test_bytes_that_are_a_secret_are_one():
    """Also where they are the whole value."""
    encoded = encode(IN_BYTES)

    assert Redactor().redact(encoded.json, encoded.types) == ("****", {}, ("",))
    assert Redactor(secrets=False).redact(encoded.json, encoded.types)[0] == encoded.json


@pytest.mark.parametrize(
    "types", [{"/a": "bytes[base64]"}, {"": "bytes[base64]"}, {"/0": "bytes[base64]"}]
)
def test_what_only_says_that_it_is_base64_is_left(types):
    """A file may have been edited."""
    assert Redactor().redact(["no base64!", 5], types).json == ["no base64!", 5]


class Renaming(dict):
    """An environment that gives another value than it keeps."""

    _data = MappingProxyType({"SERVICE_TOKEN": ("as", "it", "is", "kept")})

    def __getitem__(self, name):
        return f"value-of-{name}-1"


def test_an_environment_with_ways_of_its_own(monkeypatch):
    """What the code under test sees of it is what is secret."""
    monkeypatch.setattr(os, "environ", Renaming(SERVICE_TOKEN="value-that-is-kept-1"))

    assert Redactor().text("value-of-SERVICE_TOKEN-1") == PLACEHOLDER
    assert Redactor().text("value-that-is-kept-1") != PLACEHOLDER


class Header(str):
    """A string that is no plain one."""

    __slots__ = ()


PAIRED = {
    "a number beside it": {1: 2, "api_key": "plain-one", "city": "Oslo"},
    "none beside it": {None: 2, "API-KEY": "plain-one", "city": "Oslo"},
    "a key of a class": {Header("authorization"): "plain-one", "city": "Oslo"},
    "a key of bytes": {b"api_key": "plain-one", "city": "Oslo"},
    "deep": [{1: {"a": {2: 3, "api_key": {"x": "plain-one"}}}, "city": "Oslo"}],
    "one in another": {1: 2, "api_key": {3: 4, "api_key": "plain-one"}, "city": "Oslo"},
    "an ordered dict": OrderedDict({1: 2, "api_key": "plain-one", "city": "Oslo"}),
}


@pytest.mark.parametrize("value", PAIRED.values(), ids=PAIRED)
def test_a_dict_with_keys_that_are_no_strings(value):
    """It is a list of pairs on tape, and each value stands beside its key."""
    encoded = encode(value)
    redacted = BY_KEY.redact(encoded.json, encoded.types)
    told = json.dumps(redacted.json)
    assert "plain-one" not in told
    assert PLACEHOLDER in told
    assert "Oslo" in told
    assert redacted.places
    assert BY_KEY.redact(redacted.json, redacted.types).json == redacted.json


EDITED = {
    "gone": ([1], {"/5": "dict"}),
    "no list": ({"a": 1}, {"/a": "dict"}),
    "no pairs": ([[["api_key"], "api_key", ["api_key", 1, 2], [5, 6]]], {"/0": "dict"}),
}


@pytest.mark.parametrize(("value", "types"), EDITED.values(), ids=EDITED)
def test_pairs_that_somebody_has_edited(value, types):
    """What is no pair has no key."""
    assert BY_KEY.redact(value, types).json == value


class ApiError(Exception):
    """An error as SDKs have them: its text shows the body."""

    def __init__(self, body: Any) -> None:
        super().__init__(f"Error code: 400 - {body}")
        self.body = body


ERRORS = {
    "args": ValueError({"api_key": "plain-one", "n": "one", "city": "Oslo"}),
    "two args": ValueError("Oslo", {"headers": [{"Authorization": "plain-one"}]}),
    "attributes": ApiError({"api_key": "plain-one", "city": "Oslo"}),
    "a list under the key": ApiError({"api_key": ["plain-one", 5], "city": "Oslo"}),
    "pairs": ValueError({1: 2, "api_key": "plain-one", "city": "Oslo"}),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_the_message_of_an_exception(error):
    """It is made of the args and the attributes, in a form of its own."""
    encoded = encode([error])
    assert "plain-one" in encoded.json[0]["message"]
    redacted = BY_KEY.redact(encoded.json, encoded.types)
    assert "plain-one" not in json.dumps(redacted.json)
    assert "Oslo" in redacted.json[0]["message"]
    assert PLACEHOLDER in redacted.json[0]["message"]
    assert "/0/message" in redacted.places


def test_a_message_that_says_nothing_secret():
    """Short values are no secrets that could be found again, nor is what the message leaves out."""
    for error in (ApiError({"api_key": "ab"}), ValueError("Oslo", {"api_key": 5})):
        encoded = encode([error])
        redacted = BY_KEY.redact(encoded.json, encoded.types)
        assert redacted.json[0]["message"] == encoded.json[0]["message"]


def test_a_key_with_a_secret_above_a_typed_value():
    """What stands below it has another place than before."""
    for value in (
        {KEY: ApiError({"api_key": "plain-one"})},
        ApiError({KEY: {"api_key": "plain-one"}}),
    ):
        encoded = encode([value])
        redacted = Redactor(["api_key"], environ={}).redact(encoded.json, encoded.types)
        assert KEY not in json.dumps(redacted.json)
    assert "plain-one" not in json.dumps(redacted.json)


def test_json_in_a_json_string():
    """It may have been encoded twice."""
    text = json.dumps(json.dumps({"api_key": "plain-one", "city": "Oslo"}))
    redacted = BY_KEY.redact(text).json
    assert json.loads(json.loads(redacted)) == {"api_key": PLACEHOLDER, "city": "Oslo"}
    assert BY_KEY.redact('"api_key" is the name').json == '"api_key" is the name'


@pytest.mark.parametrize("escape", ["\\n", "\\r", "\\t"])
def test_a_bearer_behind_an_escaped_line_end(escape):
    """As in JSON that is held in a string."""
    token = "04kOBZ5AbaiSuQ45NM2GHZgKE6WfsF5s"
    assert (
        BY_LOOKS.redact(f"sent{escape}Bearer {token}").json == f"sent{escape}Bearer {PLACEHOLDER}"
    )
