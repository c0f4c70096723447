"""Images are copied by digest, between real registries and within one."""

import hashlib

import google.auth
import httpx
import pytest
from google.auth.exceptions import DefaultCredentialsError

from stacks.oci import Reference, Registry, RegistryError, credentials
from tests.registry import RealRegistry, image, index

FROM, TO = "acme-dev/images/runner", "acme-prod/images/runner"
GOOGLE = "europe-west1-docker.pkg.dev"
LOST = f"sha256:{'0f' * 32}"


def reference(registry: RealRegistry, repository: str, digest: str) -> Reference:
    return Reference.of(f"{registry.host}/{repository}", digest)


def copied(source: RealRegistry, target: RealRegistry, digest: str) -> None:
    Registry().copy(reference(source, FROM, digest), reference(target, TO, digest))


def test_an_image_comes_into_another_registry_byte_for_byte(
    registry: RealRegistry, other: RealRegistry
) -> None:
    told = image("a runner", size=5_000_000)  # several chunks
    digest = registry.push(FROM, told)
    copied(registry, other, digest)
    assert other.content(TO, digest) == told.manifests[0][1]
    for blob in told.blobs:
        found = other.content(TO, f"sha256:{hashlib.sha256(blob).hexdigest()}", "blobs")
        assert found == blob


def test_within_a_registry_no_layer_travels(registry: RealRegistry) -> None:
    digest = registry.push(FROM, image("mounted"))
    seen = []
    inner = httpx.HTTPTransport()

    def watch(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return inner.handle_request(request)

    pair = reference(registry, FROM, digest), reference(registry, TO, digest)
    Registry(transport=httpx.MockTransport(watch)).copy(*pair)
    assert registry.has(TO, digest)
    assert {r.method for r in seen} == {"HEAD", "GET", "POST", "PUT"}
    assert not [r for r in seen if r.method == "GET" and "/blobs/" in r.url.path]


def test_an_index_comes_with_all_that_it_names(registry: RealRegistry, other: RealRegistry) -> None:
    told = index(image("amd64"), image("its bill of materials"))
    digest = registry.push(FROM, told)
    copied(registry, other, digest)
    assert other.content(TO, digest) == told.manifests[-1][1]
    assert all(other.has(TO, each.digest) for each in (image("amd64"), told))


def test_what_is_there_already_needs_no_source(registry: RealRegistry, other: RealRegistry) -> None:
    digest = registry.push(FROM, image("kept"))
    copied(registry, other, digest)
    registry.remove(FROM, digest)
    copied(registry, other, digest)


def test_an_image_that_is_not_there_is_named(registry: RealRegistry, other: RealRegistry) -> None:
    assert not Registry().holds(reference(registry, FROM, LOST))
    with pytest.raises(RegistryError, match=f"There is no image {registry.host}/{FROM}@{LOST}"):
        copied(registry, other, LOST)
    assert not other.has(TO, LOST)


def test_other_content_than_was_asked_for_is_refused() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "HEAD":
            return httpx.Response(404)
        return httpx.Response(200, json={"layers": []})

    liar = Registry(transport=httpx.MockTransport(answer))
    here, there = (Reference.of(f"127.0.0.1:1/{r}", LOST) for r in (FROM, TO))
    with pytest.raises(RegistryError, match=r"127.0.0.1:1 gave sha256:\w+ when it was asked for"):
        liar.copy(here, there)


def test_a_registry_that_is_busy_is_asked_again(registry: RealRegistry) -> None:
    digest = registry.push(FROM, image("busy"))
    answers = iter([503, 429, 200])
    busy = httpx.MockTransport(lambda _: httpx.Response(next(answers)))
    assert Registry(transport=busy).holds(reference(registry, FROM, digest))


def test_a_registry_that_is_not_there_is_named() -> None:
    with pytest.raises(RegistryError, match=r"no answer from 127.0.0.1:1: .* Is the network there"):
        Registry(attempts=2).holds(Reference.of(f"127.0.0.1:1/{FROM}", LOST))


def test_google_is_told_who_asks_and_nobody_else_is() -> None:
    told = {}

    def answer(request: httpx.Request) -> httpx.Response:
        told[request.url.host] = request.headers.get("Authorization")
        return httpx.Response(200)

    asking = Registry(token=lambda: "ya29.mine", transport=httpx.MockTransport(answer))
    for host in (GOOGLE, "registry.example", "pkg.dev.example"):
        asking.holds(Reference.of(f"{host}/{FROM}", LOST))
    assert told == {
        GOOGLE: "Bearer ya29.mine",
        "registry.example": None,
        "pkg.dev.example": None,
    }


def test_who_may_not_is_told_what_is_lacking() -> None:
    closed = httpx.MockTransport(lambda _: httpx.Response(403))
    asking = Registry(token=lambda: "ya29.mine", transport=closed)
    with pytest.raises(RegistryError) as caught:
        asking.holds(Reference.of(f"{GOOGLE}/{FROM}", LOST))
    said = str(caught.value)
    assert said.startswith(f"{GOOGLE} does not let you at {FROM} (403). Who asks needs roles/")
    assert "ya29" not in said


def test_a_machine_without_credentials_says_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none(scopes: list[str]) -> None:
        raise DefaultCredentialsError("Your default credentials were not found.")

    monkeypatch.setattr(google.auth, "default", none)
    monkeypatch.setattr(credentials, "_found", [])
    with pytest.raises(RegistryError, match="gcloud auth application-default login"):
        Registry().holds(Reference.of(f"{GOOGLE}/{FROM}", LOST))


@pytest.mark.parametrize(
    ("host", "scheme"),
    [
        (GOOGLE, "https"),
        ("registry.example:5000", "https"),
        ("127.0.0.1:5000", "http"),
        ("localhost:5000", "http"),
        ("[::1]:5000", "http"),
    ],
)
def test_only_this_machine_is_spoken_to_in_clear(host: str, scheme: str) -> None:
    url = Reference.of(f"{host}/{FROM}", LOST).url
    assert url == f"{scheme}://{host}/v2/{FROM}"
