"""Objects that are no data: clients, locks, mocks, functions, classes.

They are never looked into: what they hold may be a key, a whole program, or endless. They count by
what they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from agentcassette._values._codec import JSON, Misfit, Reader, Writer, copied
from agentcassette._values._names import class_name, readable_name
from agentcassette._values._placeholder import Unreplayable, UnreplayableError, lost_of
from agentcassette._values._tree import flatten

if TYPE_CHECKING:
    from agentcassette._values._tree import Node

__all__ = ["PLACEHOLDERS", "Opaque", "Placeheld", "without_addresses", "write_opaque"]

PLACEHOLDERS = frozenset({Unreplayable, UnreplayableError})
"""The classes of what replay gives for a value that can't be restored."""


def without_addresses(text: str) -> str:
    """Give a text without the memory addresses that ``object.__repr__`` writes."""
    return re.sub(r" at 0x[0-9A-Fa-f]+", "", text)


def write_opaque(value: object, pointer: str, writer: Writer, why: str = "") -> JSON:
    """Give what stands for an object that can't be written, and note that it can't be restored."""
    cls = type(value)
    writer.types[pointer] = f"!{class_name(cls)}"
    return f"<{readable_name(cls)}{why}>"


class Opaque:
    """Any object that belongs to no family."""

    def encode(self, value: object, pointer: str, writer: Writer) -> JSON:
        """Give the name of its class."""
        return write_opaque(value, pointer, writer)

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Refuse: there is nothing to restore from."""
        del cls, json, reader
        raise Misfit(f"register {node.name} with agentcassette.register_type, and record again")


class Placeheld(Opaque):
    """A placeholder that replay gave: it counts as the value that was recorded."""

    def encode(self, value: Any, pointer: str, writer: Writer) -> JSON:
        """Give what was recorded."""
        lost = lost_of(value)
        writer.types.update(flatten(lost.node, pointer))
        return copied(lost.json)
