"""A place before the Prefect server where a test can see, refuse or lose what is asked of it."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx


@dataclass(frozen=True)
class Asked:
    """A request; ``path`` is from the root of the host, with the query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Reset(Exception):
    """The connection is to break without an answer."""


Answer = Callable[[Asked], httpx.Response]


@contextmanager
def listening(answer: Answer) -> Iterator[str]:
    """The URL of a server whose answers are those of ``answer``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                told = answer(Asked(self.command, self.path, dict(self.headers), body))
            except Reset:
                # With this option, closing sends a RST, as a proxy does that dies.
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.close_connection = True
                return
            self.send_response(told.status_code)
            for name in ("Content-Type", "Location", "Retry-After"):
                if name in told.headers:
                    self.send_header(name, told.headers[name])
            self.send_header("Content-Length", str(len(told.content)))
            self.end_headers()
            self.wfile.write(told.content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that was killed

    server = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def forwarding(api_url: str) -> Iterator[Answer]:
    """An answer that is the real server's."""
    root = api_url.removesuffix("/api")
    with httpx.Client(timeout=60) as client:

        def forward(asked: Asked) -> httpx.Response:
            headers = {"Content-Type": "application/json"}
            if key := asked.headers.get("Authorization"):
                headers["Authorization"] = key
            return client.request(
                asked.method, root + asked.path, content=asked.body, headers=headers
            )

        yield forward
