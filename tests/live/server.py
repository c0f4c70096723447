"""A real Prefect server for the tests: its own database, a free loopback port, stopped by pid."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class PatientClient(httpx.Client):
    """A client that asks again when SQLite is busy: the server's own loops write too.

    And when a connection has ended, as they do when the server fails at somebody's request; but a
    POST may have done its work by then.
    """

    def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        for again in range(20, -1, -1):
            try:
                answer = super().send(request, **kwargs)
            except httpx.TransportError:
                if request.method == "POST" or not again:
                    raise
            else:
                if answer.status_code != 503 or not again:
                    return answer
            time.sleep(0.25)
        raise AssertionError


def post(prefect: httpx.Client, path: str, body: Any) -> httpx.Response | None:
    """The answer; none where the server fails at the request and ends its connection with it."""
    content = json.dumps(body).encode()
    for _ in range(3):
        with suppress(httpx.TransportError):
            return prefect.post(path, content=content, headers={"Content-Type": "application/json"})
    return None


def send(prefect: httpx.Client, path: str, body: Any) -> int:
    answer = post(prefect, path, body)
    return 500 if answer is None else answer.status_code


@contextmanager
def prefect_server(home: Path, *, logging: str = "WARNING") -> Iterator[str]:
    """The API URL of a server that lives as long as the context; ``home/server.log`` is its log.

    At the level ``INFO`` the log has a line for each request.
    """
    port = free_port()
    # The user's own Prefect settings are no part of a test.
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    env = clean | {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": logging,
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home}/prefect.db",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
    log = home / "server.log"
    with log.open("w") as out:
        server = subprocess.Popen([*command, "--port", str(port)], env=env, stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}/api"
    try:
        _wait_for_health(url, server, log)
        yield url
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for_health(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 300  # it may be one of many on a small machine
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/health", timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise RuntimeError(f"the Prefect server did not come up:\n{log.read_text()[-3000:]}")
