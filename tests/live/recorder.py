"""A proxy before the Prefect server that remembers every request that it took."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.live.proxy import Asked, forwarding, listening


@dataclass
class Recorder:
    """``url`` stands for the server's API URL; ``requests`` are (method, path, body)."""

    url: str
    requests: list[tuple[str, str, Any]] = field(default_factory=list)

    def writes(self) -> list[tuple[str, str, Any]]:
        """The requests that may have changed something."""
        return [
            r for r in self.requests if r[0] != "GET" and not r[1].endswith(("/filter", "/count"))
        ]


@contextmanager
def recording(api_url: str) -> Iterator[Recorder]:
    recorder = Recorder("")
    with forwarding(api_url) as forward:

        def answer(asked: Asked) -> httpx.Response:
            told = forward(asked)
            if told.status_code < 500:  # a busy SQLite answers 503, and is asked again
                body = json.loads(asked.body) if asked.body else None
                recorder.requests.append((asked.method, asked.path.removeprefix("/api"), body))
            return told

        with listening(answer) as root:
            recorder.url = f"{root}/api"
            yield recorder
