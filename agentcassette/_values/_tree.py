"""The types beside a JSON value: a flat map from JSON pointer to type name, and the same as a tree.

The map, ``{"/choices/0": "openai.types...:Choice"}``, is what a person reads and a diff shows. To
walk it together with its JSON it is turned into a tree once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcassette import _pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Node", "below", "flatten", "is_lost", "lost", "named", "tree", "without_marks"]

_MARKS = "?.+="
"""What may stand before the type of a model's field; ``_models`` says what each mark means."""

_MAX_DEPTH = 400
"""No cassette is nested more deeply: a longer pointer leads nowhere."""


def below(pointer: str, token: str) -> str:
    """Give the pointer of what stands under a key of the place of a pointer."""
    return f"{pointer}/{_pointer.escape(token)}"


def without_marks(name: str) -> str:
    """Give a type name without the marks before it."""
    return name.lstrip(_MARKS)


def is_lost(name: str) -> bool:
    """Tell whether a type name says that the value can't be restored."""
    return without_marks(name).startswith("!")


def lost(name: str) -> str:
    """Give the type name that says that the value can't be restored."""
    return name if name.startswith("!") else f"!{name}"


class Node:
    """What a map of types says about one place and the places below it.

    Attributes:
        name: The type name of the place, without its marks; empty for plain JSON.
        marks: The marks that stood before the name.
        below: The places below, by key or index (an index as text, as in the pointer).
    """

    __slots__ = ("below", "marks", "name")

    def __init__(self, name: str = "", below: dict[str, Node] | None = None) -> None:
        self.name = name
        self.marks = ""
        self.below: dict[str, Node] = {} if below is None else below

    def at(self, token: object) -> Node | None:
        """Give what is known of the place below under a key or an index, if anything is."""
        return self.below.get(str(token)) if self.below else None


def named(name: str, below: dict[str, Node]) -> Node:
    """Make the node of a place by its type name, with the marks before it."""
    node = Node(without_marks(name), below)
    node.marks = name[: len(name) - len(node.name)]
    return node


def tree(types: dict[str, str]) -> Node | None:
    """Turn a map of types into a tree; None when it is empty.

    Whatever is no pointer to a name is left out: the map may come from a file that was edited.
    """
    nodes: dict[str, Node] = {}
    for pointer, name in types.items():
        if type(name) is not str or not _is_pointer(pointer):
            continue
        node = _node(pointer, nodes)
        node.name = without_marks(name)
        node.marks = name[: len(name) - len(node.name)]
    return nodes.get("")


def _is_pointer(pointer: object) -> bool:
    if type(pointer) is not str:
        return False
    return pointer[:1] in {"", "/"} and pointer.count("/") <= _MAX_DEPTH


def _node(pointer: str, nodes: dict[str, Node]) -> Node:
    """Give the node of a pointer; it and those above it are made where they are missing."""
    node = nodes.get(pointer)
    if node is not None:
        return node
    asked = node = nodes[pointer] = Node()
    while pointer:
        pointer, _, token = pointer.rpartition("/")
        above = nodes.get(pointer)
        is_new = above is None
        if above is None:
            above = nodes[pointer] = Node()
        above.below[_pointer.unescape(token)] = node
        node = above
        if not is_new:
            break
    return asked


def flatten(node: Node, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Turn a tree back into the entries of a map of types, under a pointer."""
    todo = [(pointer, node)]
    while todo:
        place, here = todo.pop()
        if here.marks or here.name:
            yield place, here.marks + here.name
        todo += [(below(place, token), node) for token, node in reversed(here.below.items())]
