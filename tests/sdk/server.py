"""A model server on loopback that speaks the APIs of OpenAI, Anthropic and Google, and counts.

Run as a script it serves until it is interrupted, for a look by hand:

    python tests/sdk/server.py
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

import server_anthropic
import server_embeddings
import server_google
import server_openai
from server_script import Ask, Failure, Message, Model, Reply, RuleModel, ToolCall, scripted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["Ask", "Failure", "Message", "ModelServer", "Reply", "Served", "ToolCall"]

JSON = Any


class Served(NamedTuple):
    """One request that was answered."""

    method: str
    path: str
    status: int


class _API(NamedTuple):
    """How one API is spoken: what a request asks, and what goes back."""

    ask: Callable[[JSON], Ask]
    answer: Callable[[Ask, Reply], JSON]
    events: Callable[[JSON, JSON], Iterator[JSON]]
    failure: Callable[[Failure], JSON]
    last_event: str = ""


def _google(method: str) -> str:
    """Return the pattern of the path of a method of Gemini."""
    return rf"/v1(?:beta)?/models/(?P<model>[^/:]+):{method}(?:\?.*)?"


# By a pattern of the path; what its groups find is added to the body of a request.
_APIS = {
    "/v1/chat/completions": _API(
        server_openai.chat_ask,
        server_openai.chat_answer,
        server_openai.chat_events,
        server_openai.failure,
        last_event="data: [DONE]\n\n",
    ),
    "/v1/responses": _API(
        server_openai.responses_ask,
        server_openai.responses_answer,
        server_openai.responses_events,
        server_openai.failure,
    ),
    "/v1/embeddings": _API(
        server_embeddings.ask,
        server_embeddings.answer,
        server_embeddings.events,
        server_openai.failure,
    ),
    r"/v1/messages(?:\?beta=true)?": _API(
        server_anthropic.ask,
        server_anthropic.answer,
        server_anthropic.events,
        server_anthropic.failure,
    ),
    _google("(?:(?P<stream>streamG)|g)enerateContent"): _API(
        server_google.ask,
        server_google.answer,
        server_google.events,
        server_google.failure,
    ),
    "/v1(?:beta)?/interactions": _API(
        server_google.interactions_ask,
        server_google.interactions_answer,
        server_google.interactions_events,
        server_google.failure,
        last_event="data: [DONE]\n\n",
    ),
    _google("countTokens"): _API(
        server_google.ask,
        server_google.count_answer,
        server_google.events,
        server_google.failure,
    ),
    _google("batchEmbedContents"): _API(
        server_google.embed_ask,
        server_google.embed_answer,
        server_google.events,
        server_google.failure,
    ),
}


def _api_at(path: str) -> tuple[_API | None, dict[str, str | None]]:
    """Return the API at a path, and what the path says beside the body of a request."""
    for pattern, api in _APIS.items():
        found = re.fullmatch(pattern, path)
        if found:
            return api, found.groupdict()
    return None, {}


class ModelServer:
    """A model server on a free port of 127.0.0.1, for the time of a ``with`` block.

    Args:
        model: What answers: a callable, the replies to give one after the other, or nothing for
            the model that follows rules (``RuleModel``).

    Attributes:
        url: Where it is, or was before it was stopped; ``base_url`` of the SDKs of Anthropic and
            Google. The OpenAI SDK wants ``server.openai_url``.
        requests: What was served, in the order of the answers.
    """

    def __init__(self, model: Model | Iterable[Reply | Failure] | None = None) -> None:
        """Prepare the server; it listens from ``start`` or ``with`` on."""
        self.url = ""
        self.requests: list[Served] = []
        self._model: Model = RuleModel()
        self._listener: _Listener | None = None
        if model is not None:
            self.script(model)

    def __repr__(self) -> str:
        """Tell where it is and what it has served."""
        state = "stopped" if self._listener is None else self.url
        return f"ModelServer({state}, served={self.served})"

    def __enter__(self) -> Self:
        """Start to listen."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, if that has not been done yet."""
        self.stop()

    @property
    def openai_url(self) -> str:
        """What the OpenAI SDK calls the base URL."""
        return f"{self.url}/v1"

    @property
    def served(self) -> int:
        """How many requests were answered since the server was made."""
        return len(self.requests)

    def script(self, model: Model | Iterable[Reply | Failure]) -> None:
        """Let this callable, or these replies one after the other, answer from now on."""
        self._model = model if callable(model) else scripted(model)

    def start(self) -> None:
        """Listen on a free port; after ``stop`` that is a new one."""
        if self._listener is None:
            self._listener = _Listener(self._answer, self.requests)
            self.url = f"http://127.0.0.1:{self._listener.server_port}"
            self._listener.start()

    def stop(self) -> None:
        """Be down: refuse connections, and close those that are open."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = None

    def _answer(self, ask: Ask) -> Reply | Failure:
        return self._model(ask)


class _Listener(ThreadingHTTPServer):
    """The sockets and threads of a server that is up."""

    daemon_threads = False  # so that stop() can wait for every one of them
    request_queue_size = 64  # who comes while it is full waits for a second

    def __init__(self, answer: Model, requests: list[Served]) -> None:
        self.answer = answer
        self.requests = requests
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        super().__init__(("127.0.0.1", 0), _Handler)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        for connection in tuple(self._open):
            with suppress(OSError):  # the client may have closed it already
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()
        self._thread.join()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Keep the connection, to close it when the server stops."""
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a client go away in the middle of an answer; say anything else aloud."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection, kept alive for as many requests as its client sends."""

    server: _Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet

    def do_GET(self) -> None:
        """Answer that there is nothing to get."""
        self._send_failure(Failure(404, f"There is nothing at {self.path}."))

    def do_POST(self) -> None:
        """Answer as the API at this path does."""
        # The whole body is read in any case: what is left of it would be taken for a new request.
        content = self.rfile.read(int(self.headers.get("content-length", 0)))
        api, said = _api_at(self.path)
        if api is None:
            self._send_failure(Failure(404, f"There is no API at {self.path}."))
            return
        body = {**json.loads(content), **said}
        ask = api.ask(body)
        reply = self.server.answer(ask)
        if isinstance(reply, Failure):
            self._send_failure(reply, api.failure)
            return
        answer = api.answer(ask, reply)
        if body.get("stream"):
            self._send_events(api, api.events(answer, body), reply.breaks_after)
        else:
            self._send_json(200, answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Print nothing: ``ModelServer.requests`` is the log."""

    def _send_failure(
        self, failed: Failure, body: Callable[[Failure], JSON] = server_openai.failure
    ) -> None:
        headers = {} if failed.retry_after is None else {"retry-after": f"{failed.retry_after:g}"}
        self._send_json(failed.status, body(failed), headers)

    def _send_json(self, status: int, body: JSON, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        length = {"content-length": str(len(content))}
        self._send_head(status, {"content-type": "application/json", **length, **(headers or {})})
        self.wfile.write(content)

    def _send_events(self, api: _API, events: Iterator[JSON], breaks_after: int | None) -> None:
        streamed = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
        self._send_head(200, streamed)
        for number, event in enumerate(events):
            if number == breaks_after:
                self.close_connection = True  # without the last chunk: the client sees it break
                return
            name = f"event: {event['type']}\n" if "type" in event else ""
            self._send_chunk(f"{name}data: {json.dumps(event)}\n\n")
        if api.last_event:
            self._send_chunk(api.last_event)
        self._send_chunk("")

    def _send_chunk(self, text: str) -> None:
        content = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
        self.wfile.flush()

    def _send_head(self, status: int, headers: dict[str, str]) -> None:
        # Counted before the first byte leaves, so that a client with an answer finds it counted.
        self.server.requests.append(Served(self.command, self.path, status))
        self.send_response(status)
        self.send_header("x-request-id", server_openai.fresh_id("req_"))
        self.send_header("request-id", server_openai.fresh_id("req_"))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def main() -> None:
    """Serve until interrupted, and say where."""
    with ModelServer() as server, suppress(KeyboardInterrupt):
        print(  # noqa: T201  # it talks to whoever runs it
            f"export OPENAI_BASE_URL={server.openai_url} OPENAI_API_KEY=none\n"
            f"export ANTHROPIC_BASE_URL={server.url} ANTHROPIC_API_KEY=none\n"
            f"export GOOGLE_GEMINI_BASE_URL={server.url} GEMINI_API_KEY=none",
            flush=True,
        )
        threading.Event().wait()


if __name__ == "__main__":
    main()
