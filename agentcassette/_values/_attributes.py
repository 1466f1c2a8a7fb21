"""The attributes that an object keeps, read and set without running code of its class."""

from __future__ import annotations

import functools
from contextlib import suppress
from types import BuiltinFunctionType, MemberDescriptorType
from typing import Any

from agentcassette._values._codec import Misfit
from agentcassette._values._names import mro

__all__ = ["Attributes", "allocate", "derived"]

_CACHED_HASH = "_attrs_cached_hash"  # attrs works it out again, and has to: it differs by process
_NO_DATA = frozenset({"__dict__", "__weakref__"})


def allocate(cls: type, *args: Any) -> Any:
    """Make an object as the nearest class written in C does, past any ``__new__`` in Python."""
    spaces = (type.__dict__["__dict__"].__get__(base) for base in mro(cls))
    known = (space["__new__"] for space in spaces if "__new__" in space)
    return next(new for new in known if isinstance(new, BuiltinFunctionType))(cls, *args)


def derived(cls: type) -> frozenset[str]:
    """Give the names under which the objects of a class cache what they can work out again."""
    return frozenset(
        name
        for base in mro(cls)
        for name, found in type.__dict__["__dict__"].__get__(base).items()
        if isinstance(found, functools.cached_property)
    )


class Attributes:
    """Where the objects of a class keep their attributes: in slots, in ``__dict__``, or in both.

    Args:
        cls: The class.

    Raises:
        Misfit: A slot is hidden behind something else of the same name.
    """

    def __init__(self, cls: type) -> None:
        seen: set[str] = set()
        slots: list[str] = []
        for base in mro(cls):
            space = type.__dict__["__dict__"].__get__(base)
            for name, found in space.items():
                is_slot = isinstance(found, MemberDescriptorType) and "__slots__" in space
                if is_slot and name not in _NO_DATA:
                    if name in seen:
                        raise Misfit(f"the slot {name} is hidden")
                    slots.append(name)
                seen.add(name)
        self.slots = tuple(slots)
        self.has_dict = bool(type.__dict__["__dictoffset__"].__get__(cls))
        self._derived = derived(cls)

    def get(self, value: object) -> dict[str, Any]:
        """Give the attributes of an object that are set, without what it only cached.

        Raises:
            Misfit: An attribute's name is no string.
        """
        found: dict[str, Any] = {}
        for name in self.slots:
            with suppress(AttributeError):
                found[name] = object.__getattribute__(value, name)
        if self.has_dict:
            found.update(object.__getattribute__(value, "__dict__"))
        if not all(type(name) is str for name in found):
            raise Misfit("an attribute has a name that is no string")
        if _CACHED_HASH in found:
            found[_CACHED_HASH] = None
        return {name: item for name, item in found.items() if name not in self._derived}

    def set(self, value: object, attributes: dict[str, Any]) -> None:
        """Set the attributes of an object.

        Raises:
            Misfit: The class has no place for one of them.
        """
        rest = dict(attributes)
        for name in self.slots:
            if name in rest:
                object.__setattr__(value, name, rest.pop(name))
        if self.has_dict:
            object.__getattribute__(value, "__dict__").update(rest)
        elif rest:
            raise Misfit(f"there is no attribute {min(rest)} any more: record it again")
