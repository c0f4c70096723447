"""What Prefect remembers of a run."""

from typing import Any

from prefect import State, get_client
from prefect.client.schemas.objects import FlowRun, TaskRun


def finished(state: State[Any]) -> FlowRun:
    assert state.state_details.flow_run_id
    with get_client(sync_client=True) as client:
        return client.read_flow_run(state.state_details.flow_run_id)


def task_runs(run: FlowRun) -> dict[str, TaskRun]:
    """By name; the first of those that have the same."""
    filters: dict[str, object] = {"flow_runs": {"id": {"any_": [str(run.id)]}}}
    filters["sort"] = "EXPECTED_START_TIME_DESC"
    with get_client(sync_client=True) as client:
        found = client.request("POST", "/task_runs/filter", json=filters).json()
    return {each["name"]: TaskRun.model_validate(each) for each in found}


def artifacts(run: FlowRun) -> dict[str, Any]:
    """The data of each artifact of the run, by key."""
    filters = {"artifacts": {"flow_run_id": {"any_": [str(run.id)]}}}
    with get_client(sync_client=True) as client:
        found = client.request("POST", "/artifacts/filter", json=filters).json()
    return {each["key"]: each["data"] for each in found}
