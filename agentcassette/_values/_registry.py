"""The types that users have registered, with their own way to JSON and back."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, TypeVar

__all__ = ["Registered", "register_type", "registered"]

T = TypeVar("T")


class Registered(NamedTuple):
    """How the values of a registered class become data, and come back."""

    encode: Callable[[Any], object]
    decode: Callable[[Any], object]


_registry: dict[type, Registered] = {}


def register_type(
    cls: type[T], *, encode: Callable[[T], object], decode: Callable[[Any], T]
) -> None:
    """Tell how values of a class are kept in cassettes.

    It counts for values of exactly this class, and before whatever is known of it otherwise.

    Args:
        cls: The class. In replay it is found by its module and qualified name.
        encode: Gives the data of a value: anything that a cassette can keep, best a dict.
        decode: Makes a value from an equal copy of that data.

    Raises:
        TypeError: ``cls`` is no class.
    """
    if not isinstance(cls, type):
        raise TypeError(f"register_type takes a class, not {cls!r}")
    _registry[cls] = Registered(encode, decode)


def registered(cls: type) -> Registered | None:
    """Give how a class was registered, if it was."""
    return _registry.get(cls)
