"""What was written of a value, once it is known that it comes back.

A class may do what no codec foresees. So what is recorded is made into a value again, and that is
written once more: where the two differ, the value can't be restored, and is noted as such before
anybody relies on it.
"""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING

from agentcassette._values._decoder import Decoder
from agentcassette._values._encoder import Encoded, encode
from agentcassette._values._tree import below, lost, tree, without_marks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcassette._values._codec import JSON
    from agentcassette._values._placeholder import Unreplayable
    from agentcassette._values._tree import Node

__all__ = ["encode_verified"]

_WITHOUT_REFERENCES = 2
"""The version of the format of ``marshal`` in which equal values have equal bytes."""


def encode_verified(value: object) -> Encoded:
    """Give what ``encode`` gives, with each place that does not come back noted as lost.

    Args:
        value: The value.
    """
    encoded = encode(value)
    if not encoded.types:
        return encoded  # plain JSON is copied, and that is all
    try:
        return _verified(encoded)
    except RecursionError:  # the agent has used up its frames, and the replay's may suffice
        return encoded


def _verified(encoded: Encoded) -> Encoded:
    again = encode(_Trial().read(encoded.json, tree(encoded.types)))
    if again.types == encoded.types and _bytes(again.json) == _bytes(encoded.json):
        return encoded
    types = dict(encoded.types)
    for place in _differing(encoded, again):
        name = without_marks(types[place])
        marks = types[place][: len(types[place]) - len(name)]
        types[place] = marks + lost(name)
    return encoded._replace(types=types)


class _Trial(Decoder):
    """Reads a value in order to see which of its places can't be restored."""

    def lost(self, json: JSON, node: Node, remedy: str) -> Unreplayable:
        """Note it in the types that the placeholder is written with."""
        node.name = lost(node.name)
        return super().lost(json, node, remedy)


def _bytes(json: JSON) -> bytes:
    """Give bytes that two JSON values have in common exactly if they are the same."""
    return marshal.dumps(json, _WITHOUT_REFERENCES)


def _differing(encoded: Encoded, again: Encoded) -> Iterator[str]:
    """Give the innermost typed places that hold all that differs."""
    names = encoded.types.items() ^ again.types.items()
    for place in {place for place, _ in names}.union(_places(encoded.json, again.json, "")):
        holder = place
        while holder and holder not in encoded.types:
            holder = holder.rpartition("/")[0]
        yield holder if holder in encoded.types else min(encoded.types, key=len)


def _places(json: JSON, other: JSON, pointer: str) -> Iterator[str]:
    """Give the places at which two JSON values differ."""
    if type(json) is dict and type(other) is dict and list(json) == list(other):
        for key, item in json.items():
            yield from _places(item, other[key], below(pointer, key))
    elif type(json) is list and type(other) is list and len(json) == len(other):
        for index, item in enumerate(json):
            yield from _places(item, other[index], f"{pointer}/{index}")
    elif _bytes(json) != _bytes(other):
        yield pointer
