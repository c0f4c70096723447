"""A proxy as companies have them, that knows some hosts: for what of the story runs on this
machine, whose own names are nobody's to change.
"""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

from tests.live.proxy import spliced


@contextmanager
def connecting(hosts: Mapping[str, tuple[str, int]]) -> Iterator[str]:
    """Its URL. ``hosts`` are where each name, with its port, is to be had."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            verb, name, _ = self.rfile.readline().decode().split(" ", 2)
            while self.rfile.readline().strip():
                pass
            if verb != "CONNECT" or name not in hosts:
                self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
                return
            with socket.create_connection(hosts[name], timeout=60) as there:
                there.settimeout(None)
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self.wfile.flush()
                spliced(self.connection, there)

    class Server(ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
