"""The types beside a JSON value: the map from JSON pointer to type name, cut down or as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcassette import _pointer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["NO_TYPES", "TypeTree", "without"]


def without(types: Mapping[str, str], places: Iterable[str]) -> dict[str, str]:
    """Give the types of what stands neither at nor below some places.

    Args:
        types: The type names by JSON pointer.
        places: JSON pointers.

    Returns:
        A map of what is left.
    """
    gone = frozenset(places)
    if not gone:
        return dict(types)
    return {
        pointer: name
        for pointer, name in types.items()
        if not any(place in gone for place in _from_inside_out(pointer))
    }


def _from_inside_out(pointer: str) -> Iterator[str]:
    """Give a place and all the places that it lies in."""
    while pointer:
        yield pointer
        pointer = pointer[: pointer.rfind("/")]
    yield ""


class TypeTree:
    """The type of a value and the types of what is in it.

    Attributes:
        name: The name of the value's own type, or nothing where it is what its JSON says.
        below: The trees of the values in it, by key or list place.
    """

    __slots__ = ("below", "name")

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.below: dict[str, TypeTree] = {}

    @classmethod
    def of(cls, types: Mapping[str, str]) -> TypeTree:
        """Build the tree of a map."""
        root = cls()
        for pointer, name in types.items():
            tree = root
            for key in _pointer.split(pointer):
                tree = tree.below.setdefault(key, cls())
            tree.name = name
        return root

    def at(self, key: str | int) -> TypeTree:
        """Give the tree of the value under a key or at a list place."""
        return self.below.get(str(key), NO_TYPES)

    def __str__(self) -> str:
        """Tell the names and where they belong: equal texts, equal trees."""
        names: list[tuple[list[str], str]] = []
        left: list[tuple[list[str], TypeTree]] = [([], self)]
        while left:
            path, tree = left.pop()
            if tree.name:
                names.append((path, tree.name))
            left.extend(([*path, key], below) for key, below in tree.below.items())
        return repr(sorted(names))


#: The tree of a value with nothing in it but what its JSON says.
NO_TYPES = TypeTree()
