"""From what a flow declares to what Prefect is told, and what is refused on the way."""

import inspect
import re
import textwrap
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from flows.declarations import FlowDeployment, Schedule
from flows.deployments import DEPLOYMENTS
from stacks.config import StackConfig
from stacks.declared import DeclarationError, read
from stacks.deployments import deployment_args

FLOW = '''
import a_package_that_is_not_installed
from prefect import flow

@flow(name="sync-orders")
def orders(day: int, api: str = "x"):
    """Store the orders of a day.

    Args:
        day: The day to store.
    """

@flow
def plain():
    pass

def no_flow():
    pass
'''


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Once, so that Prefect is asked of each flow once."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "flows").mkdir()
    (folder / "flows/orders.py").write_text(FLOW)
    (folder / "flows/broken.py").write_text("def x(:\n")
    return folder


@pytest.fixture(autouse=True)
def repository(written, monkeypatch):
    monkeypatch.chdir(written)


def config(schedules="active"):
    return StackConfig.model_validate(
        {
            "prefect": {"work_pool": "pool", "schedules": schedules, "queues": ["urgent"]},
            "runner": {"kind": "process"},
            "data": {"landing": "file:///l", "warehouse": "duckdb:///w"},
        }
    )


def translate(*declared, schedules="active", **told):
    return deployment_args(
        declared,
        config(schedules),
        stack="test",
        directory="/code",
        work_pool_name="pool",
        **told,
    )


def orders(**told):
    return FlowDeployment(entrypoint="flows/orders.py:orders", **told)


def refusal(*declared):
    with pytest.raises(DeclarationError) as caught:
        translate(*declared)
    return str(caught.value)


def test_what_the_source_says_reaches_prefect_without_the_flow_being_imported():
    [args] = translate(orders(parameters={"day": 1})).values()
    assert (args.flow_name, args.name) == ("sync-orders", "sync-orders-test")
    assert args.description == "Store the orders of a day."
    day = args.parameter_openapi_schema["properties"]["day"]
    assert (day["type"], day["description"]) == ("integer", "The day to store.")
    assert args.parameter_openapi_schema["required"] == ["day"]


def test_a_second_deployment_of_a_flow_carries_its_name_and_the_stack():
    found = translate(orders(), orders(name="nightly"))
    assert list(found) == ["sync-orders/sync-orders-test", "sync-orders/sync-orders-nightly-test"]


def test_schedules_are_paused_where_the_stack_says_so():
    six = Schedule(slug="daily", cron="0 6 * * *", timezone="Europe/Paris")
    daily = orders(parameters={"day": 1}, schedules=[six])
    [active], [paused] = (
        [args.schedules[0]["active"] for args in translate(daily, schedules=how).values()]
        for how in ("active", "paused")
    )
    assert (active, paused) == (True, False)


def test_an_interval_is_told_in_seconds():
    hourly = Schedule(interval=timedelta(hours=1))
    [args] = translate(orders(parameters={"day": 1}, schedules=[hourly])).values()
    assert args.schedules[0]["interval"] == 3600.0


def test_every_deployment_of_the_repository_can_be_translated(request, monkeypatch):
    monkeypatch.chdir(request.config.rootpath)
    assert len(translate(*DEPLOYMENTS)) == len(DEPLOYMENTS)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        ("orders.py:x", "flows/orders.py has no function x; it has orders, plain, no_flow"),
        ("orders.py:no_flow", "flows/orders.py:17: no_flow is no flow; add @flow"),
        ("broken.py:x", "flows/broken.py:1: invalid syntax"),
    ],
)
def test_an_entrypoint_that_cannot_run_is_refused(function, text):
    [line] = refusal(FlowDeployment(entrypoint=f"flows/{function}")).splitlines()
    assert line.endswith(f", flows/{function}: {text}")


def test_a_message_says_where_the_declaration_stands():
    line = 1 + inspect.currentframe().f_lineno
    told = refusal(orders(name="a/b"), FlowDeployment(entrypoint="flows/orders.py:x"))
    here = f"tests/stacks/test_deployments.py:{line}, flows/orders.py:x: "
    assert here in told.splitlines()[1]


def test_an_anchor_without_a_zone_is_in_the_zone_of_its_schedule():
    six = Schedule(
        interval=timedelta(hours=1), anchor=datetime(2025, 7, 1, 6), timezone="Europe/Paris"
    )
    [args] = translate(orders(parameters={"day": 1}, schedules=[six])).values()
    assert args.schedules[0]["anchor_date"] == "2025-07-01T06:00:00+02:00"


def test_a_schedule_may_give_what_the_flow_requires():
    monday = Schedule(slug="monday", cron="0 6 * * 1", parameters={"day": 1})
    [args] = translate(orders(schedules=[monday])).values()
    assert args.schedules[0]["parameters"] == {"day": 1}


def test_a_queue_of_the_stack_is_taken():
    [args] = translate(orders(queue="urgent")).values()
    assert args.work_queue_name == "urgent"


def test_cpu_and_memory_count_where_jobs_have_them():
    big = orders(cpu="4000m", memory="8Gi")
    [here] = translate(big).values()
    [there] = translate(big, sized=lambda cpu, memory: {"size": f"{cpu}, {memory}"}).values()
    assert here.job_variables == {}
    assert there.job_variables == {"size": "4000m, 8Gi"}


def test_what_is_changed_after_the_declaration_is_not_declared():
    shared = {"day": 1}
    declared = orders(parameters=shared)
    shared["day"] = "monday"
    [args] = translate(declared).values()
    assert args.parameters == {"day": 1}


def test_nothing_can_be_read_of_a_declaration_that_is_wrong():
    with pytest.raises(ValueError, match=r'tags: found "shop" \(str\); write texts in a tuple'):
        _ = orders(tags="shop").queue


def test_the_flow_of_the_readme_is_deployed_as_it_says(request, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("flows").mkdir()
    text = (request.config.rootpath / "README.md").read_text().partition("## Add a flow")[2]
    flow, declared = (
        textwrap.dedent(block) for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL)[:2]
    )
    Path("flows/orders.py").write_text(flow)
    Path("flows/deployments.py").write_text(
        f"from flows.declarations import FlowDeployment, Schedule\n{declared}"
    )
    [args] = translate(*read()).values()
    assert (args.parameters, len(args.schedules)) == ({"limit": 500}, 1)
    assert args.parameter_openapi_schema["properties"]["day"]["default"] is None


HEAVY = """
from datetime import datetime
import a_package_that_is_not_installed as absent
from prefect import flow

@flow(name="heavy")
def heavy(table: absent.Table, n: int = 1): ...
"""
BY_HAND = {"type": "object", "properties": {"n": {"type": "integer"}}}


def heavy(**told):
    Path("flows/heavy.py").write_text(HEAVY)
    return FlowDeployment(entrypoint="flows/heavy.py:heavy", **told)


def test_a_type_that_cannot_be_known_stops_the_preview_with_what_to_do():
    told = refusal(heavy())
    assert "flows/heavy.py:7: parameter table of heavy: its type `absent.Table` cannot be" in told
    assert "flows/heavy.py:3: the package a_package_that_is_not_installed need not be" in told
    assert "`parameter_schema=…`" in told
    assert "`importable=True`" in told


def test_a_schema_given_by_hand_goes_before_what_cannot_be_known():
    [args] = translate(heavy(parameter_schema=BY_HAND, parameters={"n": 2})).values()
    assert (args.flow_name, args.parameter_openapi_schema) == ("heavy", BY_HAND)
    assert "'two' is not of type 'integer'" in refusal(
        heavy(parameter_schema=BY_HAND, parameters={"n": "two"})
    )


def test_a_module_that_may_be_imported_is_and_else_says_what_it_lacks():
    told = refusal(heavy(importable=True))
    assert "flows/heavy.py is declared `importable`, and cannot be imported: Module" in told
    Path("a_package_that_is_not_installed.py").write_text("Table = int\nimport time")
    [args] = translate(heavy(importable=True)).values()
    assert args.parameter_openapi_schema["properties"]["table"]["type"] == "integer"
