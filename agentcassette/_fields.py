"""The fields of a cassette and of its steps: what each holds, in the order of the file.

Format version 1 is this, with the optional fields left out where they are empty. In version 2
arguments may refer to those of earlier steps (see `_references`)::

    version      1 or 2
    recorded_at  the moment the recording ended, ISO 8601 in UTC, or null
    model        a label of the model, or null
    duration_ms  wall time of the recorded session, in milliseconds
    test         (optional) the id of the test that recorded it
    redact       (optional) the key names that the values were redacted with
    typed        (optional) true where the steps tell the types of their values; without it a
                 list may have been a tuple, and types are not compared
    steps        in the order in which the calls started, each with
        index, type, name
        arguments      {"args": [...], "kwargs": {...}}
        result         what came back; a stream's chunks as a list; null beside an error
        input_tokens, output_tokens, duration_ms
        types          (optional) JSON pointer below the step -> the type of that value
        error          (optional) the exception that was raised
        stream         (optional) that the result is a stream: an object with
            form       generator, iterator, iterable, the same with async_ before it; object
                       where it had no chunks; value where a manager gave a plain value,
                       which is the result then
            class      (optional) the class of the original, module:QualName
            offers     (optional) what could be done with it: iter, next, with, ...
            manager    (optional) class and offers of what had to be entered to get it
            returned   (optional) what a generator returned
            left       (optional) true where it was left early
            thrown     (optional) after how many chunks an exception was thrown into it
            uses       (optional) what it was asked for beside its chunks, each with its
                       name, arguments (of a method), at (how many chunks had come), absent,
                       and what came of it in the fields that a step has for that
        awaitable      (optional) true where a plain function returned an awaitable
        future         (optional) true where that was a future or task, no coroutine
        concurrency    (optional) the call's places in the one sequence of all starts and ends;
                       left out where calls followed each other: start 2 * index, end one later;
                       after is the index of the call before it in its own task, null for none
        unfinished     (optional) true where the call had not ended, or was cancelled
        parent         (optional) index of the call that this one was made inside of
        cleanup        (optional) true where the call came after the end of the body under test
"""

from __future__ import annotations

import sys
from typing import Any, Callable, NamedTuple

__all__ = [
    "DEFAULTS",
    "DOCUMENT",
    "STEP",
    "Field",
    "has_chunks",
    "is_count",
    "is_number",
    "is_usual",
]

_LARGEST = sys.float_info.max

_MANY = 1 << 63  # tokens, more than anybody counts: floats are slow to compare with


class Field(NamedTuple):
    """A field.

    Attributes:
        name: Its name.
        is_good: Whether it may hold a value.
        wanted: What it has to hold, in words.
    """

    name: str
    is_good: Callable[[object], bool]
    wanted: str


def is_count(value: object) -> bool:
    """Whether a value is a whole number from zero on, of those that `is_number` takes."""
    if type(value) is int:  # as nearly always
        return 0 <= value <= _LARGEST
    return isinstance(value, int) and type(value) is not bool and 0 <= value <= _LARGEST


def is_number(value: object) -> bool:
    """Whether a value is a number that JSON has, and that floats can be reckoned with.

    That is no NaN, no infinity, and no whole number too large for the arithmetic of floats.
    """
    if type(value) is float:  # as nearly always
        return -_LARGEST <= value <= _LARGEST
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and -_LARGEST <= value <= _LARGEST
    )


def is_usual(step: object, index: int) -> bool:
    """Whether a step is as nearly all are, with what every step has; and good.

    Args:
        step: What should be a step.
        index: Its place.

    Returns:
        True only where each of its fields may hold what it holds; False says nothing.
    """
    if type(step) is not dict or len(step) != _USUAL:
        return False
    try:
        arguments, duration = step["arguments"], step["duration_ms"]
        given, got = step["input_tokens"], step["output_tokens"]
        return (
            "result" in step
            and type(step["index"]) is type(given) is type(got) is int
            and step["index"] == index
            and 0 <= given < _MANY
            and 0 <= got < _MANY
            and type(duration) is float
            and 0.0 <= duration <= _LARGEST
            and type(step["type"]) is type(step["name"]) is str
            and type(arguments) is dict
            and type(arguments["args"]) is list
            and type(arguments["kwargs"]) is dict
        )
    except KeyError:
        return False


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_true(value: object) -> bool:
    return value is True


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_types(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_arguments(value: object) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("args"), list)
        and isinstance(value.get("kwargs"), dict)
    )


def _is_concurrency(value: object) -> bool:
    return (
        isinstance(value, dict)
        and is_count(value.get("start"))
        and (value.get("after") is None or is_count(value["after"]))
        and (value.get("end") is None or (is_count(value["end"]) and value["end"] > value["start"]))
    )


def _is_stream(value: object) -> bool:
    return _has(value, _STREAM)


def _is_manager(value: object) -> bool:
    return _has(value, _STREAM[1:3])


def _is_uses(value: object) -> bool:
    return isinstance(value, list) and all(
        _has(use, _USE) and "name" in use and has_chunks(use) for use in value
    )


def has_chunks(step: dict[str, Any]) -> bool:
    """Whether a step, or a use, has a list of chunks where its result is a stream."""
    is_stream = "stream" in step and step["stream"].get("form") != "value"
    return not is_stream or isinstance(step.get("result"), list)


def _is_counts(value: object) -> bool:
    return isinstance(value, list) and all(map(is_count, value))


def _has(value: object, fields: tuple[Field, ...]) -> bool:
    """Whether a value is an object in which each of the fields that are there is good."""
    return isinstance(value, dict) and all(
        field.is_good(value[field.name]) for field in fields if field.name in value
    )


def _is_value(_: object) -> bool:
    return True


#: The fields of a cassette.
DOCUMENT = (
    Field("version", is_count, "count"),
    Field("recorded_at", _is_text, "text"),
    Field("model", _is_text, "text"),
    Field("duration_ms", is_number, "number"),
    Field("test", _is_text, "text"),
    Field("redact", _is_names, "list of names"),
    Field("typed", _is_true, "true"),
    Field("steps", _is_list, "list"),
)

#: The fields of a step.
STEP = (
    Field("index", is_count, "count"),
    Field("type", _is_text, "text"),
    Field("name", _is_text, "text"),
    Field("arguments", _is_arguments, 'object with "args" and "kwargs"'),
    Field("result", _is_value, "value"),
    Field("input_tokens", is_count, "count"),
    Field("output_tokens", is_count, "count"),
    Field("duration_ms", is_number, "number"),
    Field("types", _is_types, "object of type names"),
    Field("error", _is_value, "value"),
    Field("stream", _is_stream, "object of a stream"),
    Field("awaitable", _is_true, "true"),
    Field("future", _is_true, "true"),
    Field("concurrency", _is_concurrency, 'object with a "start" and a later "end"'),
    Field("unfinished", _is_true, "true"),
    Field("parent", is_count, "count"),
    Field("cleanup", _is_true, "true"),
)

# How many fields every step has, in a file of our own.
_USUAL = 8

# The fields of a stream; the class and the offers are those of a manager, too.
_STREAM = (
    Field("form", _is_text, "text"),
    Field("class", _is_text, "text"),
    Field("offers", _is_names, "list of names"),
    Field("manager", _is_manager, "object"),
    Field("thrown", _is_counts, "list of counts"),
    Field("uses", _is_uses, "list of uses"),
)

# The fields of a use of a stream.
_USE = (
    Field("name", _is_text, "text"),
    Field("at", is_count, "count"),
    *(field for field in STEP if field.name in {"arguments", "types", "stream", "awaitable"}),
)

#: What a step holds where a writer leaves it out.
DEFAULTS: dict[str, Any] = {
    "type": "call",
    "result": None,
    "input_tokens": 0,
    "output_tokens": 0,
    "duration_ms": 0.0,
}
