"""The runner's image runs the flows, in a container in which nothing but /tmp can be written."""

import pytest

pytestmark = pytest.mark.e2e

DIRECTORY = "/opt/dataflows"  # where a deployment's pull step goes: stacks.places.google.cloud
STARTS = [(), ("prefect", "flow-run", "execute")]
SETTINGS = """
from prefect.blocks.system import Secret
from prefect.variables import Variable
Variable.set("landing-e2e", "file:///data/landing", overwrite=True)
Variable.set("warehouse-e2e", "duckdb:////data/warehouse.duckdb", overwrite=True)
Secret(value={}).save("landing-options-e2e", overwrite=True)
"""


@pytest.fixture
def ask_for(prefect):
    """A run of a flow, as its deployment in a stack would make one; its id."""

    def asked(entrypoint, **parameters):
        name = entrypoint.rpartition(":")[2]
        flow = prefect.post("/flows/", json={"name": name}).raise_for_status().json()
        pull = {"prefect.deployments.steps.set_working_directory": {"directory": DIRECTORY}}
        told = {
            "name": "e2e",
            "flow_id": flow["id"],
            "entrypoint": entrypoint,
            "pull_steps": [pull],
        }
        made = prefect.post("/deployments/", json=told).raise_for_status().json()
        path = f"/deployments/{made['id']}/create_flow_run"
        run = prefect.post(path, json={"parameters": parameters}).raise_for_status().json()
        return run["id"]

    return asked


@pytest.fixture
def execute(runner, api_url, prefect, tmp_path):
    """What the container of a run prints, once the run is Completed."""
    tmp_path.chmod(0o777)  # the image's user is nobody here

    def executed(run, command=()):
        env = {
            "PREFECT_API_URL": api_url,
            "PREFECT__FLOW_RUN_ID": run,
            "DATAFLOWS_STACK": "e2e",
        }
        volume = ("--volume", f"{tmp_path}:/data")
        status, said = runner.run(*command, env=env, options=volume)
        ended = prefect.get(f"/flow_runs/{run}").json()["state"]
        assert (status, ended["type"]) == (0, "COMPLETED"), f"{ended}\n{said}"
        return said

    return executed


@pytest.mark.parametrize("command", STARTS, ids=["as the image starts", "prefect flow-run execute"])
def test_a_run_of_hello_completes(ask_for, execute, prefect, command):
    run = ask_for("flows/hello.py:hello", name="container", times=2)
    execute(run, command)
    logged = {"logs": {"flow_run_id": {"any_": [run]}}}
    told = [each["message"] for each in prefect.post("/logs/filter", json=logged).json()]
    assert told.count("Hello, container!") == 2


def test_the_flows_of_the_examples_do_all_that_they_do_elsewhere(
    runner, api_url, ask_for, execute, prefect
):
    """Parquet, DuckDB, pandas and a plot: what was trimmed is not what they need."""
    status, said = runner.run("python3", "-c", SETTINGS, env={"PREFECT_API_URL": api_url})
    assert status == 0, said
    execute(ask_for("flows/ingest/flow.py:ingest", months=["2013-01"], sample=True))
    run = ask_for("flows/report/flow.py:report")
    execute(run)
    mine = {"artifacts": {"flow_run_id": {"any_": [run]}}}
    made = {
        each["key"]: each["data"] for each in prefect.post("/artifacts/filter", json=mine).json()
    }
    assert made.keys() == {"delays", "delays-table"}
    assert "data:image/png;base64," in made["delays"]
