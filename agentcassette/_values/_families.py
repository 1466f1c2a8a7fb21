"""Which family a class belongs to, and so which codec its values have."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

from agentcassette._values import _dates
from agentcassette._values._builtin import BUILTIN
from agentcassette._values._codec import Codec, Misfit
from agentcassette._values._containers import PLAIN, Deque
from agentcassette._values._described import described_codec
from agentcassette._values._enums import enum_codec
from agentcassette._values._exceptions import error_codec
from agentcassette._values._frameworks import is_context
from agentcassette._values._generics import generic_name, parametrized
from agentcassette._values._names import (
    class_name,
    find,
    find_class,
    found_name,
    mro,
    standard_class,
)
from agentcassette._values._opaque import PLACEHOLDERS, Opaque
from agentcassette._values._pydantic import is_model, model_codec, url_codec
from agentcassette._values._raw_responses import raw_response_codec
from agentcassette._values._records import record_codec
from agentcassette._values._registered import Custom
from agentcassette._values._registry import registered, registered_as
from agentcassette._values._responses import http_codec
from agentcassette._values._sentinels import sentinel_codec
from agentcassette._values._standing import standing_codec
from agentcassette._values._structs import struct_codec
from agentcassette._values._subclasses import Subclass, named_tuple_codec
from agentcassette._values._texts import Text, path_text, read_fraction, same_class
from agentcassette._values._tree import is_lost, without_marks
from agentcassette._values._validation import validation_codec

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["codec_of", "find_family", "is_compared_by_class", "is_value"]

_OPAQUE = Opaque()

_STANDARD_MODULES = frozenset({"unittest", "weakref", "re", "functools", "asyncio", "builtins"})
"""Modules whose objects have a way of being equal, and are no data all the same."""

_PLAIN = PLAIN | {object}  # what a generic model may have as an argument, and no codec is for

_PURE = ("PurePosixPath", "PureWindowsPath")

_STANDARD: dict[str, Codec] = {
    "collections:deque": Deque(),
    "datetime:date": Text("date", _dates.write_date, _dates.read_date),
    "datetime:datetime": _dates.Moment("datetime", "datetime"),
    "datetime:time": _dates.Moment("time", "time"),
    "datetime:timedelta": Text("timedelta", _dates.write_duration, _dates.read_duration),
    "datetime:timezone": Text("timezone", _dates.write_timezone, _dates.read_timezone),
    "decimal:Decimal": Text("Decimal", str, same_class),
    "fractions:Fraction": Text("Fraction", str, read_fraction),
    "uuid:UUID": Text("UUID", str, same_class),
    "zoneinfo:ZoneInfo": Text("ZoneInfo", _dates.write_zone, same_class),
}
for _module in ("pathlib", "pathlib._local"):  # where the classes say they are depends on Python
    _STANDARD[f"{_module}:PosixPath"] = Text("Path", path_text, same_class)
    _STANDARD[f"{_module}:WindowsPath"] = Text("Path", path_text, same_class)
    _STANDARD.update({f"{_module}:{pure}": Text(pure, path_text, same_class) for pure in _PURE})

_SHORT = {name.partition(":")[2]: name for name in _STANDARD if not name.startswith("pathlib")}
_SHORT.update({name: f"pathlib:{name}" for name in (*_PURE, "Path")})
for _class in BUILTIN.keys() - PLACEHOLDERS:
    _SHORT[_class.__name__] = f"builtins:{_class.__name__}"
_SHORT["type"] = "builtins:type"
_SHORT["SimpleNamespace"] = "types:SimpleNamespace"

_codecs: WeakKeyDictionary[type, Codec] = WeakKeyDictionary()


def codec_of(cls: type) -> Codec:
    """Give the codec of a class; that of objects that are no data if it is in no family."""
    user = registered(cls)
    if user is not None:
        name = class_name(cls)
        return Custom(name if registered_as(name) in mro(cls) else _name(cls), user)
    codec = _codecs.get(cls)
    if codec is None:
        codec = _codecs[cls] = _make(cls)
    return codec


def find_family(name: str, package: str | None = None) -> tuple[type, Codec]:
    """Find a class and its codec by a type name.

    Args:
        name: The type name, with what stands behind it in brackets or parentheses.
        package: The top-level package whose submodules may be imported for it.

    Raises:
        Misfit: There is no such class, or it belongs to no family.
    """
    head = name.partition("(")[0]
    plain, _, arguments = head.partition("[")
    if plain in _SHORT:
        cls = standard_class(_SHORT[plain])
        return cls, codec_of(cls) if plain != "Path" else _STANDARD["pathlib:PosixPath"]
    cls = registered_as(head) or find_class(plain, package)
    if arguments and is_model(cls):
        cls = parametrized(head, lambda argument: _find_argument(argument, package))
    return cls, codec_of(cls)


def is_value(cls: type) -> bool:
    """Tell whether the objects of a class are values, though they may be no data to us.

    A client or a lock is itself; a picture or an array is what it holds, and can be compared.
    """
    module = class_name(cls).partition(":")[0]
    is_compared = "__eq__" in {name for base in mro(cls)[:-1] for name in vars(base)}
    is_standard = module.partition(".")[0] in _STANDARD_MODULES
    return is_compared and not is_standard and not is_context(cls)


def is_compared_by_class(name: str) -> bool:
    """Tell of a type name on tape whether its values are no data to us, though they are values."""
    try:
        cls = find_class(without_marks(name).lstrip("!"))
    except Misfit:
        return False
    return is_lost(name) and codec_of(cls) is _OPAQUE and is_value(cls)


def _find_argument(name: str, package: str | None = None) -> object:
    """Find a class of data, or a type variable, that a generic model may have as an argument."""
    found = standard_class(_SHORT[name]) if name in _SHORT else find(name, package)
    is_data = isinstance(found, type) and (found in _PLAIN or codec_of(found) is not _OPAQUE)
    if not is_data and type(found) is not TypeVar:
        raise Misfit(f"{name} is no class of data: record it again")
    return found


def _name(cls: type) -> str:
    generic = generic_name(cls, _find_argument)
    if generic:
        return generic
    return found_name(cls) or f"!{class_name(cls)}"


def _make(cls: type) -> Codec:
    codec = BUILTIN.get(cls) or _standard(cls)
    if codec is not None:
        return codec
    name = _name(cls)
    try:
        return next(filter(None, (make(cls, name) for make in _MAKERS)), _OPAQUE)
    except Misfit:
        return _OPAQUE


def _standard(cls: type) -> Codec | None:
    name = class_name(cls)
    is_real = name in _STANDARD and standard_class(name) is cls
    return _STANDARD[name] if is_real else None


def _no_data(cls: type, name: str) -> Codec | None:
    """Give the codec of what is no data although it is made like data."""
    del name
    holds_a_resource = any("__del__" in vars(base) for base in mro(cls))
    return _OPAQUE if holds_a_resource or is_context(cls) else None


def _subclass_codec(cls: type, name: str) -> Codec | None:
    return Subclass(cls, name, codec_of) if Subclass.fits(cls) else None


_MAKERS: tuple[Callable[[type, str], Codec | None], ...] = (
    standing_codec,
    described_codec,
    validation_codec,
    error_codec,
    enum_codec,
    http_codec,  # a response of aiohttp has a __del__
    _no_data,
    model_codec,
    url_codec,
    struct_codec,
    sentinel_codec,
    raw_response_codec,
    named_tuple_codec,
    _subclass_codec,
    _dates.moment_codec,
    record_codec,
)
"""What gives the codec of a class if it belongs to its family, in the order they are asked."""
