"""What a codec is: how the values of one class become JSON, and come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from agentcassette._values._tree import Node

__all__ = ["JSON", "REDACTED", "Apart", "Codec", "Misfit", "Reader", "Writer", "copied", "expect"]

JSON = Any
"""Plain JSON data: None, bool, int, finite float, str, list, and dict with str keys."""

REDACTED = "****"
"""What stands in the place of a redacted value."""


_NESTING = (dict, list)


class Misfit(Exception):  # noqa: N818 - it is no error of the user, and never leaves this package
    """A value can't be written, or JSON can't be read, the way its type says.

    Args:
        remedy: What to do about it, as one sentence without a full stop.
    """

    def __init__(self, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(remedy)


class Apart(NamedTuple):
    """A value as JSON, with its types and volatile places relative to it."""

    json: JSON
    types: dict[str, str]
    volatile: list[str]


class Writer(Protocol):
    """What a codec sees of the encoder.

    Attributes:
        types: The type names so far, by JSON pointer.
        volatile: The places that are not compared between two calls.
        defaults: The places that hold what their class gives by itself.
        is_compared: Whether what is written is only compared, and need not come back.
    """

    types: dict[str, str]
    volatile: list[str]
    defaults: list[str]
    is_compared: bool

    def write(self, value: object, pointer: str) -> JSON:
        """Give the JSON of a part, and note its types under the pointer."""

    def apart(self, value: object) -> Apart:
        """Give a part whose place is not known yet, to be put there by ``place``."""

    def place(self, part: Apart, pointer: str) -> JSON:
        """Give the JSON of such a part, and note its types under the pointer."""


class Reader(Protocol):
    """What a codec sees of the decoder."""

    def read(self, json: JSON, node: Node | None) -> Any:
        """Give the value of a part."""


class Codec(Protocol):
    """How the values of one class are written and read.

    A codec is made once for a class and kept as long as the class lives, so it must not hold
    the class itself.
    """

    def encode(self, value: Any, pointer: str, writer: Writer) -> JSON:
        """Give the JSON of a value, and note its type name under the pointer.

        Raises:
            Misfit: The value can't be written in a way that could be read again.
        """

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make a fresh value of the class from its JSON.

        Raises:
            Misfit: The JSON doesn't fit the type.
        """


def copied(json: JSON) -> JSON:
    """Give a copy of plain JSON that shares nothing with it."""
    if type(json) is dict:
        return {key: copied(item) if type(item) in _NESTING else item for key, item in json.items()}
    if type(json) is list:
        return [copied(item) if type(item) in _NESTING else item for item in json]
    return json


def expect(json: JSON, kind: type, what: str) -> Any:
    """Give JSON back that is of the kind its type needs.

    Raises:
        Misfit: It is not.
    """
    if type(json) is not kind:
        raise Misfit(f"{what} is kept as a {kind.__name__}: record it again")
    return json
