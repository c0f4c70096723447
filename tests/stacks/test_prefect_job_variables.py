"""Job variables against a pool's template, before anything runs."""

import pulumi
import pytest

from stacks.prefect import PrefectError, check_job_variables

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
