"""Which runs prove an image, on a real Prefect server."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment
from prefect.settings import PREFECT_API_URL, temporary_settings

from prefect_as_code.api import PrefectApi
from prefect_as_code.connection import Connection
from promotion.proof import Proof, proofs, run_url
from tests.promotion.runs import Runs

OLD, NEW = f"sha256:{'0d' * 32}", f"sha256:{'4e' * 32}"


@pytest.fixture
def runs(prefect: httpx.Client) -> Runs:
    made = Runs(prefect)
    made.deploy(NEW, ("hello",))
    return made


def proof(runs: Runs, api_url: str, digest: str = NEW) -> Proof:
    [found] = proofs(PrefectApi(Connection(api_url=api_url)), runs.deployments, digest)
    return found


@pytest.mark.parametrize(
    ("states", "found"),
    [
        (["COMPLETED"], "Completed"),
        (["FAILED"], "Failed"),
        (["CRASHED"], "Crashed"),
        (["CANCELLING"], "Cancelling"),
        (["CANCELLED"], "Cancelled"),
        (["PAUSED"], "Paused"),
        ([], "Running"),
    ],
)
def test_the_last_run_says(runs: Runs, api_url: str, states: list[str], found: str) -> None:
    runs.run(runs.hello, "COMPLETED" if found != "Completed" else "FAILED")
    last = runs.run(runs.hello, *states)
    seen = proof(runs, api_url)
    assert (seen.state, seen.url) == (found, run_url(api_url, last))
    assert seen.holds == (found == "Completed")


def test_a_run_that_waits_for_its_retry_is_no_proof_and_no_run_of_before_is(
    runs: Runs, api_url: str
) -> None:
    runs.run(runs.hello, "COMPLETED")
    run = runs.run(runs.hello)
    runs.becomes(run, "SCHEDULED", "AwaitingRetry")
    assert proof(runs, api_url).state == "AwaitingRetry"


def test_a_run_that_never_came_to_start_counts(runs: Runs, api_url: str) -> None:
    """Its image may be what did not start."""
    runs.run(runs.hello, "COMPLETED")
    run = runs.start(runs.hello)
    runs.becomes(run, "PENDING")
    runs.becomes(run, "CRASHED")
    assert proof(runs, api_url).state == "Crashed"


def test_runs_that_are_still_to_come_say_nothing(runs: Runs, api_url: str) -> None:
    runs.run(runs.hello, "COMPLETED")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    runs.start(
        runs.hello,
        state={"type": "SCHEDULED", "state_details": {"scheduled_time": tomorrow}},
    )
    assert proof(runs, api_url).holds


def test_runs_on_another_image_say_nothing(runs: Runs, api_url: str) -> None:
    runs.deploy(OLD, ("hello",))
    runs.run(runs.hello, "COMPLETED")
    assert proof(runs, api_url, NEW).state is None
    runs.deploy(NEW, ("hello",))
    runs.run(runs.hello, "COMPLETED")
    runs.deploy(OLD, ("hello",))
    runs.run(runs.hello, "FAILED")
    assert proof(runs, api_url, NEW).holds
    assert not proof(runs, api_url, OLD).holds


def test_a_run_with_an_image_of_its_own_is_of_that_image(runs: Runs, api_url: str) -> None:
    runs.run(runs.hello, "COMPLETED", job_variables={"image": f"elsewhere/runner@{OLD}"})
    assert proof(runs, api_url).state is None
    runs.run(runs.hello, "COMPLETED", job_variables={"image": f"elsewhere/runner@{NEW}"})
    assert proof(runs, api_url).holds


def test_every_kind_of_run_keeps_the_version_that_its_deployment_had(
    runs: Runs, api_url: str, prefect: httpx.Client
) -> None:
    """Made through the API as the UI does it, by a schedule, and by another flow."""
    id_ = runs.deployments[runs.hello]
    by_hand = runs.start(runs.hello)
    schedule = {"schedule": {"interval": 3600}, "active": True}
    prefect.post(f"/deployments/{id_}/schedules", json=[schedule]).raise_for_status()
    prefect.post(f"/deployments/{id_}/schedule", json={"min_runs": 3}).raise_for_status()

    async def by_a_flow() -> str:
        with temporary_settings({PREFECT_API_URL: api_url}):
            async with get_client() as client:
                run = await run_deployment(runs.hello, timeout=0, as_subflow=False, client=client)
                return str(run.id)

    with ThreadPoolExecutor(1) as pool:  # asyncio.run takes the event loop from its thread
        started = pool.submit(asyncio.run, by_a_flow()).result()
    wanted = {"flow_runs": {"deployment_id": {"any_": [id_]}}, "limit": 200}
    found = prefect.post("/flow_runs/filter", json=wanted).raise_for_status().json()
    assert {by_hand, started} < {run["id"] for run in found}
    assert any(run["auto_scheduled"] for run in found)
    assert {run["deployment_version"] for run in found} == {NEW}

    # Another image: what was scheduled goes, what somebody started keeps what it was made of.
    runs.deploy(OLD, ("hello",))
    kept = prefect.post("/flow_runs/filter", json=wanted).json()
    assert {run["id"] for run in kept if not run["auto_scheduled"]} == {by_hand, started}
    assert runs.read(by_hand)["deployment_version"] == NEW


@pytest.mark.parametrize(
    ("api_url", "page"),
    [
        ("http://127.0.0.1:4200/api", "http://127.0.0.1:4200/runs/flow-run/7"),
        (
            "https://api.prefect.cloud/api/accounts/1/workspaces/2",
            "https://app.prefect.cloud/account/1/workspace/2/runs/flow-run/7",
        ),
    ],
)
def test_a_run_has_a_page(api_url: str, page: str) -> None:
    assert run_url(api_url, "7") == page
