"""The raw responses of SDKs that Stainless generates (openai, anthropic, ...).

``client.chat.completions.with_raw_response.create(...)`` gives one, and frameworks use it inside:
they read its headers, and then call ``parse()``. In replay that parses the recorded body, with a
client that has no connection.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from agentcassette._values._codec import JSON, Misfit, Reader, Writer, expect
from agentcassette._values._names import class_name, find_class, mro
from agentcassette._values._responses import is_unread
from agentcassette._values._tree import lost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcassette._values._tree import Node

__all__ = ["is_read_later", "raw_response_codec"]

_BASES = ("_legacy_response:LegacyAPIResponse", "_response:BaseAPIResponse")


def raw_response_codec(cls: type, name: str) -> RawResponse | None:
    """Give the codec of the raw response of an SDK; None for any other class."""
    for base in mro(cls):
        package, _, rest = class_name(base).partition(".")
        if rest in _BASES and f"{package}._base_client" in sys.modules:
            return RawResponse(name, package)
    return None


def is_read_later(value: object) -> bool:
    """Tell whether a value is a response, raw or of HTTP, that tells more once it is asked for it.

    Its body may still come, chunk by chunk, or be parsed by a function that no tape can keep.
    """
    codec = raw_response_codec(type(value), "")
    return is_unread(value) if codec is None else not codec.keeps(vars(value))


class RawResponse:
    """A raw response: the HTTP response, and what ``parse()`` makes of it.

    Args:
        name: The type name.
        package: The SDK.
    """

    def __init__(self, name: str, package: str) -> None:
        self.name = name
        self.package = package

    def encode(self, value: object, pointer: str, writer: Writer) -> JSON:
        """Give the response; that of a stream, and one that needs a function, can't be restored."""
        held = vars(value)
        is_kept = self.keeps(held)
        writer.types[pointer] = self.name if is_kept else lost(self.name)
        return {
            "http_response": writer.write(held["http_response"], f"{pointer}/http_response"),
            "cast_to": class_name(held["_cast_to"]) if is_kept else None,
            "retries_taken": held["retries_taken"],
        }

    def keeps(self, held: Mapping[str, Any]) -> bool:
        """Tell of the attributes of a response whether it can be restored."""
        is_stream = held.get("_stream") or held.get("_is_sse_stream")
        is_read = not (is_stream or is_unread(held["http_response"]))
        return (
            is_read
            and self._is_model(held["_cast_to"])
            and not callable(held["_options"].post_parser)
        )

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the response, with the part of a client that parsing needs."""
        cast_to = find_class(expect(json, dict, self.name)["cast_to"])
        if not self._is_model(cast_to):
            raise Misfit(f"{self.package} has no model {cast_to.__name__}: record it again")
        client = object.__new__(self._class("_base_client", "BaseClient"))
        vars(client)["_strict_response_validation"] = False
        value: object = object.__new__(cls)
        vars(value).update(
            http_response=reader.read(json["http_response"], node.at("http_response")),
            retries_taken=json["retries_taken"],
            _cast_to=cast_to,
            _client=client,
            _options=self._class("_models", "FinalRequestOptions").construct(method="get", url=""),
            _parsed_by_type={},
            _stream=False,
            _is_sse_stream=False,
            _stream_cls=None,
        )
        return value

    def _is_model(self, cls: Any) -> bool:
        return isinstance(cls, type) and self._class("_models", "BaseModel") in mro(cls)

    def _class(self, module: str, name: str) -> Any:
        return vars(sys.modules[f"{self.package}.{module}"])[name]
