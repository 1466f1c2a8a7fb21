"""A document -> the text of a cassette: strict JSON that reads well in a diff.

The fields of the file and of a step stand in a fixed order, each on a line of its own, and a value
that fits on a line of 100 columns stands on one. Keys within a value keep their order.
"""

from __future__ import annotations

import json
import re
from typing import Any

from agentcassette._fields import DOCUMENT, STEP, Field

__all__ = ["render"]

_WIDTH = 100
_SURROGATE = re.compile("[\ud800-\udfff]")


def render(document: dict[str, Any]) -> str:
    """Lay a document out as the text of a cassette.

    The text ends with one newline. It does not depend on the order of the fields in the document.

    Args:
        document: A document as `validate` returns it.

    Returns:
        Strict JSON. A lone surrogate is written as an escape, so that the text can be encoded.

    Raises:
        TypeError: A value in it, or a key, is none that JSON has.
        ValueError: A number in it is none that JSON has.
    """
    fields = [
        _field(name, value) for name, value in _ordered(document, DOCUMENT) if name != "steps"
    ]
    steps = ",\n".join(
        "    {\n"
        + ",\n".join(_field(name, value, 6) for name, value in _ordered(step, STEP))
        + "\n    }"
        for step in document["steps"]
    )
    fields.append(f'  "steps": [\n{steps}\n  ]' if steps else '  "steps": []')
    return "{\n" + ",\n".join(fields) + "\n}\n"


def _field(name: str, value: object, indent: int = 2) -> str:
    head = f"{_dumps(name)}: "
    return " " * indent + head + _layout(value, indent, len(head))


def _layout(value: object, indent: int, before: int) -> str:
    """The text of a value that begins `before` columns after its indent."""
    if isinstance(value, dict) and value:
        pairs = [(f"{_key(key)}: ", item) for key, item in value.items()]
        opened, closed = "{", "}"
    elif isinstance(value, list) and value:
        pairs = [("", item) for item in value]
        opened, closed = "[", "]"
    else:
        return _dumps(value)
    items = []
    for head, item in pairs:  # no comprehension: one frame a level is all that deep values leave
        items.append(head + _layout(item, indent + 2, len(head)))
    length = indent + before + sum(map(len, items)) + 2 * len(items)
    if length < _WIDTH and not any("\n" in item for item in items):
        return opened + ", ".join(items) + closed
    inner = "\n" + " " * (indent + 2)
    return opened + inner + ("," + inner).join(items) + "\n" + " " * indent + closed


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(
            f"the keys of JSON are text, not {key!r}, a value of type {type(key).__name__}"
        )
    return _dumps(key)


def _ordered(values: dict[str, Any], fields: tuple[Field, ...]) -> list[tuple[str, Any]]:
    """The known fields in their order, then those of other writers as they came."""
    known = [field.name for field in fields if field.name in values]
    return [(name, values[name]) for name in dict.fromkeys([*known, *values])]


def _dumps(value: object) -> str:
    return _SURROGATE.sub(lambda found: f"\\u{ord(found.group()):04x}", _encode(value))


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
