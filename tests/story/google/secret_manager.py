"""A stand-in for Secret Manager: whoever is granted it reads the payload of a version."""

import base64
import re
from dataclasses import dataclass, field

import google_crc32c
import httpx

from tests.live.proxy import Asked
from tests.story.google.answers import Refused, said
from tests.story.google.grants import Grants
from tests.story.google.identities import Identities

ACCESS = "secretmanager.versions.access"
_VERSION = re.compile(r"projects/[^/]+/secrets/[^/]+/versions/(\d+|latest)")


@dataclass
class SecretManager:
    """``versions`` are by secret (``projects/P/secrets/S``), the first is 1; None is destroyed."""

    grants: Grants
    identities: Identities
    versions: dict[str, list[bytes | None]] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)
    read: list[tuple[str, str]] = field(default_factory=list)  # by whom, which version

    def add(self, secret: str, payload: bytes) -> str:
        """The name of a new version."""
        kept = self.versions.setdefault(secret, [])
        kept.append(payload)
        return f"{secret}/versions/{len(kept)}"

    def exists(self, name: str) -> bool:
        secret, _, number = name.rpartition("/versions/")
        kept = len(self.versions.get(secret, []))
        return bool(kept) if number == "latest" else 1 <= int(number) <= kept

    def access(self, member: str, name: str) -> tuple[str, bytes]:
        """The version's own name, which ``latest`` is not, and what is in it."""
        if not _VERSION.fullmatch(name):
            raise Refused(400, f"{name} is no name of a version of a secret.")
        secret, _, number = name.rpartition("/versions/")
        if not self.grants.may(member, ACCESS, secret):
            raise Refused(
                403, f"Permission '{ACCESS}' denied for resource '{name}' (or it may not exist)."
            )
        kept = self.versions.get(secret)
        if not kept:
            raise Refused(404, f"Secret [{secret}] not found or has no versions.")
        at = len(kept) if number == "latest" else int(number)
        exact = f"{secret}/versions/{at}"
        if not 1 <= at <= len(kept):
            raise Refused(404, f"Secret Version [{exact}] not found.")
        payload = kept[at - 1]
        if payload is None or exact in self.disabled:
            state = "DESTROYED" if payload is None else "DISABLED"
            raise Refused(
                400,
                f"Secret Version [{exact}] is in {state} state.",
                status="FAILED_PRECONDITION",
            )
        self.read.append((member, exact))
        return exact, payload

    def answer(self, asked: Asked) -> httpx.Response:
        try:
            member = self.identities.member(asked.headers)
            path, _, verb = asked.path.partition("?")[0].removeprefix("/v1/").rpartition(":")
            if (asked.method, verb) != ("GET", "access"):
                return httpx.Response(404)
            name, payload = self.access(member, path)
        except Refused as error:
            return error.answer
        data = base64.b64encode(payload).decode()
        crc = str(google_crc32c.value(payload))
        return said({"name": name, "payload": {"data": data, "dataCrc32c": crc}})
