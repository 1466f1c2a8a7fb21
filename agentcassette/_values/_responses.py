"""HTTP requests, responses and headers of httpx, httpx2, requests and aiohttp.

The headers of a request are left out: they say who asks, with a key. So are the cookies that
requests keeps apart from the headers they came in.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from agentcassette._values._codec import JSON, REDACTED, Codec, Reader, Writer, expect
from agentcassette._values._names import class_name
from agentcassette._values._scalars import write_body
from agentcassette._values._tree import lost

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agentcassette._values._tree import Node

__all__ = ["http_codec", "is_unread"]


def http_codec(cls: type, name: str) -> Codec | None:
    """Give the codec of a request, a response or headers; None for any other class."""
    make = _CODECS.get(class_name(cls))
    return None if make is None else make(name)


def is_unread(value: object) -> bool:
    """Tell whether a value is a response whose body is still to be read."""
    codec = _CODECS.get(class_name(type(value)))
    is_response = codec is not None and issubclass(codec, _Response)
    held = vars(value) if is_response else {}
    return is_response and type(held.get("_content", held.get("_body"))) is not bytes


class _Headers:
    """The headers of httpx or requests, in which upper case is lower case."""

    def __init__(self, name: str) -> None:
        self.name = name

    def encode(self, value: Any, pointer: str, writer: Writer) -> JSON:
        """Give the headers by name."""
        writer.types[pointer] = self.name
        return _headers(value.multi_items() if hasattr(value, "multi_items") else value.items())

    def decode(self, cls: Any, json: JSON, node: Node, reader: Reader) -> object:
        """Make the headers."""
        del node, reader
        return cls(_header_pairs(json))


def _headers(pairs: Iterable[tuple[str, str]]) -> dict[str, JSON]:
    """Give headers by name, with a list where a name comes more than once."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _header_pairs(json: JSON) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, values in expect(json, dict, "headers").items()
        for value in (values if type(values) is list else [values])
    ]


def _text(raw: bytes, encoding: str) -> str:
    return raw.decode(encoding, "replace")


class _Request:
    """A request of httpx or requests: method, URL and body."""

    def __init__(self, name: str) -> None:
        self.name = name

    def encode(self, value: Any, pointer: str, writer: Writer) -> JSON:
        """Give what is asked for, and the body if there is one that has been read."""
        writer.types[pointer] = self.name
        json = _target(value)
        body = self._body(value)
        if body:
            json["content"] = writer.write(body, f"{pointer}/content")
        return json

    def _body(self, value: Any) -> object:
        return vars(value).get("_content")

    def decode(self, cls: Any, json: JSON, node: Node, reader: Reader) -> object:
        """Make the request."""
        body = reader.read(json.get("content"), node.at("content"))
        return self._make(cls, json, body)

    def _make(self, cls: Any, json: JSON, body: Any) -> object:
        return cls(json["method"], json["url"], content=body)


class _PreparedRequest(_Request):
    """A request of requests."""

    def _body(self, value: Any) -> object:
        return value.body

    def _make(self, cls: Any, json: JSON, body: Any) -> object:
        request = cls()
        request.method, request.url, request.body = json["method"], json["url"], body
        return request


def _target(request: Any) -> dict[str, JSON]:
    return {"method": request.method, "url": str(request.url)}


class _Response:
    """A response of httpx: status, headers, body, and what was asked for."""

    def __init__(self, name: str) -> None:
        self.name = name

    def encode(self, value: Any, pointer: str, writer: Writer) -> JSON:
        """Give the response; one whose body was never read can't be restored."""
        json = self._head(value)
        content, request = vars(value).get("_content"), self._request(value)
        is_read = type(content) is bytes
        writer.types[pointer] = self.name if is_read else lost(self.name)
        if is_read:
            json["content"] = write_body(content, f"{pointer}/content", writer)
        if request is not None:
            json["request"] = _target(request)
        if value.history:
            json["history"] = writer.write(list(value.history), f"{pointer}/history")
        return json

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the response."""
        from datetime import timedelta

        response: Any = self._made(cls, json)
        response.history = reader.read(json.get("history", []), node.at("history"))
        response.elapsed = timedelta(0)
        content = reader.read(json["content"], node.at("content"))
        if content == REDACTED:
            content = REDACTED.encode()
        vars(response)["_content"] = expect(content, bytes, "the content")
        return response

    def _head(self, value: Any) -> dict[str, JSON]:
        headers, encoding = value.headers, value.headers.encoding
        json: dict[str, JSON] = {
            "status_code": value.status_code,
            "headers": _headers((_text(k, encoding), _text(v, encoding)) for k, v in headers.raw),
        }
        for name, usual in (("http_version", "HTTP/1.1"), ("reason_phrase", _phrase(value))):
            said = value.extensions.get(name)
            if type(said) is bytes and _text(said, "ascii") != usual:
                json[name] = _text(said, "ascii")
        return json

    def _request(self, value: Any) -> Any:
        return vars(value)["_request"]

    def _made(self, cls: Any, json: JSON) -> object:
        library = vars(sys.modules[cls.__module__])
        response = cls(
            json["status_code"],
            headers=_header_pairs(json["headers"]),
            stream=library["ByteStream"](b""),
            extensions={name: json[name].encode() for name in _EXTENSIONS if name in json},
        )
        if "request" in json:
            response.request = library["Request"](json["request"]["method"], json["request"]["url"])
        response.is_closed = response.is_stream_consumed = True
        return response


class _RequestsResponse(_Response):
    """A response of requests."""

    def _head(self, value: Any) -> dict[str, JSON]:
        head = {name: getattr(value, name) for name in _HEAD}
        return {**head, "headers": _headers(value.headers.items())}

    def _request(self, value: Any) -> Any:
        return value.request

    def _made(self, cls: Any, json: JSON) -> object:
        response = cls()
        for name in _HEAD:
            setattr(response, name, json[name])
        response.headers.update(_header_pairs(json["headers"]))
        if "request" in json:
            request = vars(sys.modules[cls.__module__])["PreparedRequest"]()
            request.method, request.url = json["request"]["method"], json["request"]["url"]
            response.request = request
        vars(response)["_content_consumed"] = True
        return response


class _AiohttpResponse(_Response):
    """A response of aiohttp."""

    def encode(self, value: Any, pointer: str, writer: Writer) -> JSON:
        """Give the response; one whose body was never read can't be restored."""
        content = vars(value).get("_body")
        is_read = type(content) is bytes
        writer.types[pointer] = self.name if is_read else lost(self.name)
        headers = ((_text(name, "utf-8"), _text(text, "utf-8")) for name, text in value.raw_headers)
        json: dict[str, JSON] = {
            "status": value.status,
            "reason": value.reason,
            "headers": _headers(headers),
            "request": _target(value),
        }
        if is_read:
            json["content"] = write_body(content, f"{pointer}/content", writer)
        return json

    def decode(self, cls: Any, json: JSON, node: Node, reader: Reader) -> object:
        """Make the response, closed."""
        content = reader.read(json["content"], node.at("content"))
        body = REDACTED.encode() if content == REDACTED else expect(content, bytes, "the content")
        pairs = _header_pairs(json["headers"])
        library = vars(sys.modules[cls.__module__])
        response: Any = object.__new__(cls)
        vars(response).update(
            status=json["status"],
            reason=json["reason"],
            method=json["request"]["method"],
            _url=library["URL"](json["request"]["url"]),
            _headers=library["CIMultiDictProxy"](library["CIMultiDict"](pairs)),
            _raw_headers=tuple((name.encode(), text.encode()) for name, text in pairs),
            _body=body,
            _cache={},
            _history=(),
            _closed=True,
            _resolve_charset=_utf8,
        )
        return response


def _utf8(*_: object) -> str:
    """Tell the character set of a body that does not tell it, as aiohttp does by itself."""
    return "utf-8"


def _phrase(response: Any) -> str:
    from http import HTTPStatus

    try:
        return HTTPStatus(response.status_code).phrase
    except ValueError:
        return ""


_EXTENSIONS = ("http_version", "reason_phrase")
_HEAD = ("status_code", "reason", "url", "encoding")

_CODECS: dict[str, type[_Headers | _Request | _Response]] = {
    "aiohttp.client_reqrep:ClientResponse": _AiohttpResponse,
    "httpx:Headers": _Headers,
    "httpx2:Headers": _Headers,
    "requests.structures:CaseInsensitiveDict": _Headers,
    "httpx:Request": _Request,
    "httpx2:Request": _Request,
    "httpx:Response": _Response,
    "httpx2:Response": _Response,
    "requests.models:PreparedRequest": _PreparedRequest,
    "requests.models:Response": _RequestsResponse,
}
