"""A value becomes JSON beside a map of its types, whatever the value."""

from __future__ import annotations

from math import isfinite
from typing import Any, NamedTuple

from agentcassette._values._builtin import BUILTIN
from agentcassette._values._codec import JSON, Apart, Codec
from agentcassette._values._containers import COLLECTIONS, write_items
from agentcassette._values._opaque import PLACEHOLDERS, write_opaque
from agentcassette._values._scalars import BIG
from agentcassette._values._tree import is_lost, without_marks

__all__ = [
    "Comparable",
    "Encoded",
    "Encoder",
    "encode",
    "encode_call",
    "is_data",
    "unreplayable",
]

_MAX_DEPTH = 128
"""Deeper values are cut: an agent's own data is a few dozen levels deep, and Python's own limit of
1,000 frames has to do for the agent and for us."""

_MAX_REPEATS = 1_000_000
"""How many values may be written a second time because they are referred to more than once: a few
lists that hold each other twice stand for more values than there is memory."""


class Encoded(NamedTuple):
    """A value as plain JSON.

    Attributes:
        json: The JSON; it shares nothing with the value.
        types: The type name of each place that JSON has no form for, by JSON pointer.
        volatile: The places that are not compared between two calls, as JSON pointers.
    """

    json: JSON
    types: dict[str, str]
    volatile: tuple[str, ...]


class Comparable(NamedTuple):
    """The arguments of a call as plain JSON: they are only compared, and need not come back.

    Attributes:
        json: ``{"args": [...], "kwargs": {...}}``, without what a framework has put in for its own
            use.
        types: As of ``Encoded``.
        volatile: As of ``Encoded``.
        defaults: The places that hold what their class gives by itself, as JSON pointers.
    """

    json: JSON
    types: dict[str, str]
    volatile: tuple[str, ...]
    defaults: tuple[str, ...]


def encode(value: object) -> Encoded:
    """Give a value as plain JSON beside a map of its types.

    It takes any value, runs for a bounded time, changes nothing, and keeps no reference to it. What
    is no data is noted as lost in the types; ``encode_verified`` notes the rest of what can't be
    restored.

    Args:
        value: The value.

    Returns:
        The JSON, its types, and its volatile places.
    """
    encoder = Encoder()
    json = encoder.write(value, "")
    return Encoded(json, encoder.types, tuple(encoder.volatile))


def encode_call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Comparable:
    """Give the arguments of a call as they are compared with those of another one.

    Args:
        args: The positional arguments.
        kwargs: The keyword arguments.
    """
    encoder = Encoder(is_compared=True, levels=1)
    json: dict[str, JSON] = {"args": encoder.write_below(args, "/args"), "kwargs": {}}
    if kwargs:
        if {*map(type, kwargs)} != {str}:  # a name may be the member of an enumeration
            kwargs = {str.__str__(name): value for name, value in kwargs.items()}
        json["kwargs"] = encoder.write(kwargs, "/kwargs")
    return Comparable(json, encoder.types, tuple(encoder.volatile), tuple(encoder.defaults))


def is_data(value: object) -> bool:
    """Tell whether more than its class is kept of a value."""
    return not is_lost(encode(value).types.get("", ""))


def unreplayable(types: dict[str, str]) -> list[tuple[str, str]]:
    """Tell which places can't be restored in replay.

    Args:
        types: The types that ``encode`` gave.

    Returns:
        The JSON pointer and the type name of each.
    """
    return [(at, without_marks(name).lstrip("!")) for at, name in types.items() if is_lost(name)]


class Encoder:
    """Writes one value.

    Args:
        is_compared: Whether it is only to be compared with another one.
        levels: How many levels of what is written are above it.
    """

    def __init__(self, *, is_compared: bool = False, levels: int = 0) -> None:
        self.is_compared = is_compared
        self.types: dict[str, str] = {}
        self.volatile: list[str] = []
        self.defaults: list[str] = []
        self._codecs: dict[type, Codec] = {}
        self._depth = _MAX_DEPTH - levels
        self._open: set[int] = set()
        self._seen: set[int] = set()
        self._repeats = 0

    def write(self, value: Any, pointer: str) -> JSON:
        """Give the JSON of a value, and note its types under the pointer."""
        kind = type(value)
        if kind is str or value is None or kind is bool:
            return value
        if (kind is int and -BIG < value < BIG) or (kind is float and isfinite(value)):
            return value
        key = id(value)
        if key in self._open or key in self._seen or len(self._open) >= self._depth:
            why = self._why_cut(key, value)
            if why:
                return write_opaque(value, pointer, self, why)
        marks = len(self.types), len(self.volatile)
        self._seen.add(key)
        self._open.add(key)
        try:
            codec = BUILTIN.get(kind) or self._codecs.get(kind)
            if codec is None:
                from agentcassette._values._families import codec_of  # which plain data needs not

                codec = self._codecs[kind] = codec_of(kind)
            return codec.encode(value, pointer, self)
        except Exception:  # noqa: BLE001 - a value in a state that its class doesn't foresee
            self._forget(*marks)
            return write_opaque(value, pointer, self)
        finally:
            self._open.discard(key)

    def write_below(self, items: tuple[Any, ...], pointer: str) -> list[JSON]:
        """Give the JSON of items that lie one level below what is written here."""
        self._depth -= 1
        json = write_items(items, pointer, self)
        self._depth += 1
        return json

    def _forget(self, types: int, volatile: int) -> None:
        while len(self.types) > types:
            self.types.popitem()
        del self.volatile[volatile:]

    def _why_cut(self, key: int, value: Any) -> str:
        if key in self._open:
            return ": a cycle"
        if len(self._open) >= self._depth and type(value) not in PLACEHOLDERS:
            return ": nested too deeply"
        if key in self._seen:
            self._repeats += len(value) + 1 if type(value) in COLLECTIONS else 1
        return ": repeated too often" if self._repeats > _MAX_REPEATS else ""

    def apart(self, value: object) -> Apart:
        """Give a part whose place is not known yet, to be put there by ``place``."""
        types, volatile, defaults = self.types, self.volatile, self.defaults
        self.types, self.volatile, self.defaults = {}, [], []
        try:
            return Apart(self.write(value, ""), self.types, self.volatile)
        finally:
            self.types, self.volatile, self.defaults = types, volatile, defaults

    def place(self, part: Apart, pointer: str) -> JSON:
        """Give the JSON of such a part, and note its types under the pointer."""
        for below, name in part.types.items():
            self.types[pointer + below] = name
        self.volatile += [pointer + below for below in part.volatile]
        return part.json
