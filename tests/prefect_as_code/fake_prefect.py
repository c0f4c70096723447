"""A Prefect API made of canned answers, behind the real HTTP client."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from prefect_as_code.api import Patience, PrefectApi
from prefect_as_code.connection import Connection

URL = "http://prefect.test/api"
Answer = httpx.Response | httpx.TransportError | Callable[[Any], httpx.Response]


@dataclass
class FakePrefect:
    """``answers``: by ``"METHOD /path"``, a list is used up from its front, its last stays."""

    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    version: str = "3.8.8"
    prefix: str = "/api"

    def api(self, url: str = URL, patience: Patience = Patience()) -> PrefectApi:  # noqa: B008
        return PrefectApi(Connection(api_url=url), httpx.MockTransport(self._answer), patience)

    def writes(self) -> list[tuple[str, str, Any]]:
        return [
            r for r in self.requests if r[0] != "GET" and not r[1].endswith(("/filter", "/count"))
        ]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().removeprefix(self.prefix)
        if path == "/admin/version" and f"GET {path}" not in self.answers:
            return httpx.Response(200, json=self.version)
        body = json.loads(request.content) if request.content else None
        self.requests.append((request.method, path, body))
        answer = self.answers[f"{request.method} {path}"]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer(body) if callable(answer) else answer


def ok(told: Any = None, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=told)


GONE = httpx.Response(404, json={"detail": "not found"})
DONE = httpx.Response(204)
