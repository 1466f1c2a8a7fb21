"""Where two JSON values differ, told by path."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from agentcassette._alignment import Change, align
from agentcassette._type_map import NO_TYPES, TypeTree

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Difference", "Path", "canonical", "differences", "path_text", "similarity"]

#: The keys and list places that lead to a value.
Path = tuple[Union[str, int], ...]

_NAME = r"[^\W\d]\w*\Z"

# How similar two texts are is judged by the words of their beginning.
_JUDGED_TEXT = 2_000


class Difference(NamedTuple):
    """One place in which two values differ.

    Attributes:
        path: The place in the second value; of what was removed, its place in the first.
        kind: ``"changed"``, ``"added"`` or ``"removed"``; ``"type"`` where the JSON of both is
            equal, or where what is inside is compared for itself, and their types differ.
        a: What stands there in the first value; None for what was added.
        b: What stands there in the second value; None for what was removed.
        a_path: The place in the first value: items of a list may have moved. Of what was added,
            the place that it would have there.
        a_type: The name of the first value's type, unless something was added or removed.
        b_type: The name of the second value's type, likewise.
    """

    path: Path
    kind: str
    a: Any
    b: Any
    a_path: Path
    a_type: str
    b_type: str

    @property
    def place(self) -> str:
        """The path as a person writes it: ``messages[17].content``."""
        return path_text(self.path)


def differences(
    a: Any,
    b: Any,
    a_types: Mapping[str, str] | None = None,
    b_types: Mapping[str, str] | None = None,
) -> list[Difference]:
    """Tell where two values differ.

    Types are exact: ``1``, ``1.0`` and ``True`` differ. Lists are aligned, so that an item inserted
    is one addition, and an item changed is compared with what it was.

    Args:
        a: The first value, as plain JSON.
        b: The second value.
        a_types: The types of what is in the first value, by JSON pointer.
        b_types: The types of what is in the second value.

    Returns:
        The differences, from the beginning to the end; none if the values are the same.
    """
    comparison = _Comparison()
    comparison.compare(a, b, TypeTree.of(a_types or {}), TypeTree.of(b_types or {}))
    return comparison.found


class _Comparison:
    """One walk through two values; it remembers where it is and what it found."""

    __slots__ = ("_a_path", "_b_path", "found")

    def __init__(self) -> None:
        self.found: list[Difference] = []
        self._a_path: list[str | int] = []
        self._b_path: list[str | int] = []

    def compare(self, a: Any, b: Any, a_types: TypeTree, b_types: TypeTree) -> None:
        """Note the differences of two values that stand at the present place.

        Every level of the values takes one call, so that deep ones can be compared.
        """
        a_type = a_types.name or type(a).__name__
        b_type = b_types.name or type(b).__name__
        changes: list[tuple[str, Any, Any]]
        if isinstance(a, dict) and isinstance(b, dict):
            changes = [("removed", key, key) for key in a if key not in b]
            changes += [("changed" if key in a else "added", key, key) for key in b]
        elif isinstance(a, list) and isinstance(b, list):
            changes = [*_changes(a, b, a_types, b_types)]
        else:
            if a != b or a_type != b_type:
                self._note("type" if a == b else "changed", a, b, a_type, b_type)
            return
        if a_type != b_type:
            self._note("type", a, b, a_type, b_type)
        for kind, a_key, b_key in changes:
            self._a_path.append(a_key)
            self._b_path.append(b_key)
            if kind == "changed":
                self.compare(a[a_key], b[b_key], a_types.at(a_key), b_types.at(b_key))
            elif kind == "added":
                self._note("added", None, b[b_key])
            else:
                self._note("removed", a[a_key], None)
            self._a_path.pop()
            self._b_path.pop()

    def _note(self, kind: str, a: Any, b: Any, a_type: str = "", b_type: str = "") -> None:
        a_path, b_path = tuple(self._a_path), tuple(self._b_path)
        path = a_path if kind == "removed" else b_path
        self.found.append(Difference(path, kind, a, b, a_path, a_type, b_type))


def _changes(a: list[Any], b: list[Any], a_types: TypeTree, b_types: TypeTree) -> list[Change]:
    if len(a) == len(b) == 1:
        return [Change("changed", 0, 0)]
    return align(
        [canonical(item, a_types.at(place)) for place, item in enumerate(a)],
        [canonical(item, b_types.at(place)) for place, item in enumerate(b)],
        lambda i, j: similarity(a[i], b[j]),
    )


def canonical(value: Any, types: TypeTree = NO_TYPES) -> str:
    """Write a value and the types of what is in it as a text that the same values have in common.

    Args:
        value: The value, as plain JSON.
        types: Its types.

    Returns:
        The text.
    """
    text = json.dumps(value, sort_keys=True)
    return text if types is NO_TYPES else f"{text} {types}"


def similarity(a: Any, b: Any, *, depth: int = 3) -> float:
    """Tell roughly how much two values have in common.

    Args:
        a: The one value, as plain JSON.
        b: The other one.
        depth: How deep to look; further below things are equal or not.

    Returns:
        From 0, nothing, to 1, everything.
    """
    if a == b or depth == 0:
        return float(bool(a == b))
    if isinstance(a, str) and isinstance(b, str):
        words, other_words = set(a[:_JUDGED_TEXT].split()), set(b[:_JUDGED_TEXT].split())
        return len(words & other_words) / max(1, len(words | other_words))
    if isinstance(a, dict) and isinstance(b, dict):
        common = sum(similarity(a[key], b[key], depth=depth - 1) for key in a.keys() & b.keys())
        return common / len(a.keys() | b.keys())
    if isinstance(a, list) and isinstance(b, list):
        common = sum(similarity(x, y, depth=depth - 1) for x, y in zip(a, b))
        return common / max(len(a), len(b))
    return 0.0


def path_text(path: Path) -> str:
    """Write a path as a person does: ``messages[17].content``, ``headers["x-id"]``."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif re.match(_NAME, key):
            text += f".{key}" if text else key
        else:
            text += f"[{json.dumps(key, ensure_ascii=False)}]"
    return text
