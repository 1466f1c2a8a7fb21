"""Numbers and bytes that JSON has no form for."""

from __future__ import annotations

import base64
import binascii
import json as jsonlib
import math
from typing import Any

from agentcassette._values._codec import JSON, Misfit, Reader, Writer, expect
from agentcassette._values._tree import Node

__all__ = ["BIG", "Bytes", "Complex", "Float", "Integer", "write_body"]

BIG = 1 << 2048
"""Larger integers are written in hexadecimal: Python refuses to read or write decimal ones of more
than 4,300 digits, and lets that be set as low as 640 (``sys.set_int_max_str_digits``)."""

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Integer:
    """An int; a long one as a hexadecimal string."""

    def encode(self, value: int, pointer: str, writer: Writer) -> JSON:
        """Give the number, or its hexadecimal digits."""
        if -BIG < value < BIG:
            return value
        writer.types[pointer] = "int"
        return hex(value)

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the number."""
        del cls, node, reader
        return json if type(json) is int else int(expect(json, str, "an int"), 16)


class Float:
    """A float; what is not finite as the names that JavaScript gives it."""

    def encode(self, value: float, pointer: str, writer: Writer) -> JSON:
        """Give the number, or its name."""
        if math.isfinite(value):
            return value
        writer.types[pointer] = "float"
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the number."""
        del cls, node, reader
        if type(json) is float:
            return json
        if json not in _NON_FINITE:
            raise Misfit("a float is kept as a number, or as NaN or Infinity: record it again")
        return _NON_FINITE[json]


class Complex:
    """A complex number, as Python writes it."""

    def encode(self, value: complex, pointer: str, writer: Writer) -> JSON:
        """Give its two parts."""
        writer.types[pointer] = "complex"
        return f"{value.real!r} {value.imag!r}"

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the number."""
        del cls, node, reader
        real, _, imaginary = expect(json, str, "a complex number").partition(" ")
        return complex(float(real), float(imaginary))


_STYLES: dict[str, dict[str, Any]] = {
    "json": {"separators": (",", ":")},
    "json spaced": {},
    "json indented": {"indent": 2},
}
"""How JSON is laid out by those who send it."""

_LINE = " line"
"""What follows the name of a style where a newline ends the bytes."""


def write_body(value: bytes, pointer: str, writer: Writer) -> JSON:
    """Give the body of an HTTP response: JSON as what it says, where it can be laid out again."""
    text = value.decode("utf-8", "replace")
    try:
        said = jsonlib.loads(text) if text[:1] in {"{", "["} else None
        style = next((name for name in _styles() if _laid_out(said, name) == value), "")
    except (ValueError, RecursionError):
        style = ""
    if not style:
        return writer.write(value, pointer)
    writer.types[pointer] = f"bytes[{style}]"
    return writer.write(said, pointer)


def _styles() -> list[str]:
    return [f"{name}{end}" for end in ("", _LINE) for name in _STYLES]


def _laid_out(said: JSON, style: str) -> bytes:
    name, line, _ = style.partition(_LINE)
    text = jsonlib.dumps(said, ensure_ascii=False, **_STYLES[name])
    return f"{text}\n".encode() if line else text.encode()


_CONTROL = bytes({*range(32)} - set(b"\t\n\r\x1b"))
"""What stands in no text."""


class Bytes:
    """Bytes: as text where they are UTF-8, so that it can be read and redacted; else in base64.

    The body of a response may be the JSON that it holds.

    Args:
        name: The type name, which the base64 form adds its mark to.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def encode(self, value: bytes | bytearray, pointer: str, writer: Writer) -> JSON:
        """Give the text or the base64 form."""
        try:
            text = None if value.translate(None, _CONTROL) != value else value.decode("utf-8")
        except UnicodeDecodeError:
            text = None
        if text is None:
            writer.types[pointer] = f"{self.name}[base64]"
            return base64.b64encode(value).decode("ascii")
        writer.types[pointer] = self.name
        return text

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the bytes."""
        style = node.name.partition("[")[2][:-1]
        if style in _styles():
            return cls(_laid_out(reader.read(json, Node("", node.below)), style))
        text = expect(json, str, self.name)
        if not node.name.endswith("[base64]"):
            return cls(text.encode("utf-8"))
        try:
            return cls(base64.b64decode(text, validate=True))
        except binascii.Error as error:
            raise Misfit("its base64 form is damaged: record it again") from error
