"""msgspec structs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from agentcassette._values._containers import read_mapping, write_mapping
from agentcassette._values._names import mro

if TYPE_CHECKING:
    from agentcassette._values._codec import JSON, Reader, Writer
    from agentcassette._values._tree import Node

__all__ = ["struct_codec"]


def struct_codec(cls: Any, name: str) -> Struct | None:
    """Give the codec of a msgspec struct; None for any other class."""
    module = sys.modules.get("msgspec")
    is_struct = module is not None and vars(module)["Struct"] in mro(cls)
    return Struct(name, cls.__struct_fields__) if is_struct else None


class Struct:
    """A msgspec struct.

    Args:
        name: The type name.
        fields: The names of its fields.
    """

    def __init__(self, name: str, fields: tuple[str, ...]) -> None:
        self.name = name
        self.fields = fields

    def encode(self, value: object, pointer: str, writer: Writer) -> JSON:
        """Give the fields."""
        writer.types[pointer] = self.name
        held = [(field, object.__getattribute__(value, field)) for field in self.fields]
        return write_mapping(held, pointer, writer)

    def decode(self, cls: Any, json: JSON, node: Node, reader: Reader) -> object:
        """Make the struct: it has no other way than its constructor, which validates nothing.

        A ``__post_init__`` may change what it is given, so the fields are set once more.
        """
        held = read_mapping(json, node, reader, self.name)
        value = cls(**held)
        for field, item in held.items():
            next(vars(base)[field] for base in mro(cls) if field in vars(base)).__set__(value, item)
        return value
