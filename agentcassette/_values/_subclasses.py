"""Classes derived from those of the language: their value is what they are derived from."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette._values._attributes import Attributes, allocate
from agentcassette._values._codec import JSON, Codec, Misfit, Reader, Writer, expect
from agentcassette._values._containers import read_mapping, write_mapping
from agentcassette._values._names import mro
from agentcassette._values._tree import Node, lost

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Subclass", "named_tuple_codec"]

_ALL = slice(None)
_WITH_ATTRIBUTES = "[attributes]"
_FACTORIES: dict[str, Any] = {
    cls.__name__: cls for cls in (list, dict, set, tuple, int, float, str, bool, bytes, frozenset)
}


class _Base(NamedTuple):
    """How the value of a subclass is taken out, and a new one filled."""

    plain: Callable[[Any], Any]
    make: Callable[[type, Any], Any]


def _filled(fill: Callable[[Any, Any], Any]) -> Callable[[type, Any], Any]:
    def make(cls: type, value: Any) -> Any:
        made = allocate(cls)
        fill(made, value)
        return made

    return make


def _fill_dict(made: Any, pairs: dict[Any, Any]) -> None:
    setitem = _OrderedDict if isinstance(made, collections.OrderedDict) else dict
    for key, item in pairs.items():
        setitem.__setitem__(made, key, item)


def _plain_dict(value: Any) -> dict[Any, Any]:
    kind = _OrderedDict if isinstance(value, collections.OrderedDict) else dict
    return dict(kind.items(value))


_OrderedDict: Any = collections.OrderedDict

_BASES: dict[type, _Base] = {
    str: _Base(lambda value: str.__getitem__(value, _ALL), allocate),
    int: _Base(int.__pos__, allocate),
    float: _Base(float.__pos__, allocate),
    complex: _Base(complex.__pos__, allocate),
    bytes: _Base(lambda value: bytes.__getitem__(value, _ALL), allocate),
    bytearray: _Base(lambda value: bytearray.__getitem__(value, _ALL), _filled(bytearray.extend)),
    tuple: _Base(lambda value: tuple.__getitem__(value, _ALL), allocate),
    list: _Base(lambda value: list.__getitem__(value, _ALL), _filled(list.extend)),
    set: _Base(lambda value: set(set.__iter__(value)), _filled(set.update)),
    frozenset: _Base(lambda value: frozenset(frozenset.__iter__(value)), allocate),
    dict: _Base(_plain_dict, _filled(_fill_dict)),
}


class Subclass:
    """A value of a class derived from one of the language.

    Its JSON is that of the value; the type of the value, where it has one, follows the name of the
    class in parentheses: ``app:Tags(tuple)``. With attributes of its own it is an object of
    ``value`` and ``attributes``.

    Args:
        cls: The class.
        name: The type name.
        inner: Gives the codec of the class that it is derived from.
    """

    def __init__(self, cls: type, name: str, inner: Callable[[type], Codec]) -> None:
        self.base = next(base for base in mro(cls) if base in _BASES)
        self.name = name
        self.inner = None if self.base is str else inner(self.base)
        self.attributes = Attributes(cls)
        self.is_defaultdict = collections.defaultdict in mro(cls)

    @classmethod
    def fits(cls, derived: type) -> bool:
        """Tell whether a class is derived from one of the language."""
        return not _BASES.keys().isdisjoint(mro(derived))

    def encode(self, value: Any, pointer: str, writer: Writer) -> JSON:
        """Give the value, and the attributes if there are any."""
        held = self.attributes.get(value)
        name = self._name(value)
        if self.attributes.has_dict and object.__getattribute__(value, "__dict__") is value:
            held, name = {}, lost(self.name)
        plain = _BASES[self.base].plain(value)
        if held:
            writer.types[pointer] = name + _WITH_ATTRIBUTES
            return {
                "value": self._encode_plain(plain, f"{pointer}/value", writer),
                "attributes": write_mapping(list(held.items()), f"{pointer}/attributes", writer),
            }
        writer.types[pointer] = ""  # keeps the place before those below it
        json = self._encode_plain(plain, pointer, writer)
        inner = writer.types[pointer]
        writer.types[pointer] = f"{name}({inner})" if inner else name
        return json

    def _encode_plain(self, plain: Any, pointer: str, writer: Writer) -> JSON:
        return plain if self.inner is None else self.inner.encode(plain, pointer, writer)

    def _name(self, value: Any) -> str:
        if not self.is_defaultdict or value.default_factory is None:
            return self.name
        factory = value.default_factory
        is_known = isinstance(factory, type) and factory in _FACTORIES.values()
        return f"{self.name}[{factory.__name__}]" if is_known else lost(self.name)

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the value without its constructor."""
        outer, _, inner = node.name.partition("(")
        held: dict[str, Any] = {}
        if outer.endswith(_WITH_ATTRIBUTES):
            whole = expect(json, dict, self.name)
            held = read_mapping(
                whole["attributes"], node.at("attributes") or Node(), reader, "attributes"
            )
            plain = reader.read(whole["value"], node.at("value"))
            outer = outer[: -len(_WITH_ATTRIBUTES)]
        else:
            plain = reader.read(json, Node(inner[:-1], node.below))
        if type(plain) is not self.base:
            raise Misfit(f"{self.name} is no {self.base.__name__} any more: record it again")
        made = _BASES[self.base].make(cls, plain)
        if self.is_defaultdict and outer.endswith("]"):
            made.default_factory = _FACTORIES[outer.partition("[")[2][:-1]]
        self.attributes.set(made, held)
        return made


def named_tuple_codec(cls: type, name: str) -> NamedItems | None:
    """Give the codec of a named tuple; None for any other class."""
    fields = next((vars(base)["_fields"] for base in mro(cls) if "_fields" in vars(base)), None)
    if tuple not in mro(cls) or type(fields) is not tuple:
        return None
    return NamedItems(name, fields)


class NamedItems:
    """A named tuple: an object of its fields.

    Args:
        name: The type name.
        fields: The names of its items.
    """

    def __init__(self, name: str, fields: tuple[str, ...]) -> None:
        self.name = name
        self.fields = fields

    def encode(self, value: Any, pointer: str, writer: Writer) -> JSON:
        """Give the items under their names."""
        items = list(tuple.__iter__(value))
        if len(items) != len(self.fields) or getattr(value, "__dict__", None):
            raise Misfit("it holds more than its fields")
        writer.types[pointer] = self.name
        return write_mapping(list(zip(self.fields, items)), pointer, writer)

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the tuple."""
        held = read_mapping(json, node, reader, self.name)
        if held.keys() != set(self.fields):
            raise Misfit(f"{self.name} has other fields now: record it again")
        return tuple.__new__(cls, (held[field] for field in self.fields))
