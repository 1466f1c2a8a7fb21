"""Functions and classes as values: what a model is told of a tool, so that a change is seen."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from agentcassette._values._codec import JSON, Codec, Misfit, Reader, Writer
from agentcassette._values._frameworks import told_of
from agentcassette._values._names import class_name, find_class, is_found, mro, readable_name
from agentcassette._values._opaque import without_addresses
from agentcassette._values._tree import below, lost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

    from agentcassette._values._tree import Node

__all__ = ["described_codec"]

_MAX_CLASSES = 100
_MAX_ARGUMENTS = 1_000
_MAX_WRAPPERS = 20
_VARARGS, _VARKEYWORDS = 0x04, 0x08  # of code objects, as in the documentation of ``inspect``
_NO_FIELDS = frozenset({"builtins", "typing", "typing_extensions"})


class _Described:
    """The base of what is described and can't be restored."""

    name = "!function"

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Refuse: a description is no program."""
        del cls, json, reader
        raise Misfit(f"a {node.name} is described on tape, not kept: hand over data instead")


class Function(_Described):
    """A function: its qualified name, docstring, and the parameters below all its wrappers."""

    def encode(self, value: Any, pointer: str, writer: Writer) -> JSON:
        """Describe the function."""
        writer.types[pointer] = self.name
        return _function(value)


class Method(_Described):
    """A bound method: as its function, and the class of the object that it is bound to."""

    def encode(self, value: Any, pointer: str, writer: Writer) -> JSON:
        """Describe the method."""
        writer.types[pointer] = self.name
        owner = value.__self__
        json = _function(getattr(value, "__func__", value))
        if owner is None or isinstance(owner, ModuleType):
            return json
        return {**json, "of": readable_name(owner if isinstance(owner, type) else type(owner))}


class Partial(_Described):
    """A ``functools.partial``: what it calls, and with what."""

    def encode(self, value: Any, pointer: str, writer: Writer) -> JSON:
        """Describe the call."""
        writer.types[pointer] = self.name
        json = {"partial": writer.write(value.func, f"{pointer}/partial")}
        if value.args:
            json["args"] = writer.write(list(value.args), f"{pointer}/args")
        if value.keywords:
            json["kwargs"] = writer.write(dict(value.keywords), f"{pointer}/kwargs")
        return json


class Class(_Described):
    """A class: its name, docstring and fields, with those of the classes in its fields."""

    name = "!type"

    def encode(self, value: type, pointer: str, writer: Writer) -> JSON:
        """Describe the class; that of an exception, which somebody may want to catch, is named."""
        if BaseException in mro(value) and is_found(value):
            writer.types[pointer] = "type"
            return class_name(value)
        writer.types[pointer] = self.name
        first, *rest = _classes([value])
        return {**first, "uses": rest} if rest else first

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Find the class of an exception, and refuse any other."""
        found = find_class(json) if type(json) is str else object
        return found if BaseException in mro(found) else super().decode(cls, json, node, reader)


class Annotation(_Described):
    """A type expression such as ``list[Trip]``: its text, and the classes in it."""

    name = "!annotation"

    def encode(self, value: object, pointer: str, writer: Writer) -> JSON:
        """Describe the expression."""
        writer.types[pointer] = self.name
        json: dict[str, JSON] = {"annotation": annotation_text(value)}
        uses = list(_classes(list(_named_in(value))))
        return {**json, "uses": uses} if uses else json


class Tool(_Described):
    """A tool that is an object: what a model is told of it.

    Args:
        name: The type name.
        told: The attributes that a model is told.
    """

    def __init__(self, name: str, told: tuple[str, ...]) -> None:
        self.name = lost(name)
        self.told = told

    def encode(self, value: object, pointer: str, writer: Writer) -> JSON:
        """Describe the tool."""
        writer.types[pointer] = self.name
        told = {name: getattr(value, name, None) for name in self.told}
        return {name: writer.write(item, below(pointer, name)) for name, item in told.items()}


_DESCRIBED: dict[str, Codec] = {
    "function": Function(),
    "builtin_function_or_method": Method(),
    "method": Method(),
    "method_descriptor": Function(),
    "wrapper_descriptor": Function(),
    "functools:_lru_cache_wrapper": Function(),
    "functools:partial": Partial(),
    "types:GenericAlias": Annotation(),
    "types:UnionType": Annotation(),
}


def described_codec(cls: type, name: str) -> Codec | None:
    """Give the codec of functions, of classes and of type expressions; None for any other class."""
    if type in mro(cls):
        return Class()
    told = told_of(cls)
    if told:
        return Tool(name, told)
    named = class_name(cls)
    return Annotation() if named.startswith("typing:") else _DESCRIBED.get(named)


def _function(value: Any) -> dict[str, JSON]:
    module = getattr(value, "__module__", None) or "builtins"
    json: dict[str, JSON] = {"function": f"{module}.{value.__qualname__}"}
    inner = value
    for _ in range(_MAX_WRAPPERS):
        inner = getattr(inner, "__wrapped__", inner)
    code = getattr(inner, "__code__", None)
    if code is not None:
        json["parameters"] = _signature(inner, code)
    if type(value.__doc__) is str:
        json["doc"] = value.__doc__
    return json


def _signature(value: Any, code: CodeType) -> str:
    try:
        annotations = dict(value.__annotations__)
    except Exception:  # noqa: BLE001 - they may be worked out only now, by the function's own code
        annotations = {}
    defaults = dict(value.__kwdefaults__ or {})
    positional = code.co_varnames[: code.co_argcount]
    defaults.update(zip(reversed(positional), reversed(value.__defaults__ or ())))
    said = []
    for name in _parameters(code):
        bare = name.lstrip("*")
        note = f": {annotation_text(annotations[bare])}" if bare in annotations else ""
        default = f" = {_default_text(defaults[bare])}" if bare in defaults else ""
        said.append(f"{name}{note}{default}")
    returned = f" -> {annotation_text(annotations['return'])}" if "return" in annotations else ""
    return f"({', '.join(said)}){returned}"


def _parameters(code: CodeType) -> Iterator[str]:
    """Give the names of the parameters with their stars, and the lone ``/`` and ``*``."""
    names, count, keywords = code.co_varnames, code.co_argcount, code.co_kwonlyargcount
    only = code.co_posonlyargcount
    yield from names[:only]
    if only:
        yield "/"
    yield from names[only:count]
    rest = count + keywords
    if code.co_flags & _VARARGS:
        yield f"*{names[rest]}"
        rest += 1
    elif keywords:
        yield "*"
    yield from names[count : count + keywords]
    if code.co_flags & _VARKEYWORDS:
        yield f"**{names[rest]}"


def _default_text(value: object) -> str:
    if type(value) in {str, int, float, bool, type(None), bytes}:
        return repr(value)
    return f"<{readable_name(type(value))}>"


def annotation_text(annotation: Any) -> str:
    """Give an annotation as a person writes it."""
    if isinstance(annotation, str):
        return annotation
    is_class = isinstance(annotation, type) and not hasattr(annotation, "__args__")
    return readable_name(annotation) if is_class else _stable_repr(annotation)


def _stable_repr(value: object) -> str:
    try:
        return without_addresses(repr(value))
    except Exception:  # noqa: BLE001 - a foreign repr, which may fail in any way
        return f"<{readable_name(type(value))}>"


def _classes(todo: list[type]) -> Iterator[dict[str, JSON]]:
    """Describe classes, and those in their fields, each once."""
    seen: set[type] = set()
    while todo and len(seen) < _MAX_CLASSES:
        cls = todo.pop(0)
        if cls in seen:
            continue
        seen.add(cls)
        json: dict[str, JSON] = {"class": readable_name(cls)}
        doc = type.__dict__["__dict__"].__get__(cls).get("__doc__")
        if type(doc) is str and cls.__module__ != "builtins":
            json["doc"] = without_addresses(doc)
        fields = dict(_fields(cls)) if cls.__module__ not in _NO_FIELDS else {}
        if fields:
            json["fields"] = {name: text for name, (text, _) in fields.items()}
        yield json
        todo += [used for _, note in fields.values() for used in _named_in(note)]


def _fields(cls: Any) -> Iterator[tuple[str, tuple[str, Any]]]:
    """Give the fields of a class: name, text, and annotation."""
    space = vars(cls)
    models = space.get("__pydantic_fields__") or space.get("__fields__")
    members = space.get("_member_map_")
    if isinstance(models, dict):
        for name, field in models.items():
            note = getattr(field, "annotation", None)
            yield name, (_stable_repr(field), note)
    elif isinstance(members, dict):
        for name, member in members.items():
            yield name, (_stable_repr(member._value_), None)
    else:
        for base in reversed(mro(cls)):
            notes = vars(base).get("__annotations__")
            for name, note in notes.items() if isinstance(notes, dict) else ():
                yield name, (annotation_text(note), note)


def _named_in(annotation: Any) -> Iterator[type]:
    """Give the classes with fields of their own in an annotation."""
    todo = [annotation]
    for _ in range(_MAX_ARGUMENTS):
        if not todo:
            return
        here = todo.pop(0)
        arguments = getattr(here, "__args__", None)
        if type(arguments) is tuple:
            todo += arguments
        elif isinstance(here, type) and here.__module__ not in _NO_FIELDS:
            yield here
