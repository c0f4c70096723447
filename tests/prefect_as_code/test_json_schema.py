"""A value fits a schema if the run that gets it can take it."""

import subprocess
import sys

import pytest

from prefect_as_code.deployment import DeploymentProvider
from prefect_as_code.json_schema import misfits


@pytest.mark.parametrize(
    ("format_", "right", "wrong"),
    [
        ("date", "2026-01-31", "today"),
        ("date-time", "2026-01-31T06:00", "2026-01-31T25:00"),
        ("time", "06:00", "six"),
        ("duration", "PT1H", "an hour"),
        ("uuid", "0f0e0d0c-0b0a-4908-8706-050403020100", "0f0e"),
        ("email", "anything", None),
    ],
)
def test_a_text_of_a_format_is_one_that_the_run_can_read(format_, right, wrong):
    schema = {"properties": {"it": {"type": "string", "format": format_}}}
    assert not [*misfits(schema, {"it": right})]
    if wrong:
        assert [*misfits(schema, {"it": wrong})] == [("it", f"{wrong!r} is not a {format_!r}")]


def test_of_a_choice_it_is_said_what_each_misses():
    schema = {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}
    assert [*misfits(schema, "today")] == [
        ("", "'today' is not a 'date', and 'today' is not of type 'null'")
    ]


def test_no_format_no_pydantic_which_takes_long_to_import():
    seen = (
        "import sys; from prefect_as_code.json_schema import misfits;"
        "[*misfits({'type': 'integer'}, 'x')]; print('pydantic' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True)
    assert ran.stdout.strip() == "False"


def test_a_schedule_has_to_give_what_the_flow_requires_and_the_deployment_does_not():
    schema = {"properties": {"day": {}, "shop": {}}, "required": ["day", "shop"]}
    daily = {"slug": "daily", "cron": "0 6 * * *", "parameters": {"shop": 1}}
    fields = {"parameter_openapi_schema": schema, "schedules": [daily]}
    [(field, told)] = DeploymentProvider().problems(fields)
    assert field == "schedules"
    assert told == (
        "schedule 'daily': parameter 'day' has no value, and the flow no default for it; give it "
        "one in the parameters of the schedule or of the deployment"
    )
    assert not [*DeploymentProvider().problems({**fields, "parameters": {"day": 1}})]
    assert not [*DeploymentProvider().problems({"parameter_openapi_schema": schema})]
