"""The types that users have registered, with their own way to JSON and back."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, TypeVar

from agentcassette._values._names import class_name, mro

__all__ = ["Registered", "register_type", "registered", "registered_as"]

T = TypeVar("T")


class Registered(NamedTuple):
    """How the values of a registered class become data, and come back."""

    encode: Callable[[Any], object]
    decode: Callable[[Any], object]


_registry: dict[type, Registered] = {}
_named: dict[str, type] = {}  # the last that was registered of each name


def register_type(
    cls: type[T], *, encode: Callable[[T], object], decode: Callable[[Any], T]
) -> None:
    """Tell how values of a class are kept in cassettes.

    It counts for values of exactly this class, and of those that a library derives from it at run
    time under its name; and before whatever is known of it otherwise.

    Args:
        cls: The class. In replay it is found among the registered ones, by its module and qualified
            name: no module has to have it. Of two of one name the last counts.
        encode: Gives the data of a value: anything that a cassette can keep, best a dict.
        decode: Makes a value from an equal copy of that data.

    Raises:
        TypeError: ``cls`` is no class.
    """
    if not isinstance(cls, type):
        raise TypeError(f"register_type takes a class, not {cls!r}")
    _registry[cls] = Registered(encode, decode)
    _named[class_name(cls)] = cls


def registered(cls: type) -> Registered | None:
    """Give how a class was registered, or the one that it is derived from under its name."""
    user = _registry.get(cls)
    if user is None and _registry:
        base = registered_as(class_name(cls))
        user = _registry[base] if base in mro(cls) else None
    return user


def registered_as(name: str) -> type | None:
    """Give the registered class of a name on tape, if there is one."""
    cls = _named.get(name)
    return cls if cls in _registry else None
