"""A proxy before the Prefect server that remembers every request that it took."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx


@dataclass
class Recorder:
    """``url`` stands for the server's API URL; ``requests`` are (method, path, body)."""

    url: str
    requests: list[tuple[str, str, Any]] = field(default_factory=list)

    def writes(self) -> list[tuple[str, str, Any]]:
        """The requests that may have changed something."""
        return [r for r in self.requests if r[0] != "GET" and not r[1].endswith("/filter")]


@contextmanager
def recording(api_url: str) -> Iterator[Recorder]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    recorder = Recorder(f"http://127.0.0.1:{server.server_address[1]}/api")
    client = httpx.Client(timeout=60)
    root = api_url.removesuffix("/api")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.removeprefix("/api")
            headers = {"Content-Type": "application/json"}
            answer = client.request(self.command, root + self.path, content=body, headers=headers)
            if answer.status_code < 500:  # a busy SQLite answers 503, and is asked again
                recorder.requests.append((self.command, path, json.loads(body) if body else None))
            self.send_response(answer.status_code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _forward

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
        client.close()
