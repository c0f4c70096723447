"""`prod` by the real engine: it builds nothing, and a digest from `dev` rolls the agent's group."""

from collections.abc import Callable

import httpx
import pytest

from tests.cloud.checkout import Checkout
from tests.cloud.contents import on_server
from tests.cloud.promoting import (
    FROM,
    HOST,
    TEMPLATE,
    TO,
    as_written,
    assert_runs,
    call,
    commit,
    outputs,
    promote,
    prove,
    status,
)
from tests.places.google.stacks import PROMOTED
from tests.registry import RealRegistry, image

pytestmark = pytest.mark.live

GROUP = "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager"


def test_prod_builds_nothing_and_rolls_its_group_to_the_digest_that_it_is_given(
    beside: Callable[[str], Checkout], prefect: httpx.Client, registry: RealRegistry
) -> None:
    prod = beside("prod")
    before = on_server(prefect)
    first = {name: registry.push(f"{FROM}/{name}", image(name)) for name in ("agent", "runner")}
    promoted = PROMOTED | {"copied_from": f"{HOST}/{FROM}"}
    prod.change("images", now=promoted | first)

    planned = prod.preview()
    assert {*planned.values()} == {"create"}
    assert "+ 100 to create" in prod.said[-1]
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
    assert all(registry.has(f"{TO}/{name}", digest) for name, digest in first.items())

    assert "docker-build:" not in prod.state

    # A digest that is in no registry: nothing is rolled to it.
    [old] = world.of(TEMPLATE)
    prod.change("images", now=promoted | first | {"agent": f"sha256:{'5e' * 32}"})
    said = prod.failing("up")
    assert f"There is no image {HOST}/{FROM}/agent@sha256:5e5e" in said
    assert "Traceback" not in said
    assert "unhandled error" not in said
    assert prod.world().of(TEMPLATE) == [old]

    # Half-way again, at the roll: the old template and its group stay as they are.
    second = registry.push(f"{FROM}/agent", image("another agent"))
    prod.change("images", now=promoted | first | {"agent": second})
    prod.fail(TEMPLATE)
    assert "Error 503" in prod.failing("up")
    assert prod.world().of(TEMPLATE) == [old]
    assert prod.up() == {"agent-template": "replace", "agent-group": "update"}
    world = prod.world()
    [new], [group] = world.of(TEMPLATE), world.of(GROUP)
    assert f"agent@{second}" in new["inputs"]["metadata"]["user-data"]
    [version] = group["inputs"]["versions"]
    assert version["instanceTemplate"] == new["outputs"]["selfLink"]
    prod.up("--expect-no-changes")

    # The image is removed behind the back, and brought again.
    registry.remove(f"{TO}/agent", second)
    assert prod.refresh() == {"agent-image": "delete"}
    assert prod.up() == {"agent-image": "create"}
    assert registry.has(f"{TO}/agent", second)

    prod.destroy()
    left = prod.world().objects.values()
    assert {each["type"] for each in left} == {"gcp:projects/service:Service"}
    assert on_server(prefect) == before


def test_what_dev_proved_is_what_prod_runs_and_a_rollback_returns_to_the_very_digests_before(
    beside: Callable[[str], Checkout], prefect: httpx.Client, registry: RealRegistry
) -> None:
    dev, prod = beside("dev"), beside("prod")
    as_written(prod)
    commit(dev)
    said = prod.failing("preview")
    assert "dataflows:images.now is missing (What this stack runs; `make promote FROM=" in said

    dev.up()
    first = outputs(dev)
    said = promote(prod, succeeds=False)
    assert said.count("no run on this image; start one: prefect deployment run") == 3
    prove(dev, prefect)
    before = prod.settings.read_bytes()
    promote(prod, "--dry-run")
    assert prod.settings.read_bytes() == before
    assert status(prod) == ""
    promote(prod)
    assert status(prod) == " M Pulumi.prod.yaml"
    assert {*before.splitlines()} <= {*prod.settings.read_bytes().splitlines()}
    commit(prod)
    prod.up()
    assert_runs(prod, first, registry)
    settings = prod.settings.read_bytes()

    # Both images of dev are others, and prod's preview says what that means for it.
    for path in ("flows/hello.py", "images/agent/requirements.txt"):
        with (dev.repository / path).open("a") as file:
            file.write("\n# changed\n")
    commit(dev)
    dev.up()
    second = outputs(dev)
    assert {*second["images"].values()}.isdisjoint(first["images"].values())
    assert promote(prod, succeeds=False).count("no run on this image") == 3
    prove(dev, prefect)
    promote(prod)
    commit(prod)
    rolled = {
        "registry-images": "update",  # whose clean-up spares what the stack and a rollback run
        "agent-image": "update",
        "runner-image": "update",
        "agent-template": "replace",
        "agent-group": "update",
        "pool": "update",
        "default": "update",  # Pulumi's own provider, which is handed the configuration
        **dict.fromkeys(("hello/hello-prod", "ingest/ingest-prod", "report/report-prod"), "update"),
    }
    assert prod.preview() == rolled
    assert "docker-build:index" not in prod.said[-1]
    assert prod.up() == rolled
    assert_runs(prod, second, registry)

    # Back, although dev's registry has the old images no more.
    for name, digest in first["images"].items():
        registry.remove(f"{FROM}/{name}", digest)
    call(prod, "rollback", "--stack", "prod")
    assert prod.settings.read_bytes() == settings
    commit(prod)
    assert prod.up() == rolled
    assert_runs(prod, first, registry)

    for stack in (prod, dev):
        stack.destroy()


def test_a_declaration_that_cannot_be_deployed_is_shown_as_its_text_alone(
    checkout: Callable[[str], Checkout],
) -> None:
    prod = checkout("prod")
    declared = prod.repository / "flows/deployments.py"
    wrong = declared.read_text().replace("hello.py:hello", "hello.py:hallo")
    declared.write_text(wrong.replace('("example",)', '("example")'))
    said = prod.failing("preview")
    at = "flows/deployments.py:6, flows/hello.py:hallo: "
    assert (
        f'{at}tags: found "example" (str); write texts in a tuple, as in tags=("example",)' in said
    )
    assert f"{at}flows/hello.py has no function hallo; it has hello" in said
    assert "Traceback" not in said
