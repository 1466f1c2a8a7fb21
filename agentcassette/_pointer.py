"""JSON pointers (RFC 6901): the name of a place in a JSON value.

``/choices/0/message`` names an item of a list inside of an object; ``""`` is the whole value.
In a token ``~`` is written ``~0`` and ``/`` is written ``~1``.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["drop", "escape", "find", "put", "split", "unescape"]


_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,17})\Z")  # no list is longer


def escape(token: str) -> str:
    """The token of a key, as it stands in a pointer."""
    return token.replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """The key of a token, as it stands in a pointer."""
    return token.replace("~1", "/").replace("~0", "~") if "~" in token else token


def split(pointer: str) -> list[str]:
    """The keys that lead to a place, from the outside in."""
    return list(map(unescape, pointer.split("/")[1:]))


def find(value: Any, pointer: str) -> Any:
    """What stands at a place.

    Raises:
        LookupError: There is no such place.
    """
    for token in split(pointer):
        value = _step(value, token)
    return value


def put(value: Any, pointer: str, item: Any) -> None:
    """Let something else stand at a place, which has to be there and below the top.

    Raises:
        LookupError: There is no such place.
    """
    *parents, last = split(pointer)
    for token in parents:
        value = _step(value, token)
    _step(value, last)
    value[int(last) if isinstance(value, list) else last] = item


def drop(value: Any, pointer: str) -> None:
    """Take away what stands at a place below the top; an item of a list leaves null behind.

    Raises:
        LookupError: There is no such place.
    """
    above, _, last = pointer.rpartition("/")
    holder = find(value, above)
    if isinstance(holder, dict):
        del holder[split(f"/{last}")[0]]
    else:
        put(holder, f"/{last}", None)


def _step(value: Any, token: str) -> Any:
    if isinstance(value, dict):
        return value[token]
    if isinstance(value, list) and _INDEX.match(token):
        return value[int(token)]
    raise LookupError(token)
