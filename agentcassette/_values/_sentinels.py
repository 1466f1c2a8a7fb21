"""Sentinels: the one object that says "not given"."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from agentcassette._values._codec import JSON, Misfit, Reader, Writer
from agentcassette._values._names import class_name, readable_name
from agentcassette._values._tree import without_marks

if TYPE_CHECKING:
    from agentcassette._values._tree import Node

__all__ = ["is_not_given", "not_given", "sentinel_codec"]

_PLACES = {
    "pydantic_core._pydantic_core:PydanticUndefinedType": "pydantic_core:PydanticUndefined",
    "msgspec:UnsetType": "msgspec:UNSET",
    "dataclasses:_MISSING_TYPE": "dataclasses:MISSING",
}
"""Where the one object of a class is found: by class, ``module:name``."""

_OF_SDKS = {"NotGiven": "NOT_GIVEN", "Omit": "omit"}
"""The same for every SDK that Stainless generates (openai, anthropic, groq, cerebras, ...): the
classes call the package their module, and the objects are in its ``_types``."""


def sentinel_codec(cls: type, name: str) -> Sentinel | None:
    """Give the codec of a class whose object says "not given"; None for any other class."""
    return None if _find(cls) is None else Sentinel(name)


def is_not_given(value: object) -> bool:
    """Tell whether a value is an object that says "not given"."""
    return _is_sentinel(class_name(type(value)))


def not_given(types: dict[str, str]) -> tuple[str, ...]:
    """Tell which places hold an object that says "not given", on tape or live.

    A call with such an argument is the call without it.

    Args:
        types: The types that ``encode`` gave.

    Returns:
        Their JSON pointers.
    """
    return tuple(at for at, name in types.items() if _is_sentinel(without_marks(name)))


def _is_sentinel(name: str) -> bool:
    return name in _PLACES or name.rpartition(":")[2] in _OF_SDKS


def _find(cls: type) -> Any:
    name = class_name(cls)
    package, _, kind = name.partition(":")
    place = _PLACES.get(name) or f"{package.partition('.')[0]}._types:{_OF_SDKS.get(kind, '')}"
    module, _, attribute = place.partition(":")
    found = vars(sys.modules[module]).get(attribute) if module in sys.modules else None
    return found if type(found) is cls else None


class Sentinel:
    """A sentinel: it counts as if the argument or field were not there.

    Args:
        name: The type name.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def encode(self, value: object, pointer: str, writer: Writer) -> JSON:
        """Give the name of its class; the objects' own ``repr`` may hold an address."""
        writer.types[pointer] = self.name
        return f"<{readable_name(type(value))}>"

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Find the one object."""
        del json, node, reader
        found = _find(cls)
        if found is None:
            raise Misfit(f"{self.name} is not where it was any more: record it again")
        return found
