"""`prod` by the real engine: it builds nothing, and a digest from `dev` rolls the agent's group."""

from collections.abc import Callable

import httpx
import pytest

from tests.cloud.checkout import Checkout
from tests.cloud.contents import on_server

pytestmark = pytest.mark.live

TEMPLATE = "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate"
GROUP = "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager"
PROVED = f"sha256:{'5e' * 32}"


def test_prod_builds_nothing_and_rolls_its_group_to_the_digest_that_it_is_given(
    checkout: Callable[[str], Checkout], prefect: httpx.Client
) -> None:
    prod = checkout("prod")
    before = on_server(prefect)

    planned = prod.preview()
    assert {*planned.values()} == {"create"}
    assert {"agent-template", "agent-group", "network-nat"} <= {*planned}
    assert "docker-build:index:Image" not in prod.said[-1], "prod builds an image"

    # The group is made, and its VM does not come up in time: the next `up` waits for it again.
    prod.fail(GROUP, "after")
    assert "timeout while waiting" in prod.failing("up")
    [group] = prod.world().of(GROUP)
    assert prod.up().get("agent-group") == "update"
    world = prod.world()
    assert [each["outputs"]["name"] for each in world.of(GROUP)] == [group["outputs"]["name"]]
    standing = [each["name"] for each in world.objects.values()]
    assert len(standing) == len({*standing}), "something is there twice"

    assert "docker-build:" not in prod.state

    # Half-way again, at the roll: the old template and its group stay as they are.
    [old] = world.of(TEMPLATE)
    prod.change("images", agent=PROVED)
    prod.fail(TEMPLATE)
    assert "Error 503" in prod.failing("up")
    assert prod.world().of(TEMPLATE) == [old]
    assert prod.up() == {"agent-template": "replace", "agent-group": "update"}
    world = prod.world()
    [new], [group] = world.of(TEMPLATE), world.of(GROUP)
    assert f"agent@{PROVED}" in new["inputs"]["metadata"]["user-data"]
    [version] = group["inputs"]["versions"]
    assert version["instanceTemplate"] == new["outputs"]["selfLink"]
    prod.up("--expect-no-changes")

    prod.destroy()
    left = prod.world().objects.values()
    assert {each["type"] for each in left} == {"gcp:projects/service:Service"}
    assert on_server(prefect) == before


def test_a_declaration_that_cannot_be_deployed_is_shown_as_its_text_alone(
    checkout: Callable[[str], Checkout],
) -> None:
    prod = checkout("prod")
    declared = prod.repository / "flows/deployments.py"
    declared.write_text(declared.read_text().replace("hello.py:hello", "hello.py:hallo"))
    said = prod.failing("preview")
    assert "flows/deployments.py, flows/hello.py:hallo: flows/hello.py has no function" in said
    assert "Traceback" not in said
