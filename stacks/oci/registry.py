"""The HTTP API of registries, as far as images are looked for and copied by their digests."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from .credentials import google_token
from .errors import RegistryError
from .reference import Reference

_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_CHUNK = 1 << 20


class _Transient(Exception):
    """An answer, or a lost one, after which the same request may succeed."""


class Registry:
    """Looks for images and copies them. One token for all of Google's registries."""

    def __init__(
        self,
        token: Callable[[], str] = google_token,
        transport: httpx.BaseTransport | None = None,
        attempts: int = 4,
    ) -> None:
        self._token, self._attempts = token, attempts
        self._http = httpx.Client(
            timeout=httpx.Timeout(60, connect=5), transport=transport, follow_redirects=True
        )

    def holds(self, image: Reference) -> bool:
        """Whether the image is there.

        Raises:
            RegistryError: the registry could not be asked, or would not say.
        """
        return self._send("HEAD", image, f"/manifests/{image.digest}").status_code == 200

    def copy(self, source: Reference, target: Reference) -> None:
        """Bring the image into another repository, unchanged; what is there already stays.

        Layers first, the manifest last: what has a manifest is whole.

        Raises:
            RegistryError: the image is not at its source, or a registry refused.
        """
        if self.holds(target):
            return
        found = self._send("GET", source, f"/manifests/{source.digest}")
        if found.status_code == 404:
            raise RegistryError(
                f"There is no image {source}. It was removed, or never pushed there: promote a "
                "digest that is there."
            )
        _check(source, found.content)
        manifest = json.loads(found.content)
        for inner in manifest.get("manifests", []):  # of an index: platforms, attestations
            self.copy(_with(source, inner["digest"]), _with(target, inner["digest"]))
        for blob in [*filter(None, [manifest.get("config")]), *manifest.get("layers", [])]:
            self._copy_blob(source, target, blob)
        self._send(
            "PUT",
            target,
            f"/manifests/{target.digest}",
            content=found.content,
            headers={"Content-Type": found.headers["Content-Type"]},
            must=True,
        )

    def _copy_blob(self, source: Reference, target: Reference, blob: dict[str, Any]) -> None:
        digest = blob["digest"]
        if self._send("HEAD", target, f"/blobs/{digest}").status_code == 200:
            return
        told = {}
        if source.host == target.host:  # within one registry nothing has to travel
            told = {"mount": digest, "from": source.repository}
        begun = self._send("POST", target, "/blobs/uploads/", params=told, must=True)
        if begun.status_code == 201:
            return
        for attempt in self._retrying():
            with attempt:
                self._pour(source, target, blob)

    def _pour(self, source: Reference, target: Reference, blob: dict[str, Any]) -> None:
        """Layers are of any size, so they flow through."""
        digest = blob["digest"]
        begun = self._send("POST", target, "/blobs/uploads/", must=True)
        place = begun.url.join(begun.headers["Location"])
        seen = hashlib.sha256()

        def flow(answer: httpx.Response) -> Iterator[bytes]:
            for chunk in answer.iter_bytes(_CHUNK):
                seen.update(chunk)
                yield chunk

        from_ = f"{source.url}/blobs/{digest}"
        headers = self._who(source) | {"Accept-Encoding": "identity"}
        try:
            with self._http.stream("GET", from_, headers=headers) as answer:
                _refuse(source, answer)
                size = {"Content-Length": str(blob["size"])}
                told = self._who(target) | size | {"Content-Type": "application/octet-stream"}
                poured = self._http.patch(place, content=flow(answer), headers=told)
            _refuse(target, poured)
            if f"sha256:{seen.hexdigest()}" != digest:
                raise _Transient(f"{source.host} gave another layer than {digest}")
            end = begun.url.join(poured.headers["Location"]).copy_merge_params({"digest": digest})
            _refuse(target, self._http.put(end, headers=self._who(target)))
        except httpx.TransportError as error:
            raise _Transient(f"{source.host} or {target.host}: {error!r}") from error

    def _send(
        self, method: str, image: Reference, path: str, *, must: bool = False, **request: Any
    ) -> httpx.Response:
        headers = {"Accept": ", ".join(_MANIFESTS)} | request.pop("headers", {}) | self._who(image)
        for attempt in self._retrying():
            with attempt:
                try:
                    answer = self._http.request(
                        method, image.url + path, headers=headers, **request
                    )
                except httpx.TransportError as error:
                    raise _Transient(f"no answer from {image.host}: {error!r}") from error
                _refuse(image, answer, may_lack=not must)
        return answer

    def _who(self, image: Reference) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token()}"} if image.is_google else {}

    def _retrying(self) -> Retrying:
        def give_up(state: Any) -> None:
            raise RegistryError(
                f"{state.outcome.exception()}, after {state.attempt_number} attempts. Is the "
                "network there, and the registry?"
            )

        return Retrying(
            retry=retry_if_exception_type(_Transient),
            stop=stop_after_attempt(self._attempts),
            wait=wait_random_exponential(multiplier=0.25, max=8),
            retry_error_callback=give_up,
        )


def _refuse(image: Reference, answer: httpx.Response, *, may_lack: bool = False) -> None:
    status = answer.status_code
    if status in _TRANSIENT:
        raise _Transient(f"{image.host} answers {status}")
    if status in (401, 403):
        what = (
            "Who asks needs roles/artifactregistry.reader on the repository that an image comes "
            "from, and roles/artifactregistry.writer on the one that it goes to; "
            "`gcloud auth application-default login` says who asks."
            if image.is_google
            else "Only Google's registries are told who asks."
        )
        raise RegistryError(
            f"{image.host} does not let you at {image.repository} ({status}). {what}"
        )
    if answer.is_error and not (may_lack and status == 404):
        what = f"{answer.request.method} {answer.request.url.path}"
        raise RegistryError(f"{image.host} refuses {what} ({status}): {_words(answer)}")


def _words(answer: httpx.Response) -> str:
    text = answer.read().decode(errors="replace")  # an answer to a stream is not read yet
    try:
        return "; ".join(str(e.get("message") or e.get("code")) for e in json.loads(text)["errors"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return text[:300] or answer.reason_phrase


def _check(image: Reference, content: bytes) -> None:
    found = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if found != image.digest:
        raise RegistryError(f"{image.host} gave {found} when it was asked for {image}")


def _with(image: Reference, digest: str) -> Reference:
    return Reference(image.host, image.repository, digest)
