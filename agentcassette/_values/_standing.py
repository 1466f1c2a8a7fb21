"""What stands for an object: taped or played, it counts as the object that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcassette._values._codec import Misfit
from agentcassette._values._names import find_class, mro
from agentcassette._values._opaque import Opaque

if TYPE_CHECKING:
    from agentcassette._values._codec import JSON, Writer

__all__ = ["StandIn", "class_named", "standing_codec"]


class StandIn:
    """The base of what stands for an object, in a recording or in a replay.

    Handed to an intercepted call, it counts as an object of the class that it stands for.
    """

    __slots__ = ()


def standing_codec(cls: type, name: str) -> Standing | None:
    """Give the codec of what stands for an object; None for any other class."""
    del name
    return Standing() if StandIn in mro(cls) else None


class Standing(Opaque):
    """What stands for an object that is no data."""

    def encode(self, value: Any, pointer: str, writer: Writer) -> JSON:
        """Give the name of the class that it stands for."""
        name = value.__agentcassette_stands_for__
        writer.types[pointer] = f"!{name}"
        return f"<{name.replace(':', '.', 1)}>"


def class_named(name: object, package: str | None = None) -> type | None:
    """Give a class by its name on tape, if it is imported already; None if it is not.

    Args:
        name: The name, from a file that may have been edited.
        package: The top-level package whose submodules may be imported to find it.
    """
    try:
        return find_class(str(name), package)
    except Misfit:
        return None
