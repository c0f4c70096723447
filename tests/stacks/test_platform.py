"""The platform that a stack's values build, as the engine is told of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stacks import platform as platform_module
from stacks.config import StackConfig
from stacks.places.template import job_template
from stacks.platform import Platform
from tests.mock_engine import build

ROOT = Path(__file__).parents[2]
VALUES = {
    "prefect": {"work_pool": "pool-1", "queues": ["urgent", "backfill"], "concurrency_limit": 3},
    "runner": {"kind": "process"},
    "data": {"landing": "file://./.local/landing", "warehouse": "duckdb:///abs/w.duckdb"},
}


@pytest.fixture
def engine(monkeypatch):
    monkeypatch.chdir(ROOT)
    return build(lambda: Platform(StackConfig.model_validate(VALUES), {"key": "s3cret"}))


def test_every_declared_flow_is_deployed_to_the_pool(engine):
    deployments = engine.inputs("Deployment")
    assert sorted(deployments) == ["hello/hello-test", "ingest/ingest-test", "report/report-test"]
    assert {d["work_pool_name"] for d in deployments.values()} == {"pool-1"}


def test_runs_are_told_their_stack_and_start_where_the_flows_are(engine):
    [pool] = engine.inputs("WorkPool").values()
    variables = json.loads(pool["base_job_template"])["variables"]["properties"]
    assert variables["env"]["default"] == {"DATAFLOWS_STACK": "test"}
    assert variables["working_dir"]["default"] == str(ROOT)
    assert pool["concurrency_limit"] == 3


def test_queues_rank_in_the_order_in_which_they_are_written(engine):
    ranks = {q["name"]: q["priority"] for q in engine.inputs("WorkQueue").values()}
    assert ranks == {"urgent": 1, "backfill": 2}


def test_data_is_found_by_variables_that_carry_the_stacks_name(engine):
    values = {v["name"]: json.loads(v["value"]) for v in engine.inputs("Variable").values()}
    assert values == {
        "landing-test": f"file://{ROOT}/.local/landing",
        "warehouse-test": "duckdb:///abs/w.duckdb",
    }


def test_the_options_of_the_landing_folder_travel_as_a_secret_only(engine):
    [block] = engine.inputs("Block").values()
    assert block["name"] == "landing-options-test"
    assert "data" not in block
    elsewhere = [r.inputs for r in engine.told if not r.typ.endswith(":Block")]
    assert "s3cret" not in json.dumps(elsewhere, default=str)


def test_pause_is_left_to_people(engine):
    assert all("paused" not in d for d in engine.inputs("Deployment").values())


def test_a_stack_of_processes_does_without_what_takes_seconds_to_import():
    heavy = {"prefect", "prefect_gcp", "pulumi_gcp"}
    seen = f"import sys, stacks.platform; print({heavy} & sys.modules.keys())"
    ran = subprocess.run([sys.executable, "-c", seen], cwd=ROOT, capture_output=True, text=True)
    assert ran.stdout.strip() == "set()"


def test_a_stack_whose_sections_are_missing_is_not_guessed_at():
    bare = StackConfig.model_validate({**VALUES, "data": None})
    with pytest.raises(ValueError, match="data is missing"):
        build(lambda: Platform(bare, {}))


def test_a_bad_declaration_registers_nothing(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(platform_module, "deployment_args", _refuse)
    with pytest.raises(ValueError, match="refused"):
        build(lambda: Platform(StackConfig.model_validate(VALUES), {}))


def _refuse(*args, **kwargs):
    raise ValueError("refused")


def test_a_variable_that_the_worker_does_not_have_is_refused():
    template = {"variables": {"properties": {"image": {}}}}
    with pytest.raises(ValueError, match=r"no variable \['imgae'\]; it has \['image'\]"):
        job_template(template, {"imgae": "x"})
