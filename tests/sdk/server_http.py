"""A small web server on loopback: it tells what it was asked, and counts.

So no answer is like another one.
"""

from __future__ import annotations

import gzip
import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["WebServer"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WebServer

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body, number = self._body(), next(self.server.count)
        self.server.asked.append(self.path)
        said = {"asked": self.path, "body": body, "number": number}
        events = [f"data: {json.dumps({**said, 'event': event})}\n\n".encode() for event in "abc"]
        if self.path.startswith("/moved"):
            self._send(302, [b""], location="/said")
        elif self.path.startswith("/refused"):
            self._send(429, [json.dumps(said).encode()], **{"content-type": "application/json"})
        elif self.path.startswith("/events"):
            self._send(200, events, **{"content-type": "text/event-stream"})
        elif self.path.startswith("/zipped"):
            text = [gzip.compress(b"".join(events))]
            self._send(200, text, **{"content-type": "text/plain", "content-encoding": "gzip"})
        else:
            self._send(200, [json.dumps(said).encode()], **{"content-type": "application/json"})

    def _body(self) -> str:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0))).decode("latin-1")
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body.decode("latin-1")

    def _send(self, status: int, chunks: list[bytes], **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for chunk in (*filter(None, chunks), b""):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base has it
        """Say nothing."""


class WebServer(ThreadingHTTPServer):
    """The server, for the time of a block.

    Attributes:
        url: Where it is.
        asked: The paths that were asked for.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.count = itertools.count()
        self.asked: list[str] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
