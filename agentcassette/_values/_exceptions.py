"""Exceptions: class, args, attributes and cause, in a form that a person can read."""

from __future__ import annotations

from itertools import islice, takewhile
from types import GetSetDescriptorType, MemberDescriptorType
from typing import TYPE_CHECKING, Any

from agentcassette._values._attributes import Attributes, allocate
from agentcassette._values._codec import JSON, REDACTED, Misfit, Reader, Writer, expect
from agentcassette._values._containers import read_items, read_mapping
from agentcassette._values._names import mro
from agentcassette._values._opaque import without_addresses
from agentcassette._values._placeholder import Unreplayable, UnreplayableError, lost_of
from agentcassette._values._tree import Node, is_lost

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["error_codec"]

_args = BaseException.__dict__["args"]
_cause = BaseException.__dict__["__cause__"]
_UNORDERED = frozenset({"frozenset", "frozenset)", "set", "set)"})


def error_codec(cls: Any, name: str) -> Error | None:
    """Give the codec of an exception class; None for any other class."""
    return Error(cls, name) if BaseException in mro(cls) else None


class Error:
    """An exception.

    Args:
        cls: The class.
        name: The type name.
    """

    def __init__(self, cls: type[BaseException], name: str) -> None:
        self.name = name
        self.title = cls.__name__
        self.attributes = Attributes(cls)
        self.builtin = tuple(_builtin_attributes(cls))

    def encode(self, value: BaseException, pointer: str, writer: Writer) -> JSON:
        """Give what there is of the exception; what is empty is left out."""
        writer.types[pointer] = self.name
        mark = len(writer.types)
        given, cause = _args.__get__(value), _cause.__get__(value)
        args = writer.write(list(given), f"{pointer}/args")
        attributes = writer.write(self._held(value), f"{pointer}/attributes")
        json = {"type": self.title}
        text = args[0] if len(args) == 1 and type(given[0]) is str else None
        message = _message_of(value)
        if message == text or (
            message and all(map(_is_told_alike, islice(writer.types.values(), mark, None)))
        ):
            json["message"] = message
        if message != text and (args or message):
            json["args"] = args
        if attributes:
            json["attributes"] = attributes
        if cause is not None:
            json["cause"] = writer.write(cause, f"{pointer}/cause")
        return json

    def _held(self, value: BaseException) -> dict[str, Any]:
        held = self.attributes.get(value)
        for name in self.builtin:
            item = _attribute(value, name)
            if item is not None:
                held[name] = item
        return held

    def decode(self, cls: type[Any], json: JSON, node: Node, reader: Reader) -> object:
        """Make the exception without its constructor."""
        expect(json, dict, self.name)
        if "args" in json:
            args = read_items(json["args"], node.at("args") or Node(), reader, "the args")
        else:
            args = [json["message"]] if "message" in json else []
        value = allocate(cls, *map(_raisable_in, args))
        if type(value) is not cls:
            raise Misfit(f"{self.name} can't be made from its args: record it again")
        _args.__set__(value, tuple(args))
        held = json.get("attributes", {})
        attributes = read_mapping(held, node.at("attributes") or Node(), reader, "attributes")
        for name in self.builtin:
            if name in attributes:
                object.__setattr__(value, name, attributes.pop(name))
        self.attributes.set(value, attributes)
        if json.get("cause", REDACTED) != REDACTED:
            _cause.__set__(value, _raisable(reader.read(json["cause"], node.at("cause"))))
        return value


def _is_told_alike(name: str) -> bool:
    """Tell whether the text of a value of a type is the same in every run."""
    return not (is_lost(name) or name in _UNORDERED or name.partition("(")[2] in _UNORDERED)


def _attribute(value: BaseException, name: str) -> Any:
    try:
        return object.__getattribute__(value, name)
    except AttributeError:  # ``OSError.characters_written`` is not always there
        return None


def _message_of(value: BaseException) -> str:
    try:
        return without_addresses(str(value))
    except Exception:  # noqa: BLE001 - the exception's own __str__, which may fail in any way
        return ""


def _builtin_attributes(cls: type) -> Iterator[str]:
    """Give the names of what the classes written in C keep, apart from BaseException itself."""
    for base in takewhile(lambda base: base is not BaseException, mro(cls)):
        space = type.__dict__["__dict__"].__get__(base)
        if "__slots__" not in space and base.__name__ != "BaseExceptionGroup":
            yield from (name for name, found in space.items() if _is_kept(name, found))


def _is_kept(name: str, found: object) -> bool:
    """Tell whether something of such a class is data; what an AttributeError is about is not."""
    is_stored = isinstance(found, (GetSetDescriptorType, MemberDescriptorType))
    return is_stored and not name.startswith("__") and name != "obj"


def _raisable(value: Any) -> Any:
    """Give an exception for a placeholder that stands where only an exception may stand."""
    return UnreplayableError(lost_of(value)) if type(value) is Unreplayable else value


def _raisable_in(value: Any) -> Any:
    if type(value) in {list, tuple}:
        return [_raisable(item) for item in value]
    return value
