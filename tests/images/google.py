"""A stand-in for the metadata server of a VM, and for Secret Manager: one host is both."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.live.proxy import Answer, Asked, Reset, listening

TOKEN = "ya29.of-the-vm"
VERSION = "projects/acme/secrets/df-dev-prefect-api-key/versions/3"

_TOKEN_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"


@dataclass
class Google:
    """``first`` are what it answers before the truth; ``payload`` is what the secret holds."""

    payload: bytes
    first: list[httpx.Response | None] = field(default_factory=list)
    instead: dict[str, httpx.Response] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    root: str = ""

    @property
    def env(self) -> dict[str, str]:
        return {
            "DATAFLOWS_API_KEY_SECRET": VERSION,
            "GCE_METADATA_HOST": self.root.removeprefix("http://"),
            "DATAFLOWS_SECRET_MANAGER": self.root,
        }

    def answer(self, asked: Asked) -> httpx.Response:
        who = "metadata" if asked.path.startswith("/computeMetadata") else "secrets"
        self.asked.append(who)
        if self.first:
            broken = self.first.pop(0)
            if broken is None:
                raise Reset
            return broken
        if who in self.instead:
            return self.instead[who]
        if who == "metadata":
            right = asked.path == _TOKEN_PATH and asked.headers["Metadata-Flavor"] == "Google"
            token = {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"}
            return httpx.Response(200, json=token) if right else httpx.Response(404)
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return httpx.Response(401, json={"error": {"status": "UNAUTHENTICATED"}})
        if asked.path != f"/v1/{VERSION}:access":
            return httpx.Response(404, json={"error": {"status": "NOT_FOUND"}})
        data = base64.b64encode(self.payload).decode()
        return httpx.Response(200, json={"name": VERSION, "payload": {"data": data}})


@contextmanager
def google(payload: bytes) -> Iterator[Google]:
    made = Google(payload)
    answer: Answer = made.answer
    with listening(answer) as root:
        made.root = root
        yield made
