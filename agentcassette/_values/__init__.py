"""A Python value as plain JSON beside a map of its types, and back.

The map has the type name of each place that JSON has no form for, by JSON pointer:

    tuple  bytes  datetime    a class of the language or of its standard library, by a short name
    app.models:Trip           any other class, by its module and qualified name
    bytes[base64]             what the JSON can't say, or the arguments of a generic model
    app.models:Tags(tuple)    the JSON of another type, which the value is made of
    !app.models:Client        what can't be restored; the JSON is for people only
    ?datetime                 a field of a pydantic model, with something said of it before its type

Plain data needs none of the families of classes: `_families` and `_raw_responses` are imported by
the first value that does, and by the rooms that ask for more than the values.
"""

from __future__ import annotations

from agentcassette._values._codec import JSON
from agentcassette._values._decoder import decode, decode_error, decode_items
from agentcassette._values._encoder import (
    Comparable,
    Encoded,
    encode,
    encode_call,
    is_data,
    unreplayable,
)
from agentcassette._values._names import class_name
from agentcassette._values._registry import register_type
from agentcassette._values._sentinels import is_not_given, not_given
from agentcassette._values._standing import StandIn, class_named
from agentcassette._values._verified import encode_verified

__all__ = [
    "JSON",
    "Comparable",
    "Encoded",
    "StandIn",
    "class_name",
    "class_named",
    "decode",
    "decode_error",
    "decode_items",
    "encode",
    "encode_call",
    "encode_verified",
    "is_data",
    "is_not_given",
    "not_given",
    "register_type",
    "unreplayable",
]
