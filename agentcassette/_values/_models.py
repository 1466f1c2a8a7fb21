"""Pydantic models, of version 2 and of version 1.

The JSON holds what is set, under the names of the fields. A field that nobody set and that still
has its default is left out, and so are private attributes with their defaults: they come back from
the class. What needs saying beyond that is said by a mark before the type of the field:

    ?   nobody set it: its name is not in ``model_fields_set``
    .   it is neither a field nor extra data: it stands in the ``__dict__`` of the object only
    +   it is extra data, although its name looks like that of a private attribute

A mark before the type of the model itself, where its class would not give back what it holds:

    =   its fields are those in the JSON, in their order: none is to be added from the class
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette._values._codec import JSON, Misfit, Reader, Writer, expect
from agentcassette._values._containers import PLAIN
from agentcassette._values._scalars import BIG
from agentcassette._values._tree import Node, below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    State = tuple[dict[str, Any], AbstractSet[str], dict[str, Any], dict[str, Any]]

__all__ = ["ABSENT", "Access", "Default", "Model", "Shape"]

ABSENT: Any = object()
_EXACTLY = "="
_EMPTY = frozenset({list, dict, set, tuple, frozenset})
_MUTABLE = frozenset({list, dict, set})


class Default(NamedTuple):
    """What a field or private attribute is when nobody sets it.

    Attributes:
        value: The default, or ``ABSENT``.
        is_made: Whether a factory makes it, so that it may differ every time.
    """

    value: Any
    is_made: bool

    @classmethod
    def of(cls, value: Any, factory: Any) -> Default:
        """Describe a default by what pydantic knows of a field."""
        if factory is None:
            return cls(value, is_made=False)
        is_empty = isinstance(factory, type) and factory in _EMPTY
        return cls(factory() if is_empty else ABSENT, not is_empty)

    def is_kept_by(self, value: object) -> bool:
        """Tell whether the class gives this very value again."""
        kind = type(value)
        if kind in _EMPTY:
            return type(self.value) is kind and not value and not self.value
        is_scalar = kind in PLAIN or kind is int or kind is float
        return value is self.value or (
            is_scalar and type(self.value) is kind and repr(value) == repr(self.value)
        )

    def again(self) -> Any:
        """Give the default for a new object."""
        return self.value.copy() if type(self.value) in _MUTABLE else self.value


class Shape(NamedTuple):
    """What is known of a model class.

    Attributes:
        fields: The defaults of its fields.
        private: The defaults of its private attributes.
        keeps_extra: Whether it takes data without a field.
        volatile: The fields that differ from run to run.
        derived: The names under which it caches what it can work out again.
    """

    fields: Mapping[str, Default]
    private: Mapping[str, Default]
    keeps_extra: bool
    volatile: AbstractSet[str]
    derived: AbstractSet[str]


class _Entry(NamedTuple):
    """What is to be written of a model.

    Attributes:
        name: Its name.
        item: Its value.
        marks: What is said of it before its type.
        is_volatile: Whether it differs from run to run.
    """

    name: str
    item: Any
    marks: str
    is_volatile: bool


class Access(NamedTuple):
    """How the state of a model is read and made, in one version of pydantic.

    The state is the attributes, the names that were set, the extra data and the private attributes.
    """

    read: Callable[[Any], State]
    make: Callable[[Any, State], object]


class Model:
    """A pydantic model.

    Args:
        name: The type name.
        shape: What is known of the class.
        access: How its state is read and made.
    """

    def __init__(self, name: str, shape: Shape, access: Access) -> None:
        self.name = name
        self.shape = shape
        self.access = access
        self._order = tuple(shape.fields)
        self._ordinary = {
            field: below("", field) for field in shape.fields if field not in shape.volatile
        }
        self._constants = {
            field: default.value
            for field, default in shape.fields.items()
            if type(default.value) not in _MUTABLE and default.value is not ABSENT
        }

    def encode(self, value: object, pointer: str, writer: Writer) -> JSON:
        """Give the fields, the extra data and the private attributes."""
        state = self.access.read(value)
        attributes, names_set = state[:2]
        is_exact = self._differs_from_its_class(attributes)
        if is_exact:
            writer.types[pointer] = _EXACTLY + self.name
            ordinary: Mapping[str, str] = {}
            constants: Mapping[str, Any] = {}
        else:
            writer.types[pointer] = self.name
            ordinary, constants = self._ordinary, self._constants
        write = writer.write
        json: dict[str, JSON] = {}
        others = []
        for name, item in tuple(attributes.items()):  # this loop is what recording costs
            if name in names_set and name in ordinary:
                kind = type(item)
                is_plain = kind is str or kind is bool or item is None
                if kind is int:
                    is_plain = -BIG < item < BIG
                json[name] = item if is_plain else write(item, pointer + ordinary[name])
            elif name in names_set or item is not constants.get(name, ABSENT):
                others.append(name)
        is_more = others or state[2] or state[3]
        for entry in self._entries(others, state, is_exact=is_exact) if is_more else ():
            if entry.name in json:
                raise Misfit(f"{entry.name} is two things in one object")
            place = below(pointer, entry.name)
            json[entry.name] = write(entry.item, place)
            if entry.marks:
                writer.types[place] = entry.marks + writer.types.get(place, "")
            if entry.is_volatile:
                writer.volatile.append(place)
        return json

    def _differs_from_its_class(self, attributes: dict[str, Any]) -> bool:
        """Tell whether a field with a default is gone, or the fields are not in its order."""
        fields = self.shape.fields
        if tuple(attributes)[: len(self._order)] == self._order:
            return False
        held = [name for name in attributes if name in fields]
        return held != [
            name for name in fields if name in attributes or fields[name].value is not ABSENT
        ]

    def _entries(self, others: list[str], state: State, *, is_exact: bool) -> Iterator[_Entry]:
        """Give what is no field that was simply set."""
        attributes, names_set, extra, private = state
        fields, privates = self.shape.fields, self.shape.private
        for name in others:
            item, default, is_set = attributes[name], fields.get(name), name in names_set
            if default is None:
                if name not in self.shape.derived:
                    marks = "" if name[:1] == "_" and name not in privates else "."
                    yield _Entry(name, item, marks, is_volatile=True)
            elif is_set or is_exact or not default.is_kept_by(item):
                is_volatile = name in self.shape.volatile or (default.is_made and not is_set)
                yield _Entry(name, item, "" if is_set else "?", is_volatile)
        for name, item in extra.items():
            if name in fields or name in privates:
                raise Misfit(f"{name} is two things in one object")
            is_set = name in names_set
            marks = ("+" if name[:1] == "_" else "") + ("" if is_set else "?")
            yield _Entry(name, item, marks, is_volatile=False)
        for name, item in private.items():
            default = privates[name]
            if not default.is_kept_by(item):
                yield _Entry(name, item, "", is_volatile=default.is_made)

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the model without validating it: it was valid when it was recorded."""
        shape = self.shape
        attributes: dict[str, Any] = {}
        names_set: set[str] = set()
        extra: dict[str, Any] = {}
        private: dict[str, Any] = {}
        read, below_node = reader.read, node.below
        for name, item in expect(json, dict, self.name).items():
            at = below_node.get(name)
            marks = "" if at is None else at.marks
            value = read(item, at) if at is not None or type(item) in _MUTABLE else item
            if name in shape.fields and "." not in marks:
                attributes[name] = value
            elif name in shape.private and "." not in marks:
                private[name] = value
                continue
            elif "." in marks or (name[:1] == "_" and "+" not in marks):
                attributes[name] = value
                continue
            elif shape.keeps_extra:
                extra[name] = value
            else:
                raise Misfit(f"{self.name} has no field {name} any more: record it again")
            if "?" not in marks:
                names_set.add(name)
        if _EXACTLY not in node.marks:
            attributes = _completed(attributes, shape.fields)
        private = _completed(private, shape.private)
        return self.access.make(cls, (attributes, names_set, extra, private))


def _completed(held: dict[str, Any], defaults: Mapping[str, Default]) -> dict[str, Any]:
    """Give what is held and the defaults of the rest, in the order that the class has them in."""
    if list(held) == list(defaults):
        return held
    completed = {
        name: held[name] if name in held else default.again()
        for name, default in defaults.items()
        if name in held or default.value is not ABSENT
    }
    return {**completed, **held}
