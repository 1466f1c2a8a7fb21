"""Values of the classes that users registered, with their own way to JSON and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcassette._values._tree import Node, is_lost, lost, named

if TYPE_CHECKING:
    from agentcassette._values._codec import JSON, Reader, Writer
    from agentcassette._values._registry import Registered

__all__ = ["Custom"]


class Custom:
    """A value of a registered class.

    Its JSON is that of the data that the user's function gives; the type of the data, where it has
    one, follows the name of the class in parentheses.

    Args:
        name: The type name.
        user: How the class was registered.
    """

    def __init__(self, name: str, user: Registered) -> None:
        self.name = name
        self.user = user

    def encode(self, value: object, pointer: str, writer: Writer) -> JSON:
        """Give the data."""
        part = writer.apart(self.user.encode(value))
        writer.types[pointer] = ""  # keeps the place before those below it
        json = writer.place(part, pointer)
        inner = writer.types[pointer]
        name = lost(self.name) if is_lost(inner) else self.name
        writer.types[pointer] = f"{name}({inner})" if inner else name
        return json

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the value of its data."""
        del cls
        inner = node.name.partition("(")[2][:-1]
        return self.user.decode(reader.read(json, named(inner, node.below)))
