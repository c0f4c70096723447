"""A real registry on this machine, Debian's docker-registry, and images in it made of few bytes."""

import hashlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live.server import free_port

_CONFIG = """\
version: 0.1
log: {{level: error}}
storage:
  filesystem: {{rootdirectory: {home}/images}}
  delete: {{enabled: true}}
http: {{addr: {host}}}
"""
_OCI = "application/vnd.oci.image"
_DOCKER = "application/vnd.docker.distribution.manifest.v2+json"  # what `docker push` makes
_ACCEPT = {"Accept": f"{_OCI}.manifest.v1+json, {_OCI}.index.v1+json, {_DOCKER}"}
_PROGRAMS = ("docker-registry", "registry")


@dataclass(frozen=True)
class RealRegistry:
    """``host`` with its port; images are told to it as anybody's client tells them."""

    host: str

    def push(self, repository: str, image: "Image") -> str:
        """The digest of the image's manifest, with all that it names."""
        with httpx.Client(base_url=f"http://{self.host}/v2/{repository}") as http:
            for blob in image.blobs:
                begun = http.post("/blobs/uploads/").raise_for_status()
                place = begun.headers["Location"]
                told = {"digest": digest_of(blob)}
                http.put(httpx.URL(place).copy_merge_params(told), content=blob).raise_for_status()
            for type_, manifest in image.manifests:
                headers = {"Content-Type": type_}
                where = f"/manifests/{digest_of(manifest)}"
                http.put(where, content=manifest, headers=headers).raise_for_status()
        return image.digest

    def has(self, repository: str, digest: str) -> bool:
        url = f"http://{self.host}/v2/{repository}/manifests/{digest}"
        return httpx.head(url, headers=_ACCEPT).status_code == 200

    def content(self, repository: str, digest: str, what: str = "manifests") -> bytes:
        url = f"http://{self.host}/v2/{repository}/{what}/{digest}"
        return httpx.get(url, headers=_ACCEPT).raise_for_status().content

    def remove(self, repository: str, digest: str) -> None:
        httpx.delete(f"http://{self.host}/v2/{repository}/manifests/{digest}").raise_for_status()


@dataclass(frozen=True)
class Image:
    """``blobs`` and, with their media types, ``manifests``: the last one is the image's."""

    blobs: tuple[bytes, ...]
    manifests: tuple[tuple[str, bytes], ...]

    @property
    def digest(self) -> str:
        return digest_of(self.manifests[-1][1])


def image(content: str, size: int = 64) -> Image:
    """An image of one layer, which holds the content so often that it has that size."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "made of": content}).encode()
    layer = (content.encode() * (size // len(content) + 1))[:size]
    type_ = f"{_OCI}.manifest.v1+json"
    manifest = {
        "schemaVersion": 2,
        "mediaType": type_,
        "config": _descriptor(f"{_OCI}.config.v1+json", config),
        "layers": [_descriptor(f"{_OCI}.layer.v1.tar", layer)],
    }
    return Image((config, layer), ((type_, json.dumps(manifest).encode()),))


def index(*images: Image) -> Image:
    """Images under one digest, as a build for several platforms or with attestations makes them."""
    inner = [manifest for each in images for manifest in each.manifests]
    type_ = f"{_OCI}.index.v1+json"
    told = {
        "schemaVersion": 2,
        "mediaType": type_,
        "manifests": [_descriptor(*manifest) for manifest in inner],
    }
    outer = (type_, json.dumps(told).encode())
    return Image(tuple(b for each in images for b in each.blobs), (*inner, outer))


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _descriptor(type_: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": type_, "size": len(content), "digest": digest_of(content)}


@contextmanager
def real_registry(home: Path) -> Iterator[RealRegistry]:
    """One that lives as long as the context, open to all on this machine."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        pytest.skip("there is no registry here: apt-get install docker-registry")
    found = RealRegistry(f"127.0.0.1:{free_port()}")
    home.mkdir(exist_ok=True)
    config = home / "config.yaml"
    config.write_text(_CONFIG.format(home=home, host=found.host))
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([program, "serve", config], stdout=log, stderr=log)
        try:
            _wait(found, home / "log")
            yield found
        finally:
            process.terminate()
            process.wait()


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    with real_registry(tmp_path_factory.mktemp("registry")) as found:
        yield found


def _wait(registry: RealRegistry, log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://{registry.host}/v2/").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise TimeoutError(f"the registry does not answer: {log.read_text()[-2000:]}")
