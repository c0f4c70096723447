"""What cannot be changed in place and has one name: the old goes first, and never with data."""

import json
import re
from collections.abc import Callable

import pytest

from tests.cloud.checkout import Checkout
from tests.registry import RealRegistry

pytestmark = pytest.mark.live

DATASET = "gcp:bigquery/dataset:Dataset"
RUNNER = "acme-data/dataflows-dev/runner"


def test_a_warehouse_that_moves_is_not_there_twice_and_an_image_that_is_gone_is_missed(
    checkout: Callable[[str], Checkout], registry: RealRegistry
) -> None:
    dev = checkout("dev")
    dev.up()
    dev.change("storage", location="EU")
    storage = {name: what for name, what in dev.up().items() if name.startswith("storage-")}
    assert storage == dict.fromkeys(
        ("storage-landing", "storage-lake", "storage-dataset", "storage-staging"), "replace"
    )
    assert {dataset["inputs"]["location"] for dataset in dev.world().of(DATASET)} == {"EU"}
    dev.up("--expect-no-changes")

    # Google's clean-up, or somebody, has taken an image that the plugin never misses.
    digest = json.loads(dev.run("stack", "output", "images", "--json"))["runner"]
    registry.remove(RUNNER, digest)
    said = dev.failing("up")
    assert "is not in the registry" in said
    assert "Traceback" not in said
    [urn] = {*re.findall(r"--replace '(.*)'", said)}  # once in the course, once at the end
    dev.up("--replace", urn)
    assert registry.has(RUNNER, digest)
    dev.up("--expect-no-changes")
    dev.destroy()
