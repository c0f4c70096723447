"""What the stand-ins' rules come to in the real engine, for resources of a few lines."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.cloud.checkout import write_launchers
from tests.cloud.cloud import Cloud
from tests.live.stack import FailedError, Stack

pytestmark = pytest.mark.live

BUCKET = "gcp:storage/bucket:Bucket"
DATASET = "gcp:bigquery/dataset:Dataset"
IMAGE = "docker-build:index:Image"
NETWORK = "gcp:compute/network:Network"
SECRET = "gcp:secretmanager/secret:Secret"
VERSION = "gcp:secretmanager/secretVersion:SecretVersion"


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """One in which every service is on, and the plugins that act on it."""
    write_launchers(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("STAND_IN_CLOUD", str(tmp_path / "cloud.json"))
    for name in ("DOCKER_HOST", "STAND_IN_CREDENTIALS", "STAND_IN_REGISTRY"):
        monkeypatch.delenv(name, raising=False)
    made = Cloud(tmp_path / "cloud.json")
    with made.open() as world:
        for api in ("bigquery", "compute", "secretmanager", "storage"):
            world.objects[f"acme-data/{api}.googleapis.com"] = _service(api)
    return made


@pytest.fixture
def stack(tmp_path: Path, pulumi_bin: Path, cloud: Cloud) -> Stack:
    return Stack(home=tmp_path / "pulumi", api_url="", engine=pulumi_bin)


def _service(api: str) -> dict[str, Any]:
    return {"type": "gcp:projects/service:Service", "name": api, "inputs": {}, "outputs": {}}


def provider(name: str, /, **settings: Any) -> pulumi.ProviderResource:
    return pulumi.ProviderResource(name, "the", settings)


def resource(type_: str, by: pulumi.ProviderResource, /, **inputs: Any) -> pulumi.CustomResource:
    options = pulumi.ResourceOptions(
        provider=by, delete_before_replace=inputs.pop("delete_before_replace", None)
    )
    return pulumi.CustomResource(type_, type_.rpartition(":")[2], inputs, options)


def google(**told: dict[str, Any]) -> Callable[[], None]:
    """A program of these: by name of a type in this module, what one of it takes."""

    def program() -> None:
        by = provider("gcp", project="acme-data")
        for type_, inputs in told.items():
            resource(globals()[type_], by, **inputs)

    return program


def unknown() -> pulumi.Output[Any]:
    def now(value: Any) -> asyncio.Future[Any]:
        future = asyncio.get_event_loop().create_future()
        future.set_result(value)
        return future

    return pulumi.Output(now(set()), now(pulumi.UNKNOWN), now(False))


def objects(cloud: Cloud, type_: str) -> list[dict[str, Any]]:
    with cloud.open() as world:
        return [each["inputs"] for each in world.of(type_)]


def test_what_is_made_first_meets_its_own_id_and_what_has_a_name_goes_first(
    stack: Stack, cloud: Cloud
) -> None:
    def places() -> list[str]:
        return [each["location"] for type_ in (BUCKET, DATASET) for each in objects(cloud, type_)]

    bucket, sales = {"name": "acme-landing"}, {"datasetId": "sales", "delete_before_replace": True}
    here, there = {"location": "EU"}, {"location": "US"}
    stack.up(google(BUCKET=bucket | here, DATASET=sales | here))
    assert stack.up(google(BUCKET=bucket | there, DATASET=sales | there)) == {"replace": 2}
    assert places() == ["US", "US"]
    with pytest.raises(FailedError, match="Error 409"):
        stack.up(google(BUCKET=bucket | there, DATASET={"datasetId": "sales"} | here))
    assert places() == ["US", "US"]


def test_a_replacement_has_a_name_of_its_own(stack: Stack, cloud: Cloud) -> None:
    stack.up(google(NETWORK={"autoCreateSubnetworks": False}))
    [before] = objects(cloud, NETWORK)
    assert stack.up(google(NETWORK={"autoCreateSubnetworks": True})) == {"replace": 1}
    [after] = objects(cloud, NETWORK)
    assert before["name"].startswith("network-")
    assert after["name"].startswith("network-")
    assert before["name"] != after["name"]


def test_the_engine_keeps_secret_what_was_told_so_and_what_the_plugin_says_is(
    stack: Stack, cloud: Cloud
) -> None:
    def program() -> None:
        by = provider("gcp", project="acme-data")
        secret = resource(SECRET, by, secretId="key", replication={"auto": {}}, labels={"a": "b"})
        value = pulumi.Output.secret("a-secret-value")
        resource(VERSION, by, secret=secret.id, secretData=value)

    stack.up(program)
    assert "a-secret-value" not in stack.state()
    assert "goog-pulumi-provisioned" not in stack.state()
    assert [each["secretData"] for each in objects(cloud, VERSION)] == ["a-secret-value"]
    assert stack.up(program) == {}


def test_with_a_setting_unknown_nobody_is_configured_and_a_preview_ends_well(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_CREDENTIALS", "none")

    def program() -> None:
        resource(NETWORK, provider("gcp", project=unknown()))

    assert stack.preview(program)["create"] >= 2
    with pytest.raises(FailedError, match="failed to load application credentials"):
        stack.preview(google(NETWORK={}))


def test_an_image_keeps_the_id_of_its_first_digest_and_another_daemon_makes_it_anew(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch\n")

    def program() -> None:
        resource(
            IMAGE,
            provider("docker-build"),
            push=False,
            buildOnPreview=False,
            context={"location": str(context)},
            exports=[{"registry": {"names": ["registry.example/acme/runner"]}}],
            registries=[
                {"address": "registry.example", "password": pulumi.Output.secret("a-password")}
            ],
        )

    def kept() -> tuple[str, str]:
        resources = json.loads(stack.state())["checkpoint"]["latest"]["resources"]
        [image] = [each for each in resources if each["type"] == IMAGE]
        return image["id"], image["outputs"]["digest"]

    stack.up(program)
    first = kept()
    assert first[0] == first[1]
    (context / "Dockerfile").write_text("FROM scratch\nLABEL a=b\n")
    assert stack.up(program) == {"update": 1}
    second = kept()
    assert second[0] == first[0]
    assert second[1] != first[1]
    assert stack.refresh(program) == {}
    assert "a-password" not in stack.state()

    monkeypatch.setenv("DOCKER_HOST", "unix:///run/user/1000/docker.sock")
    assert stack.preview(program)["replace"] == 2
