"""The error that pydantic raises for data that is not valid."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from agentcassette._values._names import mro

if TYPE_CHECKING:
    from agentcassette._values._codec import JSON, Reader, Writer
    from agentcassette._values._tree import Node

__all__ = ["validation_codec"]

_PARTS = ("type", "loc", "msg", "input", "ctx")


def validation_codec(cls: type, name: str) -> ValidationFailure | None:
    """Give the codec of pydantic's ``ValidationError``; None for any other class."""
    return ValidationFailure(name) if _core("ValidationError") in mro(cls) else None


def _core(name: str) -> Any:
    module = sys.modules.get("pydantic_core")
    return None if module is None else vars(module).get(name)


class ValidationFailure:
    """A ``ValidationError`` of pydantic 2: it has no args, and is made from its list of errors.

    Args:
        name: The type name.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def encode(self, value: Any, pointer: str, writer: Writer) -> JSON:
        """Give the title and the errors."""
        errors = [
            {part: error[part] for part in _PARTS if part in error}
            for error in value.errors(include_url=False)
        ]
        writer.types[pointer] = self.name
        return {
            "type": "ValidationError",
            "message": str(value),
            "title": value.title,
            "errors": writer.write(errors, f"{pointer}/errors"),
        }

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the error."""
        del cls
        return _make(json["title"], reader.read(json["errors"], node.at("errors")))


def _make(title: str, errors: list[dict[str, Any]]) -> object:
    lines = []
    for error in errors:
        kind, context = error["type"], error.get("ctx")
        if not _is_known(kind, context):
            kind, context = _core("PydanticCustomError")(kind, error["msg"], context), None
        line = {"type": kind, "loc": error["loc"], "input": error["input"]}
        lines.append(line if context is None else {**line, "ctx": context})
    return _core("ValidationError").from_exception_data(title, lines)


def _is_known(kind: str, context: object) -> bool:
    """Tell whether a kind of error is one of pydantic's own, and not one of the user's."""
    try:
        _core("PydanticKnownError")(kind, context)
    except KeyError:
        return False
    return True
