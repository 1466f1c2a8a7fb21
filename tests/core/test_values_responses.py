"""HTTP requests and responses of httpx, httpx2 and requests."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import importlib
import importlib.util
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import aiohttp
import anthropic
import httpx
import openai
import pytest
import requests

from agentcassette import UnreplayableValue
from agentcassette._values import decode, encode, unreplayable
from agentcassette._values._raw_responses import is_read_later

LIBRARIES = [
    importlib.import_module(name)
    for name in ("httpx", "httpx2")
    if importlib.util.find_spec(name) is not None
]


def through_json(value: object) -> Any:
    """Give what comes back of a value after its JSON went through a file."""
    encoded = encode(value)
    return decode(json.loads(json.dumps(encoded.json, allow_nan=False)), encoded.types)


@pytest.fixture(params=LIBRARIES, ids=lambda library: library.__name__)
def library(request):
    """Every version of httpx that is there."""
    return request.param


def test_a_response_is_readable_on_tape(library):
    """Status, headers, body, and what was asked for; nothing of who asked."""
    response = library.Response(
        200,
        headers=[("X-Id", "1"), ("set-cookie", "a=1"), ("set-cookie", "b=2")],
        content=b'{"text":"hi"}',
        request=library.Request(
            "POST", "https://api.example/v1", headers={"authorization": "Bearer x"}, content=b"ask"
        ),
    )
    assert encode(response) == (
        {
            "status_code": 200,
            "headers": {"X-Id": "1", "set-cookie": ["a=1", "b=2"], "Content-Length": "13"},
            "content": {"text": "hi"},
            "request": {"method": "POST", "url": "https://api.example/v1"},
        },
        {"": f"{library.__name__}:Response", "/content": "bytes[json]"},
        (),
    )


def test_a_response_comes_back_working(library):
    """Whatever reads a response reads the replayed one as well."""
    response = library.Response(
        404,
        headers=[("content-type", "application/json"), ("x", "1"), ("x", "2")],
        content=b'{"a": [1]}',
        request=library.Request("GET", "https://api.example/v1"),
    )
    back = through_json(response)
    assert type(back) is library.Response
    assert back.json() == {"a": [1]}
    assert (back.text, back.content, back.read()) == ('{"a": [1]}', b'{"a": [1]}', b'{"a": [1]}')
    assert (back.status_code, back.reason_phrase) == (404, "Not Found")
    assert back.http_version == "HTTP/1.1"
    assert back.headers == response.headers
    assert back.headers.get_list("x") == ["1", "2"]
    assert str(back.url) == "https://api.example/v1"
    assert back.is_closed
    assert back.elapsed == dt.timedelta(0)
    assert list(back.iter_bytes()) == [b'{"a": [1]}']
    assert "".join(back.iter_text()) == '{"a": [1]}'
    with pytest.raises(library.HTTPStatusError):
        back.raise_for_status()
    assert encode(back) == encode(response)


def test_what_a_server_says_of_itself_comes_back(library):
    """An unusual version and phrase are kept, and redirects are followed back."""
    first = library.Response(301, headers={"location": "/b"}, content=b"")
    response = library.Response(
        599,
        content=b"\xff",
        history=[first],
        extensions={"http_version": b"HTTP/2", "reason_phrase": b"Odd", "network_stream": object()},
    )
    back = through_json(response)
    assert (back.http_version, back.reason_phrase) == ("HTTP/2", "Odd")
    assert back.content == b"\xff"
    assert [earlier.status_code for earlier in back.history] == [301]
    assert encode(back) == encode(response)


def test_a_compressed_response_is_kept_unpacked(library):
    """The body is what was read; the header that names the compression stays."""
    packed = gzip.compress(b"unpacked")
    back = through_json(library.Response(200, headers={"content-encoding": "gzip"}, content=packed))
    assert back.text == "unpacked"
    assert back.headers["content-encoding"] == "gzip"


def test_a_response_that_was_never_read_cannot_be_restored(library):
    """A stream is not read for the tape's sake."""
    response = library.Response(200, content=iter([b"a"]))
    encoded = encode(response)
    assert encoded.json["status_code"] == 200
    assert unreplayable(encoded.types) == [("", f"{library.__name__}:Response")]
    assert is_read_later(response)
    assert not is_read_later(library.Response(200, content=b"a"))
    assert b"".join(response.iter_bytes()) == b"a"


def test_a_redacted_body_is_the_placeholder(library):
    """A body that was taken out whole is one of four stars."""
    encoded = encode(library.Response(200, content=b"secret"))
    encoded.json["content"] = "****"
    assert decode(encoded.json, encoded.types).text == "****"


def test_a_request_is_method_url_and_body(library):
    """Its headers hold a key, and are left out."""
    request = library.Request(
        "POST", "https://api.example/v1", headers={"authorization": "Bearer x"}, content=b"ask"
    )
    assert encode(request) == (
        {"method": "POST", "url": "https://api.example/v1", "content": "ask"},
        {"": f"{library.__name__}:Request", "/content": "bytes"},
        (),
    )
    back = through_json(request)
    assert type(back) is library.Request
    assert (back.method, str(back.url), back.content) == ("POST", "https://api.example/v1", b"ask")
    bare = library.Request("GET", "https://api.example/v1")
    assert through_json(bare).read() == b""


COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-5",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "hi"},
        }
    ],
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": "hi"}],
    "usage": {"input_tokens": 1, "output_tokens": 2},
}


def transport_of(sdk: Any, body: Any) -> Any:
    """Give what answers an SDK, and the library that the SDK speaks through."""
    http = importlib.import_module("httpx2" if hasattr(sdk._exceptions, "httpx2") else "httpx")

    def answer(request: Any) -> Any:
        return http.Response(200, json=body, headers={"x-request-id": "req_1"}, request=request)

    return http, http.MockTransport(answer)


def client_of_openai() -> openai.OpenAI:
    """Give a client without a connection."""
    http, transport = transport_of(openai, COMPLETION)
    return openai.OpenAI(api_key="sk-1", http_client=http.Client(transport=transport))


ASKED = {"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}]}


def test_a_raw_response_of_openai_can_still_be_parsed():
    """Frameworks ask for raw responses inside, read their headers, and parse them."""
    with client_of_openai() as client:
        raw = client.chat.completions.with_raw_response.create(**ASKED)
    encoded = encode(raw)
    assert encoded.json["cast_to"] == "openai.types.chat.chat_completion:ChatCompletion"
    assert unreplayable(encoded.types) == []
    back = through_json(raw)
    assert type(back) is type(raw)
    assert back.headers["x-request-id"] == "req_1"
    assert back.parse() == raw.parse()
    assert back.parse()._request_id == "req_1"
    assert encode(back) == encoded


def test_a_raw_response_of_anthropic_can_still_be_parsed():
    """The other SDKs have the same classes."""
    http, transport = transport_of(anthropic, MESSAGE)
    with anthropic.Anthropic(api_key="x", http_client=http.Client(transport=transport)) as client:
        raw = client.messages.with_raw_response.create(max_tokens=5, **ASKED)
    assert through_json(raw).parse() == raw.parse()


def test_a_raw_response_that_needs_a_function_is_told():
    """Structured output is parsed by a function of the call, which is not on tape."""
    with client_of_openai() as client:
        raw = client.chat.completions.with_raw_response.parse(**ASKED)
    assert unreplayable(encode(raw).types) == [("", "openai._legacy_response:LegacyAPIResponse")]
    assert is_read_later(raw)


def test_a_raw_response_that_is_still_to_be_read_is_told():
    """What it is asked for is taped, not the response."""
    with client_of_openai() as client:
        stream = client.chat.completions.with_raw_response.create(**ASKED, stream=True)
        read = client.chat.completions.with_raw_response.create(**ASKED)
    assert is_read_later(stream)
    assert not is_read_later(read)
    assert not is_read_later(ASKED)


def test_headers_come_back(library):
    """With upper case and lower case, and with a name that comes twice."""
    headers = library.Headers([("X-Id", "1"), ("set-cookie", "a=1"), ("set-cookie", "b=2")])
    assert encode(headers).json == {"x-id": "1", "set-cookie": ["a=1", "b=2"]}
    back = through_json(headers)
    assert (type(back), back, back["X-ID"]) == (library.Headers, headers, "1")
    assert back.get_list("set-cookie") == ["a=1", "b=2"]


def test_a_raw_response_is_parsed_as_a_model_of_its_sdk_only():
    """What a cassette names as the result is no class of anything else."""
    with client_of_openai() as client:
        encoded = encode(client.chat.completions.with_raw_response.create(**ASKED))
    encoded.json["cast_to"] = "subprocess:Popen"
    with pytest.raises(UnreplayableValue, match="no model Popen"):
        decode(encoded.json, encoded.types).parse()


class Special(httpx.Response):
    """A response of a class of its own."""


def test_a_response_of_a_class_of_its_own_is_no_data():
    """What it holds beyond a response is not known."""
    assert encode(Special(200)).types == {"": f"!{__name__}:Special"}


def answer(**attributes: Any) -> requests.Response:
    """Give a response as requests makes it."""
    response = requests.Response()
    response.status_code = 200
    response.reason = "OK"
    response.url = "https://api.example/v1"
    response.headers["Content-Type"] = "application/json"
    response.encoding = "utf-8"
    response._content = b'{"a": 1}'
    for name, value in attributes.items():
        setattr(response, name, value)
    return response


def test_a_response_of_requests_comes_back_working():
    """Status, headers, body, encoding, and what was asked for."""
    asked = requests.Request(
        "POST", "https://api.example/v1", headers={"Authorization": "x"}, data="ask"
    ).prepare()
    response = answer(request=asked, history=[answer(status_code=301)])
    encoded = encode(response)
    assert encoded.json["headers"] == {"Content-Type": "application/json"}
    assert encoded.json["request"] == {"method": "POST", "url": "https://api.example/v1"}
    back = through_json(response)
    assert type(back) is requests.Response
    assert back.json() == {"a": 1}
    assert (back.text, back.content, back.ok) == ('{"a": 1}', b'{"a": 1}', True)
    assert back.headers["content-type"] == "application/json"
    assert (back.status_code, back.reason, back.url) == (200, "OK", "https://api.example/v1")
    assert back.request.url == "https://api.example/v1"
    assert back.history[0].status_code == 301
    assert back.elapsed == dt.timedelta(0)
    assert list(back.iter_content(100)) == [b'{"a": 1}']
    assert encode(back) == encoded


def test_headers_of_requests_come_back():
    """They are a class of their own."""
    headers = requests.structures.CaseInsensitiveDict({"X-Id": "1"})
    back = through_json(headers)
    assert (type(back), back["x-id"], dict(back)) == (type(headers), "1", {"X-Id": "1"})


def test_a_request_of_requests_is_method_url_and_body():
    """Its headers hold a key, and are left out."""
    request = requests.Request("POST", "https://api.example/", data="ask").prepare()
    encoded = encode(request)
    assert encoded.json == {"method": "POST", "url": "https://api.example/", "content": "ask"}
    back = through_json(request)
    assert (back.method, back.url, back.body) == ("POST", "https://api.example/", "ask")


def test_a_response_of_requests_that_was_never_read_cannot_be_restored():
    """A stream is not read for the tape's sake."""
    encoded = encode(answer(_content=False))
    assert unreplayable(encoded.types) == [("", "requests.models:Response")]
    assert "content" not in encoded.json


@pytest.mark.parametrize(
    "on_tape",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"status_code": 200, "headers": [], "content": "x"}, id="other headers"),
        pytest.param({"status_code": 200, "headers": {}, "content": 5}, id="other content"),
    ],
)
def test_a_response_that_does_not_fit_is_a_placeholder(on_tape):
    """Nothing is made up."""
    with pytest.raises(UnreplayableValue):
        decode(on_tape, {"": "httpx:Response"}).json()


def test_the_two_names_of_httpx_stand_in_for_each_other(monkeypatch):
    """An SDK that goes from httpx to httpx2 breaks no cassette, nor does one that goes back."""
    monkeypatch.delitem(sys.modules, "httpx2", raising=False)

    encoded = encode(httpx.Response(200, text="x"))
    types = {at: name.replace("httpx:", "httpx2:") for at, name in encoded.types.items()}
    back = decode(encoded.json, types)

    assert types[""] == "httpx2:Response"
    assert type(back) is httpx.Response
    assert back.text == "x"


async def fetched(url):
    """Get a response of aiohttp, read or not."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        unread = encode(response), is_read_later(response)
        await response.read()
        return response, unread


@pytest.fixture
def url():
    """Give the address of a server that answers with JSON."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self):
            """Answer."""
            self.send_response(429, "Slow down")
            self.send_header("Retry-After", "2")
            self.end_headers()
            self.wfile.write(b'{"text":"later"}')

        def log_message(self, *args):
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/a"
        server.shutdown()
        thread.join()


def test_a_response_of_aiohttp_comes_back_working(url):
    """SDKs put it into their errors."""
    response, unread = asyncio.run(fetched(url))
    encoded = encode(response)
    assert unreplayable(encoded.types) == []
    assert not is_read_later(response)
    assert encoded.json["content"] == {"text": "later"}
    back = through_json(response)
    assert (type(back), back.status, back.reason) == (type(response), 429, "Slow down")
    assert (back.headers["retry-after"], str(back.url), back.method) == ("2", url, "GET")
    assert asyncio.run(back.json(content_type=None)) == {"text": "later"}
    assert asyncio.run(back.text()) == '{"text":"later"}'
    assert encode(back) == encoded
    encoded.json["content"] = "****"
    assert asyncio.run(decode(encoded.json, encoded.types).read()) == b"****"
    (json_of_unread, types, _), is_later = unread
    assert json_of_unread["status"] == 429
    assert unreplayable(types) == [("", "aiohttp.client_reqrep:ClientResponse")]
    assert is_later


BODIES = {
    "compact": (b'{"a":[1,2.5,"\xc3\xa9"]}', {"a": [1, 2.5, "é"]}, "bytes[json]"),
    "spaced": (b'{"a": 1, "b": null}', {"a": 1, "b": None}, "bytes[json spaced]"),
    "indented": (b'{\n  "a": []\n}', {"a": []}, "bytes[json indented]"),
    "with a newline": (b"[true]\n", [True], "bytes[json line]"),
    "laid out in another way": (b'{ "a": 1 }', '{ "a": 1 }', "bytes"),
    "a number written in another way": (b'{"a":1e2}', '{"a":1e2}', "bytes"),
    "no number": (b"[NaN]", ["NaN"], "bytes[json]"),
    "no JSON": (b"{not json", "{not json", "bytes"),
    "a text": (b'"text"', '"text"', "bytes"),
    "nested too deeply": (b"[" * 100_000, "[" * 100_000, "bytes"),
    "no text": (b"[\xff]", "W/9d", "bytes[base64]"),
    "nothing": (b"", "", "bytes"),
}


@pytest.mark.parametrize(("body", "on_tape", "name"), BODIES.values(), ids=BODIES)
def test_a_body_of_json_is_readable_on_tape(body, on_tape, name, library):
    """And comes back byte by byte, however it was laid out."""
    response = library.Response(200, content=body)
    encoded = encode(response)
    assert (encoded.json["content"], encoded.types["/content"]) == (on_tape, name)
    assert through_json(response).content == body
