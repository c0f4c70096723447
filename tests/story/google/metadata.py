"""A stand-in for the metadata server, as one VM or one execution of a job sees it."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.live.proxy import Asked
from tests.story.google.answers import Refused
from tests.story.google.identities import Identities

_ROOT = "/computeMetadata/v1/"
_ACCOUNTS = "instance/service-accounts/"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_RENEWED = 300  # seconds before a token's end, as Google's does


@dataclass
class Metadata:
    """``email`` is the service account of whoever is on this machine."""

    identities: Identities
    email: str
    project: str
    number: int = 123456789012
    zone: str = "europe-west1-b"
    _token: str = ""

    def answer(self, asked: Asked) -> httpx.Response:
        """Without the header, whoever asks may have been sent by a web page."""
        headers = {name.lower(): value for name, value in asked.headers.items()}
        url = urlsplit(asked.path)
        ours = {"Metadata-Flavor": "Google"}
        if url.path == "/":
            return httpx.Response(200, text="computeMetadata/\n", headers=ours)
        if headers.get("metadata-flavor") != "Google" or "x-forwarded-for" in headers:
            return httpx.Response(403, text="Missing Metadata-Flavor:Google header.", headers=ours)
        try:
            found = self._found(url.path, parse_qs(url.query))
        except Refused as error:
            return httpx.Response(error.code, text=error.message, headers=ours)
        if found is None:
            return httpx.Response(404, text="Not Found", headers=ours)
        if isinstance(found, str):
            return httpx.Response(200, text=found, headers=ours)
        json_ = {**ours, "Content-Type": "application/json"}
        return httpx.Response(200, content=json.dumps(found), headers=json_)

    def _found(self, path: str, query: Mapping[str, list[str]]) -> object | None:
        name = path.removeprefix(_ROOT)
        if not path.startswith(_ROOT):
            return None
        region = self.zone.rpartition("-")[0]
        simple = {
            "project/project-id": self.project,
            "project/numeric-project-id": str(self.number),
            "universe/universe-domain": "googleapis.com",
            "universe/universe_domain": "googleapis.com",
            "instance/zone": f"projects/{self.number}/zones/{self.zone}",
            "instance/region": f"projects/{self.number}/regions/{region}",
        }
        if name in simple:
            return simple[name]
        if not name.startswith(_ACCOUNTS):
            return None
        who, _, what = name.removeprefix(_ACCOUNTS).partition("/")
        if who not in ("default", self.email):
            return None
        mine = {"aliases": ["default"], "email": self.email, "scopes": [_SCOPE]}
        if what in ("", "?") and query.get("recursive") == ["true"]:
            return mine
        if what == "token":
            return self._current()
        return {"email": self.email, "aliases": "default\n", "scopes": f"{_SCOPE}\n"}.get(what)

    def _current(self) -> object:
        now, soon = time.monotonic(), min(_RENEWED, self.identities.lifetime / 2)
        kept = self.identities.holds(self._token)
        if kept is None or kept.until - now < soon:
            kept = self.identities.token(self.email)
            self._token = kept.value
        left = int(kept.until - now)
        return {"access_token": kept.value, "expires_in": left, "token_type": "Bearer"}
