"""Lists, dicts, tuples, sets and deques."""

from __future__ import annotations

import json as jsonlib
from math import isfinite
from typing import TYPE_CHECKING, Any

from agentcassette._values._codec import JSON, REDACTED, Apart, Reader, Writer, expect
from agentcassette._values._frameworks import USER_AGENT, is_made_up, without_run
from agentcassette._values._scalars import BIG
from agentcassette._values._tree import Node, below

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "COLLECTIONS",
    "PLAIN",
    "Deque",
    "Dict",
    "Sequence",
    "Set",
    "read_items",
    "read_mapping",
    "write_items",
    "write_mapping",
]

PLAIN = frozenset({str, bool, type(None)})
"""The types whose values are JSON, whatever the value."""

COLLECTIONS = frozenset({dict, frozenset, list, set, tuple})
"""The types whose values hold others and tell how many."""


def write_items(items: tuple[Any, ...], pointer: str, writer: Writer) -> list[JSON]:
    """Give the JSON of items in their order."""
    write = writer.write
    json = []
    for index, item in enumerate(items):
        kind = type(item)
        if kind is int:
            is_plain = -BIG < item < BIG
        elif kind is float:
            is_plain = isfinite(item)
        else:
            is_plain = kind is str or kind is bool or item is None
        json.append(item if is_plain else write(item, f"{pointer}/{index}"))
    return json


def read_items(json: JSON, node: Node, reader: Reader, what: str) -> list[Any]:
    """Make the items of a JSON list; one that was redacted as a whole has one item, if any."""
    items = [json] if json == REDACTED else expect(json, list, what)
    return [reader.read(item, node.at(index)) for index, item in enumerate(items)]


def write_mapping(
    pairs: Iterable[tuple[str, Any]], pointer: str, writer: Writer
) -> dict[str, JSON]:
    """Give the JSON of pairs whose keys are strings."""
    write = writer.write
    json = {}
    for key, item in pairs:
        kind = type(item)
        is_plain = kind is str or kind is bool or item is None
        if kind is int:
            is_plain = -BIG < item < BIG
        json[key] = item if is_plain else write(item, below(pointer, key))
    return json


def read_mapping(json: JSON, node: Node, reader: Reader, what: str) -> dict[str, Any]:
    """Make the values of a JSON object; nothing is left of one that was redacted as a whole."""
    mapping = {} if json == REDACTED else expect(json, dict, what)
    return {key: reader.read(item, node.below.get(key)) for key, item in mapping.items()}


class Sequence:
    """A list or a tuple.

    Args:
        name: The type name, empty for what JSON has itself.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def encode(self, value: Iterable[object], pointer: str, writer: Writer) -> JSON:
        """Give the items."""
        if self.name:
            writer.types[pointer] = self.name
        return write_items(tuple(value), pointer, writer)

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the sequence."""
        return cls(read_items(json, node, reader, cls.__name__))


class Dict:
    """A dict: a JSON object where all keys are strings, else a list of pairs."""

    def encode(self, value: dict[Any, Any], pointer: str, writer: Writer) -> JSON:
        """Give the object, or the pairs."""
        if writer.is_compared and "configurable" in value:
            value = without_run(value)
        if is_made_up(value.get("id")):
            writer.volatile.append(f"{pointer}/id")
        if USER_AGENT in value:
            writer.volatile.append(f"{pointer}/{USER_AGENT}")
        pairs = list(value.items())
        if all(type(key) is str for key, _ in pairs):
            return write_mapping(pairs, pointer, writer)
        keys = [writer.apart(key) for key, _ in pairs]
        writer.types[pointer] = "dict"
        return [
            [writer.place(key, f"{pointer}/{at}/0"), writer.write(item, f"{pointer}/{at}/1")]
            for at, (key, (_, item)) in enumerate(zip(keys, pairs))
        ]

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the dict."""
        if type(json) is dict:
            return cls(read_mapping(json, node, reader, "a dict"))
        made = cls()
        for index, pair in enumerate(expect(json, list, "a dict with keys that are no strings")):
            at = node.at(index) or Node()
            key, item = expect(pair, list, "a key and its value")
            made[reader.read(key, at.at(0))] = reader.read(item, at.at(1))
        return made


class Deque:
    """A deque: a list, with its greatest length behind the type name."""

    def encode(self, value: Any, pointer: str, writer: Writer) -> JSON:
        """Give the items."""
        writer.types[pointer] = "deque" if value.maxlen is None else f"deque[{value.maxlen}]"
        return write_items(tuple(value), pointer, writer)

    def decode(self, cls: Any, json: JSON, node: Node, reader: Reader) -> object:
        """Make the deque."""
        most = node.name.partition("[")[2][:-1]
        return cls(read_items(json, node, reader, "a deque"), int(most) if most else None)


class Set:
    """A set or a frozenset: a list in an order that doesn't depend on hashes.

    Args:
        name: The type name.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def encode(self, value: Iterable[Any], pointer: str, writer: Writer) -> JSON:
        """Give the items in order."""
        writer.types[pointer] = self.name
        items = tuple(value)
        if set(map(type, items)) in ({str}, {int}):
            return write_items(tuple(sorted(items)), pointer, writer)
        parts = sorted(map(writer.apart, items), key=_sort_key)
        return [writer.place(part, f"{pointer}/{index}") for index, part in enumerate(parts)]

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the set."""
        return cls(read_items(json, node, reader, self.name))


def _sort_key(part: Apart) -> tuple[str, list[tuple[str, str]]]:
    return jsonlib.dumps(part.json, sort_keys=True), sorted(part.types.items())
