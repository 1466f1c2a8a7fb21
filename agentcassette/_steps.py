"""The values of a step: as the objects they were recorded from, and without their secrets."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from agentcassette import _values
from agentcassette._pointer import find, put
from agentcassette._type_map import without

if TYPE_CHECKING:
    from agentcassette._redaction import Redactor

__all__ = ["read", "redacted", "types_in"]

# Where the values of a step are. The names of a step's own fields are no keys of theirs: a value
# under the key "args" may be secret, and yet a step has its arguments.
_VALUES = ("/arguments/args", "/arguments/kwargs", "/result", "/error", "/stream/returned")


def read(step: dict[str, Any], field: str, *, package: str | None = None) -> Any:
    """The value of a field of a step, as a fresh object.

    Args:
        step: The step.
        field: ``arguments``, ``result``, ``error`` or ``stream``.
        package: The top-level package that defines the intercepted callable, if it is known.
    """
    decode = _values.decode_error if field == "error" else _values.decode
    return decode(step[field], types_in(step, field), step_index=step["index"], package=package)


def types_in(step: dict[str, Any], field: str) -> dict[str, str]:
    """The types of what is in a field of a step, by the JSON pointer below the field."""
    root = f"/{field}"
    return {
        pointer[len(root) :]: name
        for pointer, name in step.get("types", {}).items()
        if pointer == root or pointer.startswith(f"{root}/")
    }


def redacted(step: dict[str, Any], redactor: Redactor) -> dict[str, Any]:
    """A step, or those fields of one that are there, without the secrets of its values.

    Args:
        step: The step; it stays as it is.
        redactor: What knows the secrets.
    """
    step = dict(step)
    step.update((name, dict(step[name])) for name in ("arguments", "stream") if name in step)
    places: list[str] = []
    for field in _VALUES:
        with suppress(LookupError):  # there is no such field, or no stream that returned a value
            value = redactor.redact(find(step, field))
            put(step, field, value.json)
            places += [field + place for place in value.places]
    types = without(step.pop("types", {}), places)
    return {**step, "types": types} if types else step
