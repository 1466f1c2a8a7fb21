"""The fields of a cassette and of its steps: what each holds, in the order of the file.

Format version 1 is this, with the optional fields left out where they are empty::

    version      1
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
        stream         (optional) how the chunks were handed out: their form, what was returned,
                       whether it was left early, after how many chunks something was thrown in
        awaitable      (optional) true where a plain function returned an awaitable
        future         (optional) true where that was a future or task, no coroutine
        concurrency    (optional) the call's places in the one sequence of all starts and ends;
                       left out where calls followed each other: start 2 * index, end one later
        unfinished     (optional) true where the call had not ended, or was cancelled
        parent         (optional) index of the call that this one was made inside of
        cleanup        (optional) true where the call came after the end of the body under test
"""

from __future__ import annotations

import sys
from typing import Any, Callable, NamedTuple

__all__ = ["DEFAULTS", "DOCUMENT", "STEP", "Field", "is_number"]


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


def _is_count(value: object) -> bool:
    return isinstance(value, int) and is_number(value) and value >= 0


def is_number(value: object) -> bool:
    """Whether a value is a number that JSON has, and that floats can be reckoned with."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    # No NaN, no infinity, and no whole number that is too large for the arithmetic of floats.
    return abs(value) <= sys.float_info.max


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_true(value: object) -> bool:
    return value is True


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


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
        and _is_count(value.get("start"))
        and (
            value.get("end") is None or (_is_count(value["end"]) and value["end"] > value["start"])
        )
    )


def _is_value(_: object) -> bool:
    return True


#: The fields of a cassette.
DOCUMENT = (
    Field("version", _is_count, "count"),
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
    Field("index", _is_count, "count"),
    Field("type", _is_text, "text"),
    Field("name", _is_text, "text"),
    Field("arguments", _is_arguments, 'object with "args" and "kwargs"'),
    Field("result", _is_value, "value"),
    Field("input_tokens", _is_count, "count"),
    Field("output_tokens", _is_count, "count"),
    Field("duration_ms", is_number, "number"),
    Field("types", _is_types, "object of type names"),
    Field("error", _is_value, "value"),
    Field("stream", _is_object, "object"),
    Field("awaitable", _is_true, "true"),
    Field("future", _is_true, "true"),
    Field("concurrency", _is_concurrency, 'object with a "start" and a later "end"'),
    Field("unfinished", _is_true, "true"),
    Field("parent", _is_count, "count"),
    Field("cleanup", _is_true, "true"),
)

#: What a step holds where a writer leaves it out.
DEFAULTS: dict[str, Any] = {
    "type": "call",
    "result": None,
    "input_tokens": 0,
    "output_tokens": 0,
    "duration_ms": 0.0,
}
