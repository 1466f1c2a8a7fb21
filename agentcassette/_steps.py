"""The values of a step: as the objects they were recorded from, and without their secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcassette import _values
from agentcassette._pointer import escape
from agentcassette._type_map import without

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcassette._redaction import Redactor

__all__ = [
    "OUTCOME",
    "called_with",
    "is_list_of_chunks",
    "read",
    "read_chunks",
    "read_returned",
    "redacted",
    "redacted_arguments",
    "redacted_call",
    "results_of_uses",
    "take_down",
    "types_at",
    "types_in",
]

OUTCOME = ("result", "error", "stream", "awaitable", "future", "unfinished")
"""The fields of a step, or of a use of its stream, that tell what came of the call."""

# Where the values of a step are: the field, and what it is part of. The names of a step's own
# fields are no keys of theirs: a value under the key "args" may be secret, and yet a step has its
# arguments.
_VALUES = (
    ("arguments", "args"),
    ("arguments", "kwargs"),
    ("", "result"),
    ("", "error"),
    ("stream", "returned"),
)


def take_down(args: tuple[Any, ...], kwargs: dict[str, Any]) -> _values.Comparable:
    """Take the arguments of a call down; a keyword that says that nothing is given is none.

    Args:
        args: The positional arguments.
        kwargs: The keyword arguments.
    """
    encoded = _values.encode_call(args, kwargs)
    for name in [name for name, value in kwargs.items() if _values.is_not_given(value)]:
        del encoded.json["kwargs"][name]
        encoded.types.pop(f"/kwargs/{escape(name)}", None)
    return encoded


def redacted_call(down: _values.Comparable, redactor: Redactor) -> dict[str, Any]:
    """The fields of a step, or of a use, that tell what a call was made with, without its secrets.

    Args:
        down: The arguments as they were taken down.
        redactor: What knows the secrets.
    """
    return redacted({"arguments": down.json, "types": types_at("arguments", down.types)}, redactor)


def redacted_arguments(
    down: _values.Comparable, redactor: Redactor
) -> tuple[dict[str, Any], dict[str, str]]:
    """As `redacted_call`: the arguments, and their types by the JSON pointer below them."""
    step = redacted_call(down, redactor)
    return step["arguments"], types_in(step, "arguments")


def read(step: dict[str, Any], field: str, *, package: str | None = None) -> Any:
    """The value of a field of a step, or of a use of its stream, as a fresh object.

    Args:
        step: The step.
        field: ``arguments``, ``result``, ``error`` or ``stream``.
        package: The top-level package that defines the intercepted callable, if it is known.
    """
    decode = _values.decode_error if field == "error" else _values.decode
    types = types_in(step, field)
    return decode(step[field], types, step_index=step.get("index"), package=package)


def read_chunks(step: dict[str, Any], *, package: str) -> Iterator[Any]:
    """The chunks of a stream as fresh objects, each made when it is asked for."""
    return _values.decode_items(
        step["result"], types_in(step, "result"), step_index=step["index"], package=package
    )


def read_returned(step: dict[str, Any], *, package: str) -> Any:
    """What a generator returned in the end, as a fresh object; None where that was nothing."""
    returned = {"index": step["index"], "types": step.get("types", {})}
    returned["stream/returned"] = step["stream"].get("returned")
    return read(returned, "stream/returned", package=package)


def is_list_of_chunks(step: dict[str, Any]) -> bool:
    """Whether the result is that of a stream, and not what a manager gave."""
    return "stream" in step and step["stream"].get("form") != "value"


def results_of_uses(step: dict[str, Any]) -> Iterator[Any]:
    """What the stream of a step gave beside its chunks, in the order in which it was asked."""
    for use in step.get("stream", {}).get("uses", ()):
        if is_list_of_chunks(use):
            yield from use["result"]
        else:
            yield use["result"]
        yield from results_of_uses(use)


def types_in(step: dict[str, Any], field: str) -> dict[str, str]:
    """The types of what is in a field of a step, by the JSON pointer below the field."""
    if not step.get("types"):
        return {}
    root = f"/{field}"
    return {
        pointer[len(root) :]: name
        for pointer, name in step["types"].items()
        if pointer == root or pointer.startswith(f"{root}/")
    }


def types_at(field: str, types: dict[str, str]) -> dict[str, str]:
    """The way back from `types_in`: the same types by the JSON pointer below the step."""
    return {f"/{field}{pointer}": name for pointer, name in types.items()}


def called_with(
    step: dict[str, Any], arguments: dict[str, Any], types: dict[str, str]
) -> dict[str, Any]:
    """A step that answers a call, with the arguments that the call was made with."""
    kept = {at: name for at, name in step.get("types", {}).items() if not _is_of_arguments(at)}
    kept.update(types_at("arguments", types))
    return {**step, "arguments": arguments, "types": kept}


def _is_of_arguments(pointer: str) -> bool:
    return pointer.startswith("/arguments/")


def redacted(step: dict[str, Any], redactor: Redactor) -> dict[str, Any]:
    """A step, or those fields of one that are there, without the secrets of its values.

    Args:
        step: The step; it stays as it is.
        redactor: What knows the secrets.
    """
    step = dict(step)
    for name in ("arguments", "stream"):
        if name in step:
            step[name] = dict(step[name])
    places: list[str] = []
    for parent, name in _VALUES:
        holder = step.get(parent, {}) if parent else step
        if name in holder:
            field = f"{parent}/{name}" if parent else name
            value = redactor.redact(holder[name], types_in(step, field))
            holder[name] = value.json
            places += [f"/{field}{place}" for place in value.places]
    if "uses" in step.get("stream", {}):
        step["stream"]["uses"] = [redacted(use, redactor) for use in step["stream"]["uses"]]
    types = without(step.pop("types", {}), places)
    return {**step, "types": types} if types else step
