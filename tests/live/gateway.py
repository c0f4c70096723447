"""A stand-in for Prefect Cloud: its URLs, keys and rate limit before the real server.

What a self-hosted server lacks (webhooks, service accounts, service-level agreements) it keeps
itself, as far as their protocol goes.
"""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from tests.live.proxy import Answer, Asked, forwarding, listening

ACCOUNT, WORKSPACE = "0aaa0000-0000-4000-8000-000000000001", "0bbb0000-0000-4000-8000-000000000002"
KEY, READER = "pnu_the_right_key", "pnu_may_only_read"

Objects = dict[str, dict[str, Any]]


def said(status: int, body: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=named)


@dataclass
class Gateway:
    """``a_second``: how many requests it takes; the others are told to come back."""

    root: str = ""
    a_second: int = 1000
    limited: int = 0
    webhooks: Objects = field(default_factory=dict)
    bots: Objects = field(default_factory=dict)
    slas: dict[str, list[Any]] = field(default_factory=dict)
    _times: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, workspace: str = WORKSPACE) -> str:
        return f"{self.root}/api/accounts/{ACCOUNT}/workspaces/{workspace}"

    def answer(self, asked: Asked, forward: Answer) -> httpx.Response:
        if self._too_many():
            return said(429, {"detail": "Rate limit exceeded"}, Retry_After="1")
        key = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        if key not in (KEY, READER):
            return said(401, {"detail": "Invalid authentication credentials"})
        writes = asked.method != "GET" and not asked.path.endswith("/filter")
        if key == READER and writes:
            return said(403, {"detail": "You do not have permission"})
        account = f"/api/accounts/{ACCOUNT}"
        body = json.loads(asked.body) if asked.body else {}
        if asked.path.startswith(f"{account}/bots/"):
            path = asked.path.removeprefix(f"{account}/bots/")
            return self._keep(self.bots, asked.method, path, body, self._new_bot)
        inside = f"{account}/workspaces/{WORKSPACE}"
        if not asked.path.startswith(f"{inside}/"):
            there = asked.path.startswith(f"{account}/workspaces/")
            return said(403 if there else 404, {"detail": "Forbidden" if there else "Not Found"})
        path = asked.path.removeprefix(inside)
        if path.startswith("/webhooks/"):
            path = path.removeprefix("/webhooks/")
            return self._keep(self.webhooks, asked.method, path, body, self._new_webhook)
        if path.startswith("/slas/apply-resource-slas/"):
            self.slas[path.rpartition("/")[2]] = body
            return said(200, {"created": [], "updated": [], "deleted": []})
        if path in ("/admin/version", "/openapi.json"):
            return said(404, {"detail": "Not Found"})
        return forward(replace(asked, path=f"/api{path}"))

    def upgraded(self, asked: Asked, api_url: str) -> httpx.Response | tuple[socket.socket, Asked]:
        """A websocket to the real server. Cloud takes the key in the header of some of them, and
        in the first message of others, which is not looked at here.
        """
        key = asked.headers.get("Authorization", "").partition(" ")[2]
        inside = f"/api/accounts/{ACCOUNT}/workspaces/{WORKSPACE}"
        if key not in ("", KEY, READER) or (not key and asked.path.endswith("/in")):
            return said(401, {"detail": "Invalid authentication credentials"})
        if not asked.path.startswith(f"{inside}/"):
            return said(403, {"detail": "Forbidden"})
        url = urlsplit(api_url)
        there = socket.create_connection((url.hostname or "", url.port or 80), timeout=60)
        there.settimeout(None)
        return there, replace(asked, path=f"/api{asked.path.removeprefix(inside)}")

    def _too_many(self) -> bool:
        with self._lock:
            now = time.monotonic()
            self._times = [t for t in self._times if now - t < 1]
            if len(self._times) >= self.a_second:
                self.limited += 1
                return True
            self._times.append(now)
            return False

    def _keep(self, kept: Objects, method: str, path: str, body: Any, new: Any) -> httpx.Response:
        if (method, path) == ("POST", ""):
            made = {"id": str(uuid4()), **new(), **body}
            kept[made["id"]] = made
            if kept is not self.bots:
                return said(201, made)
            key = {"id": str(uuid4()), "name": made["name"], "key": f"pnb_{made['id']}"}
            return said(201, made | {"api_key": key})
        if path == "filter":
            return said(200, list(kept.values()))
        if path not in kept:
            return said(404, {"detail": "Not Found"})
        if method == "GET":
            return said(200, kept[path])
        if method == "DELETE":
            del kept[path]
        else:
            kept[path] |= body
        return httpx.Response(204)

    def _new_webhook(self) -> dict[str, Any]:
        return {"slug": f"slug-{uuid4()}", "description": "", "service_account_id": None}

    def _new_bot(self) -> dict[str, Any]:
        return {"actor_id": str(uuid4()), "account_role_name": "Member"}


@contextmanager
def gateway(api_url: str) -> Iterator[Gateway]:
    cloud = Gateway()
    with (
        forwarding(api_url) as forward,
        listening(lambda asked: cloud.answer(asked, forward)) as root,
    ):
        cloud.root = root
        yield cloud
