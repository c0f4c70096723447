"""The whole life of `dev`, by the real engine: made, changed, drifted, put right, removed."""

import json
from collections.abc import Callable

import httpx
import pytest

from tests.cloud.checkout import Checkout
from tests.cloud.contents import on_server
from tests.cloud.values import in_clear
from tests.places.google.stacks import API_KEY

pytestmark = pytest.mark.live

NEW_KEY = "pnu_rotated-secret-9876543210"
DEPLOYMENTS = dict.fromkeys(("hello/hello-dev", "ingest/ingest-dev", "report/report-dev"), "update")
VM = "gcp:compute/instance:Instance"
VERSION = "gcp:secretmanager/secretVersion:SecretVersion"


def test_dev_lives_from_the_first_preview_to_the_last_destroy(
    checkout: Callable[[str], Checkout], prefect: httpx.Client
) -> None:
    dev = checkout("dev")
    dev.machine["STAND_IN_CREDENTIALS"] = "cached"
    before = on_server(prefect)

    planned = dev.preview()
    assert {*planned.values()} == {"create"}
    assert "+ 98 to create" in dev.said[-1]
    assert not dev.cloud.path.exists() or not objects(dev), "a preview made something"
    assert on_server(prefect) == before

    # A failure half-way, and what it left is gone on with.
    dev.fail(VM)
    assert "Error 503" in dev.failing("up")
    half = objects(dev)
    assert len(half) > 20
    assert names(dev).isdisjoint({"agent-vm"})
    rest = dev.up()
    assert {*rest.values()} == {"create"}
    assert {*half} < {*objects(dev)}, "what stood already was made anew"
    assert names(dev) == {n for n in planned if n in names(dev)}
    assert len(names(dev)) == len(objects(dev)), "something is there twice"
    once = on_server(prefect)
    assert {*once.values()} == {1}
    dev.up("--expect-no-changes")
    # Nor is anything else on another machine: one with another Docker, and another umask.
    dev.machine["DOCKER_HOST"] = "unix:///run/user/1000/docker.sock"
    let_the_group_write(dev)
    assert dev.preview("--refresh") == {}

    # A flow changes: its image, and what runs in it. With the token that built the last one, what
    # the plugin foresees of the new one is that its digest is the empty text.
    append(dev, "flows/ingest/core.py")
    changed = {"runner-image": "update", "pool": "update"} | DEPLOYMENTS
    assert dev.preview("--diff") == changed
    assert "/runner@" not in dev.said[-1].replace("/runner@sha256:", ""), "no digest is one"
    assert dev.up() == changed
    assert_all_run(dev, prefect)

    # The agent changes: its VM is another.
    append(dev, "images/agent/requirements.txt")
    assert dev.up() == {"agent-image": "update", "agent-vm": "replace"}
    [vm] = dev.world().of(VM)
    assert digest(dev, "agent") in vm["inputs"]["metadata"]["user-data"]

    # The key is rotated.
    dev.give_key(NEW_KEY)
    assert dev.up() == {
        "secrets-prefect-api-key-version": "replace",
        "agent-vm": "replace",
        "pool": "update",
        "default": "update",  # Pulumi's own provider, which calls Prefect with the key
    }
    [version] = dev.world().of(VERSION)
    assert NEW_KEY in json.dumps(version["inputs"])
    [vm] = dev.world().of(VM)
    assert version["outputs"]["name"] in vm["inputs"]["metadata"]["user-data"]

    # Somebody has been at the cloud by hand.
    with dev.cloud.open() as world:
        [subnet] = world.of("gcp:compute/subnetwork:Subnetwork")
        for side in ("inputs", "outputs"):
            subnet[side]["privateIpGoogleAccess"] = False
        [grant] = (i for i, o in world.objects.items() if o["name"] == "agent-writes-logs")
        del world.objects[grant]
    assert dev.refresh() == {"network-subnet": "update", "agent-writes-logs": "delete"}
    assert dev.up() == {"network-subnet": "update", "agent-writes-logs": "create"}
    assert grant in objects(dev)
    [subnet] = dev.world().of("gcp:compute/subnetwork:Subnetwork")
    assert subnet["inputs"]["privateIpGoogleAccess"] is True

    assert_secrets_stay_secret(dev)
    dev.destroy()
    assert {each["type"] for each in objects(dev).values()} == {"gcp:projects/service:Service"}
    assert on_server(prefect) == before


def objects(stack: Checkout) -> dict:
    return stack.world().objects


def names(stack: Checkout) -> set[str]:
    return {each["name"] for each in objects(stack).values()}


def append(stack: Checkout, path: str) -> None:
    with (stack.repository / path).open("a") as file:
        file.write("\n# changed\n")


def let_the_group_write(stack: Checkout) -> None:
    """What files are like under the umask 002."""
    for path in stack.repository.rglob("*"):
        if path.is_file() and ".venv" not in path.parts:
            path.chmod(path.stat().st_mode | 0o020)


def digest(stack: Checkout, image: str) -> str:
    told = json.loads(stack.run("stack", "output", "images", "--json"))
    return told[image]


def assert_all_run(stack: Checkout, prefect: httpx.Client) -> None:
    """Every deployment runs in the image that was made last."""
    told = prefect.post("/deployments/filter", json={"limit": 200}).json()
    images = {each["job_variables"]["image"].rpartition("@")[2] for each in told}
    assert images == {digest(stack, "runner")}


def assert_secrets_stay_secret(stack: Checkout) -> None:
    """Neither the key nor a token stands anywhere in clear, but where Google keeps the key."""
    world = stack.world()
    secrets = [API_KEY, NEW_KEY, "ya29.stand-in-token"]
    everything = {
        "state": stack.state,
        "settings": stack.settings.read_text(),
        "what Pulumi said": "\n".join(stack.said),
        "the events": "\n".join(p.read_text() for p in stack.home.glob("events-*.json")),
    }
    for each in world.objects.values():
        if each["type"] == VERSION:
            assert {*each["inputs"]} >= {"secretData"}
            each["inputs"].pop("secretData")
        clear = "\n".join(text for _, text in in_clear(each))
        everything[f"the inputs of {each['name']}"] = clear
    leaks = [where for where, text in everything.items() if any(s in text for s in secrets)]
    assert not leaks, f"a secret stands in clear in {leaks}"
