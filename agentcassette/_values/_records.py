"""Objects that are their attributes: dataclasses, attrs classes, simple namespaces."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from agentcassette._values._attributes import Attributes, allocate
from agentcassette._values._containers import read_mapping, write_mapping
from agentcassette._values._frameworks import record_fields, volatile_fields
from agentcassette._values._models import ABSENT, Default
from agentcassette._values._names import mro
from agentcassette._values._tree import below

if TYPE_CHECKING:
    from agentcassette._values._codec import JSON, Reader, Writer
    from agentcassette._values._tree import Node

__all__ = ["record_codec"]

_MADE = frozenset({list, dict, set})  # what an object does not find in its class


def record_codec(cls: Any, name: str) -> Record | None:
    """Give the codec of a dataclass, attrs class or namespace; None for any other class."""
    if SimpleNamespace in mro(cls):
        return Record(cls, "SimpleNamespace" if cls is SimpleNamespace else name, None)
    spaces = [vars(base) for base in mro(cls)]
    if any("__dataclass_fields__" in space for space in spaces):
        return Record(cls, name, *_fields_of(cls))
    known = record_fields(cls)
    if known:
        return Record(cls, name, list(known))
    attributes = next((s["__attrs_attrs__"] for s in spaces if "__attrs_attrs__" in s), None)
    return None if attributes is None else Record(cls, name, [item.name for item in attributes])


def _fields_of(cls: Any) -> tuple[list[str], dict[str, Default]]:
    """Give the fields of a dataclass, and what each is when nobody sets it."""
    dataclasses = sys.modules["dataclasses"]
    defaults = {}
    for field in dataclasses.fields(cls):
        is_given = field.default is not dataclasses.MISSING
        made = field.default_factory
        factory = None if made is dataclasses.MISSING else getattr(made, "__origin__", made)
        defaults[field.name] = Default.of(field.default if is_given else ABSENT, factory)
    return list(defaults), defaults


class Record:
    """An object that is made without its constructor and gets its attributes set.

    Args:
        cls: The class.
        name: The type name.
        fields: The names that its equality looks at, in order; what else it holds is kept but
            is volatile. None when it looks at everything.
        defaults: What each field is when nobody sets it, where that is known.
    """

    def __init__(
        self,
        cls: type,
        name: str,
        fields: list[str] | None,
        defaults: dict[str, Default] | None = None,
    ) -> None:
        self.name = name
        self.fields = fields
        self.defaults = defaults or {}
        self.volatile = volatile_fields(cls)
        self.attributes = Attributes(cls)
        self._filled = [
            field
            for field, default in self.defaults.items()
            if type(default.value) in _MADE
            or (field in self.attributes.slots and default.value is not ABSENT)
        ]
        allocate(cls)

    def encode(self, value: object, pointer: str, writer: Writer) -> JSON:
        """Give the attributes as an object, fields first."""
        writer.types[pointer] = self.name
        held = self.attributes.get(value)
        fields = self.fields if self.fields is not None else list(held)
        pairs = [(field, held.pop(field)) for field in fields if field in held]
        writer.volatile += [below(pointer, field) for field, _ in pairs if field in self.volatile]
        writer.volatile += [below(pointer, name) for name in held]
        if writer.is_compared and self.defaults:
            writer.defaults += [
                below(pointer, field)
                for field, item in pairs
                if self.defaults[field].is_kept_by(item)
            ]
        return write_mapping([*pairs, *held.items()], pointer, writer)

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the object."""
        held = read_mapping(json, node, reader, self.name)
        value = allocate(cls)
        for field in self._filled:  # a later version of a library may have more fields
            if field not in held:
                held[field] = self.defaults[field].again()
        self.attributes.set(value, held)
        return value
