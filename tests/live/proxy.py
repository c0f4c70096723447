"""A place before the Prefect server where a test can see, refuse or lose what is asked of it."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
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
Upgrade = Callable[[Asked], "httpx.Response | tuple[socket.socket, Asked]"]

# Of a request, what is of its connection.
_OWN = ("accept-encoding", "connection", "content-length", "host", "transfer-encoding")


@contextmanager
def listening(
    answer: Answer,
    at: tuple[str, int] = ("127.0.0.1", 0),
    tls: ssl.SSLContext | None = None,
    upgrade: Upgrade | None = None,
) -> Iterator[str]:
    """The URL of a server whose answers are those of ``answer``.

    ``upgrade`` refuses who wants a websocket, or gives a connection to one who has it, with what is
    to be asked there.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, self.path, dict(self.headers), body)
            try:
                if upgrade and self.headers.get("Upgrade", "").lower() == "websocket":
                    found = upgrade(asked)
                else:
                    found = answer(asked)
            except Reset:
                # With this option, closing sends a RST, as a proxy does that dies.
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.close_connection = True
                return
            if isinstance(found, httpx.Response):
                self._tell(found)
            else:
                self._go_on(*found)

        def _tell(self, told: httpx.Response) -> None:
            self.send_response(told.status_code)
            for name in ("Content-Type", "Location", "Metadata-Flavor", "Range", "Retry-After"):
                if name in told.headers:
                    self.send_header(name, told.headers[name])
            self.send_header("Content-Length", str(len(told.content)))
            self.end_headers()
            self.wfile.write(told.content)

        def _go_on(self, there: socket.socket, asked: Asked) -> None:
            lines = [f"{asked.method} {asked.path} HTTP/1.1"]
            lines += [f"{name}: {value}" for name, value in asked.headers.items()]
            with there:
                there.sendall("\r\n".join([*lines, "", ""]).encode())
                spliced(self.connection, there)
            self.close_connection = True

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        request_queue_size = 128  # with fewer, of many who call at once some wait for a second

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that was killed

    server = Quiet(at, Handler)
    if tls is not None:  # who shakes no hands keeps nobody but himself waiting
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://{at[0]}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def spliced(one: socket.socket, other: socket.socket) -> None:
    """Each hears what the other says, until either has said all."""

    def carry(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    back = threading.Thread(target=carry, args=(other, one), daemon=True)
    back.start()
    carry(one, other)
    back.join()


@contextmanager
def forwarding(api_url: str) -> Iterator[Answer]:
    """An answer that is the real server's."""
    root = api_url.removesuffix("/api")
    with httpx.Client(timeout=60) as client:

        def forward(asked: Asked) -> httpx.Response:
            # The version of the client among them, by which the server tells what it can do.
            headers = {n: v for n, v in asked.headers.items() if n.lower() not in _OWN}
            return client.request(
                asked.method, root + asked.path, content=asked.body, headers=headers
            )

        yield forward
