"""The shape of a value: its keys and types, and what its lists are lists of; no content."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Shape", "differing", "shape_of"]

# What redaction leaves of a value: it tells nothing of what was there.
_REDACTED = "****"

_WORDS = {
    "NoneType": "nothing",
    "bool": "true or false",
    "dict": "an object",
    "float": "a number",
    "int": "a number",
    "list": "a list",
    "str": "a text",
}


class Shape(NamedTuple):
    """The shape of a value, or of all items of a list.

    Attributes:
        kinds: What there is: the names of types, or words for what JSON has.
        keys: The keys of objects, each with its shape; None where there is no object.
        always: The keys that every object has.
        items: The shape of the items of lists; None where there is no item.
    """

    kinds: frozenset[str]
    keys: Mapping[str, Shape] | None = None
    always: frozenset[str] = frozenset()
    items: Shape | None = None

    def merged(self, other: Shape) -> Shape:
        """The shape of items of which some have this shape, and some another one."""
        if self.keys is None or other.keys is None:
            keys = other.keys if self.keys is None else self.keys
            always = self.always | other.always
        else:
            keys = {key: _either(self.keys.get(key), shape) for key, shape in other.keys.items()}
            keys = {**self.keys, **keys}
            always = self.always & other.always
        items = self.items and _either(other.items, self.items)
        return Shape(self.kinds | other.kinds, keys, always, items or other.items)

    @property
    def words(self) -> str:
        """What there is, in words."""
        return " or ".join(sorted(self.kinds))


def _either(shape: Shape | None, other: Shape) -> Shape:
    return other if shape is None else shape.merged(other)


def shape_of(value: Any, types: Mapping[str, str], pointer: str = "") -> Shape:
    """Tell the shape of a value.

    Args:
        value: The value, as plain JSON.
        types: The names of the types in it that are not those of JSON, by JSON pointer.
        pointer: Where the value stands there.

    Returns:
        The shape. A number is a number, whether it is written with a point or not.
    """
    if value == _REDACTED:
        return Shape(frozenset([_REDACTED]))
    name = types.get(pointer, type(value).__name__)
    kinds = frozenset([_WORDS.get(name, name.replace(":", "."))])
    if isinstance(value, dict):
        keys = {
            key: shape_of(one, types, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
            for key, one in value.items()
        }
        return Shape(kinds, keys, frozenset(keys))
    if isinstance(value, list):
        items: Shape | None = None
        for index, one in enumerate(value):
            items = _either(items, shape_of(one, types, f"{pointer}/{index}"))
        return Shape(kinds, items=items)
    return Shape(kinds)


def differing(old: Shape, new: Shape, place: str) -> Iterator[str]:
    """Tell where two shapes differ.

    Of the items of lists only that counts which no item on the other side has: how many there are,
    and which of them has an optional key, is content.

    Args:
        old: The one shape.
        new: The other one.
        place: Where the values stand, as a person writes it.

    Yields:
        A line for each place.
    """
    if _REDACTED in old.kinds | new.kinds:
        return
    if old.kinds.isdisjoint(new.kinds):
        yield f"{place}: {old.words} -> {new.words}"
    if old.keys is not None and new.keys is not None:
        for key, shape in old.keys.items():
            if key in new.keys:
                yield from differing(shape, new.keys[key], _below(place, key))
            elif key in old.always:
                yield f"{_below(place, key)} is gone ({shape.words})"
        for key, shape in new.keys.items():
            if key in new.always and key not in old.keys:
                yield f"{_below(place, key)} is new ({shape.words})"
    if old.items is not None and new.items is not None:
        yield from differing(old.items, new.items, f"{place}[]")


def _below(place: str, key: str) -> str:
    return f"{place}.{key}" if key.isidentifier() else f"{place}[{json.dumps(key)}]"
