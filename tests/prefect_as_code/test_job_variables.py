"""Job variables against a pool's template, before anything runs."""

import pulumi
import pytest
from prefect.workers.process import ProcessWorker

from prefect_as_code import PrefectError, WorkPoolArgs, check_job_variables

TEMPLATE = {
    "job_configuration": {},
    "variables": {
        "properties": {
            "image": {"type": "string"},
            "cpu": {"type": "string", "default": "1"},
            "env": {"$ref": "#/definitions/Env"},
        },
        "required": ["image", "cpu"],
        "definitions": {"Env": {"type": "object", "additionalProperties": {"type": "string"}}},
    },
}


def test_what_fits_passes():
    check_job_variables(TEMPLATE, {"image": "x", "env": {"A": "1"}})


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"image": "x", "memry": "1Gi"}, "no variable 'memry', only cpu, env, image"),
        ({"image": 1}, "image: 1 is not of type 'string'"),
        ({"image": "x", "env": {"A": 1}}, "env: 1 is not of type 'string'"),
        ({}, "image is required, and has no default"),
    ],
)
def test_what_does_not_is_told_by_its_name(variables, told):
    with pytest.raises(PrefectError, match=told):
        check_job_variables(TEMPLATE, variables)


def test_a_value_that_is_not_known_yet_is_taken_as_it_comes():
    check_job_variables(TEMPLATE, {"image": pulumi.Output.from_input("x")})


PROCESS = "prefect.workers.process:ProcessWorker"


def test_a_pool_has_its_workers_template_with_other_defaults():
    args = WorkPoolArgs.of(PROCESS, name="p", defaults={"stream_output": False}, description="d")
    assert (args.name, args.type, args.description) == ("p", "process", "d")
    variables = args.base_job_template["variables"]["properties"]
    assert variables["stream_output"]["default"] is False
    packaged = ProcessWorker.get_default_base_job_template()
    assert args.base_job_template["job_configuration"] == packaged["job_configuration"]
    assert variables.keys() == packaged["variables"]["properties"].keys()


@pytest.mark.parametrize(
    ("defaults", "told"),
    [
        ({"steam_output": False}, "no variable 'steam_output', only command, env, "),
        ({"stream_output": "maybe"}, "stream_output: 'maybe' is not of type 'boolean'"),
    ],
)
def test_defaults_that_a_workers_template_does_not_take_are_refused(defaults, told):
    with pytest.raises(PrefectError, match=told):
        WorkPoolArgs.of(PROCESS, name="p", defaults=defaults)
