"""What a field cannot hold is said with its resource, its place and what to write instead."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import Path

import pulumi
import pytest

import prefect_as_code as p
from prefect_as_code.automation import AutomationProvider
from prefect_as_code.declared import encode
from prefect_as_code.deployment import DeploymentProvider
from prefect_as_code.global_concurrency_limit import GlobalConcurrencyLimitProvider
from prefect_as_code.variable import VariableProvider
from prefect_as_code.work_pool import WorkPoolProvider
from tests.mock_engine import build

D, POOL = DeploymentProvider, WorkPoolProvider
NAMED = {
    D: {"flow_name": "f", "name": "d", "owner": "p/s/d"},
    POOL: {"name": "p", "type": "process"},
    GlobalConcurrencyLimitProvider: {"name": "g"},
    VariableProvider: {"value": 1},
    AutomationProvider: {"name": "a", "actions": []},
}
TEMPLATE = {"job_configuration": {}, "variables": {}}


@pytest.mark.parametrize(
    ("kind", "field", "value", "said"),
    [
        (D, "schedules", "0 0 * * *", "schedules is text, and has to be a list of mappings"),
        (D, "schedules", [None], "schedules[0] is nothing, and has to be a mapping"),
        (D, "schedules", {"slug": "a"}, "schedules is a mapping, and has to be a list of mappings"),
        (D, "schedules", ["0 0 * * *"], "schedules[0] is text, and has to be a mapping"),
        (D, "tags", "shop", "tags is text, and has to be a list of texts"),
        (D, "tags", ["shop", 1], "tags[1] is a whole number, and has to be text"),
        (D, "tags", [["shop"]], "tags[0] is a list, and has to be text"),
        (D, "parameters", ["a"], "parameters is a list, and has to be a mapping"),
        (D, "parameters", "a", "parameters is text, and has to be a mapping"),
        (D, "job_variables", 1, "job_variables is a whole number, and has to be a mapping"),
        (D, "pull_steps", {"a": {}}, "pull_steps is a mapping, and has to be a list of mappings"),
        (D, "parameter_openapi_schema", [], "parameter_openapi_schema is a list"),
        (D, "parameter_openapi_schema", {"properties": []}, "properties is a list"),
        (D, "version", 3, "version is a whole number, and has to be text"),
        (D, "paused", "yes", "paused is text, and has to be true or false"),
        (D, "concurrency_limit", "3", "concurrency_limit is text, and has to be a whole number"),
        (
            D,
            "concurrency_limit",
            2.5,
            "concurrency_limit is a number, and has to be a whole",
        ),
        (D, "concurrency_limit", True, "concurrency_limit is true or false, and has to be a whole"),
        (D, "concurrency_options", "ENQUEUE", "concurrency_options is text"),
        (D, "flow_name", None, "flow_name is nothing, and has to be text"),
        (POOL, "base_job_template", [], "base_job_template is a list"),
        (POOL, "base_job_template", TEMPLATE | {"variables": "x"}, "variables is text"),
        (
            POOL,
            "base_job_template",
            TEMPLATE | {"variables": {"properties": []}},
            "s.properties is a",
        ),
        (
            POOL,
            "base_job_template",
            TEMPLATE | {"variables": {"properties": {"a": 1}}},
            "s.properties.a is a",
        ),
        (GlobalConcurrencyLimitProvider, "limit", "many", "limit is text"),
        (GlobalConcurrencyLimitProvider, "limit", None, "limit is nothing"),
        (VariableProvider, "name", 7, "name is a whole number, and has to be text"),
        (AutomationProvider, "trigger", "event", "trigger is text, and has to be a mapping"),
    ],
)
def test_a_value_of_another_shape_is_refused_at_preview(kind, field, value, said):
    props = encode(NAMED[kind] | {field: value}, kind.structured())
    wired = {k: float(v) if type(v) is int else v for k, v in props.items()}  # as Pulumi has it
    failures = kind().check({}, wired).failures
    assert failures
    assert all(f.property == field for f in failures)
    assert said in failures[0].reason


@pytest.mark.parametrize(
    "fields",
    [
        {"parameters": {"n": 1, "none": None}, "tags": (), "schedules": [], "paused": True},
        {"concurrency_limit": None, "description": None, "tags": None, "parameters": {}},
        {"concurrency_limit": 3, "concurrency_options": {"collision_strategy": "ENQUEUE"}},
    ],
)
def test_what_has_its_shape_is_taken(fields):
    props = encode(NAMED[D] | fields, D.structured())
    assert D().check({}, props).failures == []


class Colour(Enum):
    RED = "red"


class Day(StrEnum):
    MONDAY = "monday"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (date(2026, 1, 1), "is of the type date, which JSON cannot say; write its .isoformat()"),
        (
            datetime(2026, 1, 1, tzinfo=UTC),
            "of the type datetime, which JSON cannot say",
        ),
        (Colour.RED, "is of the type Colour, which JSON cannot say; write its .value"),
        (timedelta(hours=1), "is of the type timedelta, which JSON cannot say; write its .total_s"),
        ({1, 2}, "is of the type set, which JSON cannot say; write a list"),
        (b"x", "is of the type bytes, which JSON cannot say; write text"),
        (Decimal("1.5"), "is of the type Decimal, which JSON cannot say; write float() or str()"),
        (Path("x"), "which JSON cannot say; write str() of it"),
        (object(), "is of the type object, which JSON cannot say; write a mapping"),
    ],
)
@pytest.mark.parametrize("late", [False, True], ids=["known", "of an output"])
def test_what_json_cannot_say_is_refused_with_its_resource_and_place(value, said, late):
    def program():
        told = pulumi.Output.from_input("x").apply(lambda _: value) if late else value
        args = p.DeploymentArgs(flow_name="f", name="d", parameters={"days": [told]})
        p.Deployment("orders", args)

    with pytest.raises(p.PrefectError) as refused:
        build(program)
    where = 'The deployment of the resource "orders": parameters.days[0] '
    assert str(refused.value).startswith(where)
    assert said in str(refused.value)


def test_a_key_that_is_no_text_is_refused():
    args = p.DeploymentArgs(flow_name="f", name="d", parameters={"days": {1: "x"}})
    with pytest.raises(p.PrefectError, match=r"parameters\.days has the key 1, which is no text"):
        build(lambda: p.Deployment("orders", args))


@pytest.mark.parametrize("triggers", ["event", [None], {"name": "x"}, ["event"]])
def test_triggers_of_another_shape_are_refused(triggers):
    args = p.DeploymentArgs(flow_name="f", name="d", triggers=triggers)
    with pytest.raises(p.PrefectError, match=r'of the resource "orders": triggers.* has to be a'):
        build(lambda: p.Deployment("orders", args))


def test_an_enum_of_texts_is_its_text():
    props = encode({"name": Day.MONDAY, "tags": [Day.MONDAY]}, frozenset({"tags"}))
    assert [type(props["name"]), props["tags"]] == [str, '["monday"]']
