"""The codecs of the classes of the language, which most values are of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcassette._values._containers import Dict, Sequence, Set
from agentcassette._values._opaque import PLACEHOLDERS, Placeheld
from agentcassette._values._scalars import Bytes, Complex, Float, Integer
from agentcassette._values._texts import RANGE

if TYPE_CHECKING:
    from agentcassette._values._codec import Codec

__all__ = ["BUILTIN"]

BUILTIN: dict[type, Codec] = {
    int: Integer(),
    float: Float(),
    complex: Complex(),
    bytes: Bytes("bytes"),
    bytearray: Bytes("bytearray"),
    list: Sequence(""),
    tuple: Sequence("tuple"),
    dict: Dict(),
    set: Set("set"),
    frozenset: Set("frozenset"),
    range: RANGE,
    **dict.fromkeys(PLACEHOLDERS, Placeheld()),
}
