"""Members of enumerations."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from agentcassette._values._attributes import allocate
from agentcassette._values._codec import JSON, Misfit, Reader, Writer
from agentcassette._values._names import mro

if TYPE_CHECKING:
    from agentcassette._values._tree import Node

__all__ = ["enum_codec"]

_BY_NAME = "[name]"
_UNLISTED = "[unlisted]"
_SCALARS = frozenset({str, int, float, bool})


def enum_codec(cls: type, name: str) -> Member | None:
    """Give the codec of an enumeration; None for any other class."""
    module = sys.modules.get("enum")
    return Member(name) if module is not None and vars(module)["Enum"] in mro(cls) else None


class Member:
    """A member of an enumeration: its value where JSON has a form for it, else its name.

    ``[unlisted]`` after the type name is a string that the class took though it does not list it,
    as enumerations of SDKs do for what a newer server says.

    Args:
        name: The type name.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def encode(self, value: Any, pointer: str, writer: Writer) -> JSON:
        """Give the value or the name."""
        cls = type(value)
        inner = object.__getattribute__(value, "_value_")
        if type(inner) in _SCALARS and inner == inner:  # noqa: PLR0124 - a NaN is not
            writer.types[pointer] = self.name
            if _of_value(cls, inner) is value:
                return inner
            if _is_unlisted(value, inner):
                writer.types[pointer] = self.name + _UNLISTED
                return inner
        name: str = object.__getattribute__(value, "_name_")
        found = _members(cls).get(name) is value
        writer.types[pointer] = f"{self.name}{_BY_NAME}" if found else f"!{self.name}"
        return name if type(name) is str else f"<{self.name}>"

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Find the member."""
        del reader
        if node.name.endswith(_UNLISTED) and str in mro(cls):
            member = allocate(cls, json)
            member.__dict__.update(_name_=json, _value_=json)
            return member
        by_name = node.name.endswith(_BY_NAME)
        member = _members(cls).get(json) if by_name else _of_value(cls, json)
        if member is None:
            raise Misfit(f"{self.name} has no member {json!r} any more: record it again")
        return member


def _members(cls: type) -> dict[str, Any]:
    members: dict[str, Any] = type.__dict__["__dict__"].__get__(cls)["_member_map_"]
    return members


def _of_value(cls: Any, wanted: JSON) -> Any:
    for member in _members(cls).values():
        value = member._value_
        if type(value) is type(wanted) and value == wanted:
            return member
    enum = sys.modules["enum"]
    flag: Any = vars(enum)["Flag"]
    is_plain_flag = (
        flag in mro(cls)
        and type(cls) is vars(enum)["EnumMeta"]
        and cls._missing_.__func__.__module__ == "enum"
    )
    return cls(wanted) if is_plain_flag and type(wanted) is int else None


def _is_unlisted(value: Any, inner: object) -> bool:
    held = object.__getattribute__(value, "__dict__")
    return str in mro(type(value)) and held == {"_name_": inner, "_value_": inner}
