"""Values of the standard library that have one exact form as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from agentcassette._values._codec import JSON, Reader, Writer, expect

if TYPE_CHECKING:
    from agentcassette._values._tree import Node

__all__ = ["RANGE", "Text", "path_text", "read_fraction", "same_class"]


class Text:
    """A value that is written as text.

    Args:
        name: The type name.
        write: Gives the text of a value.
        read: Makes a value of a class from its text.
    """

    def __init__(
        self, name: str, write: Callable[[Any], str], read: Callable[[type, str], object]
    ) -> None:
        self.name = name
        self.write = write
        self.read = read

    def encode(self, value: object, pointer: str, writer: Writer) -> JSON:
        """Give the text."""
        writer.types[pointer] = self.name
        return self.write(value)

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the value."""
        del node, reader
        return self.read(cls, expect(json, str, self.name))


def same_class(cls: type, text: str) -> object:
    """Make a value by calling its class with the text."""
    return cls(text)


def path_text(path: Any) -> str:
    """Give the text of a path, with the slashes of every system."""
    text: str = path.as_posix()
    return text


def read_fraction(cls: type, text: str) -> object:
    """Make a fraction of its two numbers: the class itself would work out ``1e999999999``."""
    numerator, _, denominator = text.partition("/")
    return cls(int(numerator), int(denominator or 1))


def _read_range(cls: type, text: str) -> object:
    return cls(*map(int, text.split(":")))


RANGE = Text("range", lambda value: f"{value.start}:{value.stop}:{value.step}", _read_range)
