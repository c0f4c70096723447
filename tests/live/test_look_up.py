"""What other teams own is found by name, by a program that does not manage it."""

import json
from pathlib import Path

import httpx
import pytest

from tests.live.project import Project

pytestmark = pytest.mark.live

PROGRAM = """
import pulumi
from prefect_as_code import PrefectError
import prefect_as_code as prefect

pulumi.export("found", {
    "automation": prefect.find_automation("theirs"),
    "block": prefect.find_block("secret/theirs"),
    "deployment": prefect.find_deployment("theirs/d"),
    "limit": prefect.find_global_concurrency_limit("theirs"),
    "variable": prefect.find_variable("theirs"),
    "pool": prefect.find_work_pool("theirs"),
    "queue": prefect.find_work_queue("theirs/urgent"),
})

def refusal(find, key):
    try:
        find(key)
    except PrefectError as error:
        return str(error)

pulumi.export("refused", [
    refusal(prefect.find_work_pool, "nobody"),
    refusal(prefect.find_deployment, "nobody/d"),
    refusal(prefect.find_work_queue, "urgent"),
])
"""
UP = ("pulumi", "up", "--yes", "--skip-preview")


@pytest.fixture
def theirs(prefect: httpx.Client) -> dict[str, str]:
    def made(path: str, **body) -> dict:
        return prefect.post(path, json=body).raise_for_status().json()

    trigger = {"type": "event", "posture": "Reactive", "expect": ["a"]}
    pool = made("/work_pools/", name="theirs", type="process")
    secret = prefect.get("/block_types/slug/secret").raise_for_status().json()
    wanted = {"block_schemas": {"block_type_id": {"any_": [secret["id"]]}}, "limit": 1}
    [schema] = prefect.post("/block_schemas/filter", json=wanted).json()
    flow = made("/flows/", name="theirs")
    return {
        "automation": made(
            "/automations/", name="theirs", trigger=trigger, actions=[{"type": "do-nothing"}]
        )["id"],
        "block": made(
            "/block_documents/",
            name="theirs",
            data={"value": "x"},
            block_type_id=secret["id"],
            block_schema_id=schema["id"],
        )["id"],
        "deployment": made("/deployments/", name="d", flow_id=flow["id"])["id"],
        "limit": made("/v2/concurrency_limits/", name="theirs", limit=1)["id"],
        "variable": made("/variables/", name="theirs", value="x")["id"],
        "pool": pool["name"],
        "queue": made(f"/work_pools/{pool['name']}/queues", name="urgent")["id"],
    }


def test_what_others_own_is_found_and_left_alone(
    tmp_path: Path,
    api_url: str,
    pulumi_bin: Path,
    prefect: httpx.Client,
    python_first: None,
    theirs: dict[str, str],
) -> None:
    project = Project(tmp_path / "project", api_url, pulumi_bin, PROGRAM)
    project.run(*UP)
    told = json.loads(project.run("pulumi", "stack", "output", "--json"))
    assert told["found"] == theirs
    assert told["refused"] == [
        f'There is no work pool "nobody" at {api_url}.',
        f'There is no deployment "nobody/d" at {api_url}.',
        "'urgent' is no pool/queue.",
    ]
    project.run("pulumi", "destroy", "--yes", "--skip-preview")
    assert prefect.get(f"/deployments/{theirs['deployment']}").is_success
