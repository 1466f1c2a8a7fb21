"""Exceptions: the same class, args, attributes and cause, told readably."""

from __future__ import annotations

import asyncio
import builtins
import collections
import importlib
import json
import subprocess
import sys
from typing import Any

import anthropic
import openai
import pydantic
import pydantic_core
import pytest

from agentcassette import UnreplayableValue
from agentcassette._redaction import Redactor
from agentcassette._values import decode, decode_error, encode, encode_verified, unreplayable

HERE = __name__


def through_json(error: BaseException) -> Any:
    """Give what comes back of an exception after its JSON went through a file."""
    encoded = encode_verified(error)
    kept = json.loads(json.dumps(encoded.json, allow_nan=False))
    return decode_error(kept, encoded.types, step_index=3, package="app")


class RefusedError(Exception):
    """An error whose constructor asks for what its args don't tell."""

    def __init__(self, reason, *, code):
        super().__init__(f"refused: {reason}")
        self.reason = reason
        self.code = code


class SlottedError(Exception):
    """An error with a slot."""

    __slots__ = ("code",)


class MuteError(Exception):
    """An error that has no text."""

    def __str__(self):
        raise RuntimeError("no text")


class TalkingError(Exception):
    """An error with a text of its own."""

    def __str__(self):
        return f"talking about {id(self):#x}" if self.args else "nothing to say"


class NamedError(Exception):
    """An error that keeps its args to itself."""

    @property
    def args(self):
        """Refuse."""
        raise RuntimeError("no args")


class Tags(set):
    """A set of a class of its own."""


def with_cause(error: BaseException, cause: BaseException | None) -> BaseException:
    """Give the error as it is raised from another."""
    error.__cause__ = cause
    return error


def slotted() -> SlottedError:
    """Give an error with its slot set."""
    error = SlottedError("x")
    error.code = 5
    return error


def noted(error: BaseException, *notes: str) -> BaseException:
    """Give the error with notes, as ``add_note`` of Python 3.11 leaves them."""
    error.__notes__ = list(notes)
    return error


KEPT = {
    "a message": (ValueError("bad"), {"type": "ValueError", "message": "bad"}),
    "nothing": (ValueError(), {"type": "ValueError"}),
    "an empty message": (ValueError(""), {"type": "ValueError", "message": ""}),
    "args": (
        ValueError("bad", 1),
        {"type": "ValueError", "message": "('bad', 1)", "args": ["bad", 1]},
    ),
    "a list": (
        ValueError(["bad"]),
        {"type": "ValueError", "message": "['bad']", "args": [["bad"]]},
    ),
    "a key": (KeyError("k"), {"type": "KeyError", "message": "'k'", "args": ["k"]}),
    "attributes": (
        RefusedError("why", code=5),
        {
            "type": "RefusedError",
            "message": "refused: why",
            "attributes": {"reason": "why", "code": 5},
        },
    ),
    "a slot": (slotted(), {"type": "SlottedError", "message": "x", "attributes": {"code": 5}}),
    "a cause": (
        with_cause(ValueError("bad"), KeyError("k")),
        {
            "type": "ValueError",
            "message": "bad",
            "cause": {"type": "KeyError", "message": "'k'", "args": ["k"]},
        },
    ),
    "notes": (
        noted(ValueError("bad"), "while trying"),
        {"type": "ValueError", "message": "bad", "attributes": {"__notes__": ["while trying"]}},
    ),
    "a file": (
        FileNotFoundError(2, "No such file", "a.txt"),
        {
            "type": "FileNotFoundError",
            "message": "[Errno 2] No such file: 'a.txt'",
            "args": [2, "No such file"],
            "attributes": {"errno": 2, "strerror": "No such file", "filename": "a.txt"},
        },
    ),
    "no text": (MuteError("x"), {"type": "MuteError", "args": ["x"]}),
    "a text of its own": (
        TalkingError(),
        {"type": "TalkingError", "message": "nothing to say", "args": []},
    ),
    "args of its own": (NamedError("x"), {"type": "NamedError", "message": "x"}),
    "text that is no text": (
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        {
            "type": "UnicodeDecodeError",
            "message": "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
            "args": ["utf-8", "/w==", 0, 1, "invalid start byte"],
            "attributes": {
                "encoding": "utf-8",
                "object": "/w==",
                "start": 0,
                "end": 1,
                "reason": "invalid start byte",
            },
        },
    ),
    "an import": (
        ImportError("no x", name="x", path="/x"),
        {
            "type": "ImportError",
            "message": "no x",
            "attributes": {"msg": "no x", "name": "x", "path": "/x"},
        },
    ),
    "an exit": (
        SystemExit(3),
        {"type": "SystemExit", "message": "3", "args": [3], "attributes": {"code": 3}},
    ),
    "a cancellation": (asyncio.CancelledError(), {"type": "CancelledError"}),
    "a command": (
        subprocess.CalledProcessError(1, "ls"),
        {
            "type": "CalledProcessError",
            "message": "Command 'ls' returned non-zero exit status 1.",
            "args": [1, "ls"],
            "attributes": {"returncode": 1, "cmd": "ls", "output": None, "stderr": None},
        },
    ),
}


@pytest.mark.parametrize(("error", "on_tape"), KEPT.values(), ids=KEPT)
def test_an_exception_is_readable_on_tape_and_comes_back_as_it_was(error, on_tape):
    """The JSON tells what happened, and gives the same class, args and attributes."""
    assert encode_verified(error).json == on_tape
    back = through_json(error)
    assert type(back) is type(error)
    assert BaseException.__dict__["args"].__get__(back) == (
        BaseException.__dict__["args"].__get__(error)
    )
    assert vars(back) == vars(error)
    assert repr(back.__cause__) == repr(error.__cause__)
    assert encode_verified(back) == encode_verified(error)


def test_an_exception_that_its_args_no_longer_make_is_told():
    """What the class in C would make of the args now is another exception."""
    error = OSError("bad")
    error.args = (2, "No such file")
    encoded = encode_verified(error)
    assert encoded.json["args"] == [2, "No such file"]
    assert unreplayable(encoded.types) == [("", "OSError")]
    error = pydantic_core.PydanticCustomError("odd", "it is odd")
    error.args = ()
    assert [pointer for pointer, _ in unreplayable(encode_verified(error).types)] == [""]
    error = UnicodeDecodeError("utf-8", b"x", 0, 1, "bad")
    error.args = ()
    assert unreplayable(encode_verified(error).types) == []


@pytest.mark.parametrize("part", ["message", "args", "attributes", "cause"])
def test_an_exception_of_which_a_part_was_redacted_comes_back(part):
    """The names of its parts may be keys that somebody redacts."""
    error = RefusedError("no", code=7)
    error.args = ("no", 5)
    error.__cause__ = KeyError("inner")
    encoded = encode_verified(error)
    assert part in encoded.json
    redacted = Redactor([part]).redact(encoded.json, encoded.types)
    assert redacted.json[part] == "****"
    back = decode_error(redacted.json, redacted.types)
    assert type(back) is RefusedError
    assert back.args == (("****",) if part == "args" else ("no", 5))
    assert vars(back) == ({} if part == "attributes" else {"reason": "no", "code": 7})
    assert type(back.__cause__) is (type(None) if part == "cause" else KeyError)


def test_the_text_and_the_attributes_of_the_language_come_back():
    """What only the classes in C keep is there as well."""
    error = through_json(OSError(13, "Permission denied", "a", None, "b"))
    assert type(error) is PermissionError
    assert (error.errno, error.strerror) == (13, "Permission denied")
    assert (error.filename, error.filename2) == ("a", "b")
    assert str(error) == "[Errno 13] Permission denied: 'a' -> 'b'"
    assert str(through_json(KEPT["text that is no text"][0])).startswith("'utf-8' codec")
    assert through_json(StopIteration(5)).value == 5
    assert through_json(slotted()).code == 5
    assert through_json(json.JSONDecodeError("bad", "doc", 1)).pos == 1


def test_no_address_is_stored():
    """A text with an address in it is written without, and the args say the rest."""
    error = ValueError(object())
    encoded = encode_verified(error)
    assert encoded.json == {"type": "ValueError", "args": ["<object>"]}
    encoded = encode_verified(RefusedError([RefusedError], code=RefusedError.__str__))
    assert "0x" not in json.dumps(encoded.json)


def test_a_text_that_depends_on_hashes_is_not_stored():
    """The text of a set differs from run to run."""
    for unordered in ({"a", "b"}, [frozenset({1})], collections.Counter(), Tags("ab")):
        on_tape = encode_verified(ValueError(unordered)).json
        assert ("message" in on_tape) is isinstance(unordered, collections.Counter)


def test_an_exception_is_a_value_like_any_other():
    """What ``gather(return_exceptions=True)`` gives comes back in its list."""
    encoded = encode([ValueError("bad"), 1])
    assert encoded.json == [{"type": "ValueError", "message": "bad"}, 1]
    back = decode(encoded.json, encoded.types)
    assert (type(back[0]), back[0].args, back[1]) == (ValueError, ("bad",), 1)


def test_a_cause_that_cannot_be_restored_is_an_exception_all_the_same():
    """An exception needs an exception as its cause."""

    class LocalError(Exception):
        pass

    error = with_cause(ValueError("bad"), LocalError("inner"))
    back = through_json(error)
    assert type(back) is ValueError
    assert isinstance(back.__cause__, UnreplayableValue)
    assert back.__cause__.type_name == f"{HERE}:{LocalError.__qualname__}"
    assert encode_verified(back) == encode_verified(error)


def test_causes_in_a_circle_are_cut():
    """A cause that leads back is a placeholder there."""
    error = ValueError("bad")
    error.__cause__ = with_cause(KeyError("k"), error)
    encoded = encode_verified(error)
    assert encoded.json["cause"]["cause"] == "<ValueError: a cycle>"
    assert isinstance(through_json(error).__cause__.__cause__, UnreplayableValue)


def test_an_exception_that_cannot_be_found_is_raised_as_unreplayable():
    """Replay has something to raise, that names the step and the type."""

    class LocalError(Exception):
        pass

    back = through_json(LocalError("bad"))
    assert isinstance(back, UnreplayableValue)
    assert (back.step_index, back.type_name) == (3, f"{HERE}:{LocalError.__qualname__}")
    assert encode_verified(back) == encode_verified(LocalError("bad"))


@pytest.mark.parametrize(
    ("on_tape", "name"),
    [
        pytest.param({"type": "RateLimit", "message": "slow"}, "RateLimit", id="only readable"),
        pytest.param("****", "exception", id="redacted"),
        pytest.param({}, "exception", id="nothing"),
    ],
)
def test_an_error_without_a_class_is_raised_as_unreplayable(on_tape, name):
    """A file of another writer says what it says."""
    error = decode_error(on_tape, {}, step_index=3)
    assert isinstance(error, UnreplayableValue)
    assert (error.step_index, error.type_name) == (3, name)


CHANGED = {
    "no args that fit": ({"type": "X", "args": 5}, "ValueError"),
    "no object": ([], "ValueError"),
    "attributes that are none": ({"type": "X", "attributes": [1]}, "ValueError"),
    "a cause that is none": ({"type": "X", "cause": 5}, "ValueError"),
    "a class that args can change": (
        {"type": "OSError", "args": [2, "x"]},
        "OSError",
    ),
}


@pytest.mark.parametrize(("on_tape", "name"), CHANGED.values(), ids=CHANGED)
def test_an_exception_that_does_not_fit_is_raised_as_unreplayable(on_tape, name):
    """Nothing is made up."""
    error = decode_error(on_tape, {"": name})
    assert isinstance(error, UnreplayableValue)
    assert error.type_name == name


def sdk_error(sdk: Any, cls: type[Exception]) -> Exception:
    """Give an error as the SDK makes it, with a response of the library that it speaks through."""
    http = importlib.import_module("httpx2" if hasattr(sdk._exceptions, "httpx2") else "httpx")
    response = http.Response(
        429,
        headers={"x-request-id": "req_1", "request-id": "req_1", "retry-after": "2"},
        json={"error": {"message": "slow down"}},
        request=http.Request("POST", "https://api.example/v1", json={"prompt": "hi"}),
    )
    return cls("slow down", response=response, body={"message": "slow down", "code": "rate"})


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(sdk_error(openai, openai.RateLimitError), id="openai"),
        pytest.param(sdk_error(anthropic, anthropic.RateLimitError), id="anthropic"),
    ],
)
def test_an_error_of_an_sdk_comes_back_with_its_response(error):
    """Back-off code reads the status, the headers and the body."""
    back = through_json(error)
    assert type(back) is type(error)
    assert str(back) == "slow down"
    assert (back.status_code, back.request_id) == (429, "req_1")
    assert back.body == {"message": "slow down", "code": "rate"}
    assert type(back.response) is type(error.response)
    assert back.response.headers["retry-after"] == "2"
    assert back.response.json() == {"error": {"message": "slow down"}}
    assert back.request.method == "POST"
    assert back.request.content == error.request.content
    assert unreplayable(encode_verified(error).types) == []


class Model(pydantic.BaseModel):
    """A model that data can fail."""

    count: int
    even: int = 0
    word: str = ""

    @pydantic.field_validator("even")
    @classmethod
    def must_be_even(cls, value: int) -> int:
        """Refuse odd numbers."""
        if value % 2:
            raise ValueError("it is odd")
        return value

    @pydantic.field_validator("word")
    @classmethod
    def must_be_known(cls, value: str) -> str:
        """Refuse with an error of its own kind."""
        raise pydantic_core.PydanticCustomError(
            "unknown_word", "{word} is unknown", {"word": value}
        )


def test_a_validation_error_comes_back_with_its_errors():
    """Structured output that fails to validate fails in replay the same way."""
    with pytest.raises(pydantic.ValidationError) as caught:
        Model(count="x", even=3, word="blah")
    error = caught.value
    encoded = encode_verified(error)
    assert encoded.json["type"] == "ValidationError"
    assert encoded.json["errors"][0]["msg"].startswith("Input should be a valid integer")
    back = through_json(error)
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert [item["type"] for item in back.errors()] == [
        "int_parsing",
        "value_error",
        "unknown_word",
    ]
    assert back.error_count() == 3
    assert str(back.errors()[1]["ctx"]["error"]) == "it is odd"


def test_a_validation_error_that_would_read_otherwise_is_told_only():
    """An error that hides its input can't be made again."""

    class Hiding(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(hide_input_in_errors=True)
        count: int

    with pytest.raises(pydantic.ValidationError) as caught:
        Hiding(count="secret")
    types = encode_verified(caught.value).types
    assert [pointer for pointer, _ in unreplayable(types)] == [""]


if sys.version_info >= (3, 11):

    def test_a_group_comes_back_with_its_exceptions():
        """``except*`` finds in replay what it found live."""
        error = builtins.ExceptionGroup(
            "several", (ValueError("a"), builtins.ExceptionGroup("b", [KeyError("k")]))
        )
        back = through_json(error)
        assert type(back) is builtins.ExceptionGroup
        assert back.message == "several"
        assert repr(back.exceptions) == repr(error.exceptions)
        assert (
            type(through_json(builtins.BaseExceptionGroup("x", [SystemExit(1)])))
            is builtins.BaseExceptionGroup
        )
        assert encode_verified(back) == encode_verified(error)

    def test_a_group_keeps_the_exceptions_that_can_be_restored():
        """One that can't be found stands as an unreplayable one among the others."""

        class LocalError(Exception):
            pass

        error = builtins.ExceptionGroup("several", [ValueError("a"), LocalError("b")])
        back = through_json(error)
        assert type(back) is builtins.ExceptionGroup
        assert type(back.exceptions[0]) is ValueError
        assert isinstance(back.exceptions[1], UnreplayableValue)
        assert encode_verified(back) == encode_verified(error)
