"""From what a flow declares to what Prefect is told, and what is refused on the way."""

from datetime import timedelta

import pytest

from flows.declarations import FlowDeployment, Schedule
from flows.deployments import DEPLOYMENTS
from stacks.config import StackConfig
from stacks.deployments import DeclarationError, deployment_args

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


@pytest.fixture(autouse=True)
def repository(tmp_path, monkeypatch):
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/orders.py").write_text(FLOW)
    (tmp_path / "flows/broken.py").write_text("def x(:\n")
    monkeypatch.chdir(tmp_path)


def config(schedules="active"):
    return StackConfig.model_validate(
        {
            "prefect": {"work_pool": "pool", "schedules": schedules},
            "runner": {"kind": "process"},
            "data": {"landing": "file:///l", "warehouse": "duckdb:///w"},
        }
    )


def translate(*declared, **told):
    return deployment_args(
        declared, config(**told), stack="test", directory="/code", work_pool_name="pool"
    )


def orders(**told):
    return FlowDeployment(entrypoint="flows/orders.py:orders", **told)


def refusal(*declared):
    with pytest.raises(DeclarationError) as caught:
        translate(*declared)
    return str(caught.value)


def test_what_the_source_says_reaches_prefect_without_the_flow_being_imported():
    [args] = translate(orders(parameters={"day": 1})).values()
    assert (args.flow_name, args.name) == ("sync-orders", "test")
    assert args.description == "Store the orders of a day."
    day = args.parameter_openapi_schema["properties"]["day"]
    assert (day["type"], day["description"]) == ("integer", "The day to store.")
    assert args.parameter_openapi_schema["required"] == ["day"]


def test_a_second_deployment_of_a_flow_carries_its_name_and_the_stack():
    found = translate(orders(), orders(name="nightly"))
    assert list(found) == ["sync-orders/test", "sync-orders/nightly-test"]


def test_schedules_are_paused_where_the_stack_says_so():
    daily = orders(schedules=[Schedule(slug="daily", cron="0 6 * * *", timezone="Europe/Paris")])
    [active], [paused] = (
        [args.schedules[0]["active"] for args in translate(daily, schedules=how).values()]
        for how in ("active", "paused")
    )
    assert (active, paused) == (True, False)


def test_an_interval_is_told_in_seconds():
    [args] = translate(orders(schedules=[Schedule(interval=timedelta(hours=1))])).values()
    assert args.schedules[0]["interval"] == 3600.0


def test_every_deployment_of_the_repository_can_be_translated(request, monkeypatch):
    monkeypatch.chdir(request.config.rootpath)
    assert len(translate(*DEPLOYMENTS)) == len(DEPLOYMENTS)


@pytest.mark.parametrize(
    ("entrypoint", "text"),
    [
        ("flows/nowhere.py:x", "there is no file flows/nowhere.py in "),
        ("flows/orders.py:x", "has no function x; it has orders, plain, no_flow"),
        ("flows/orders.py:no_flow", "flows/orders.py:17: no_flow is no flow; add @flow"),
        ("flows/broken.py:x", "flows/broken.py:1: invalid syntax"),
        ("flows.orders.orders", "an entrypoint is written path/to/file.py:function"),
    ],
)
def test_an_entrypoint_that_cannot_run_is_refused(entrypoint, text):
    told = refusal(FlowDeployment(entrypoint=entrypoint))
    assert told.startswith(f"flows/deployments.py, {entrypoint}: ")
    assert text in told


def test_two_deployments_with_one_name_are_refused():
    assert "two deployments are called sync-orders/test; give one a name" in refusal(
        orders(), orders()
    )


def test_a_name_that_prefect_answers_with_a_500_is_refused():
    assert "name: 'a/b-test' holds /, which Prefect refuses" in refusal(orders(name="a/b"))


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (Schedule(cron="61 * * * *"), "schedule 'default': cron '61 * * * *' is no cron line"),
        (Schedule(cron="@daily"), "cron '@daily' is no cron line; use five fields"),
        (Schedule(interval=timedelta(0)), "exactly one of cron, interval and rrule is needed"),
        (Schedule(interval=timedelta(-1)), "interval -86400.0 is no positive number of seconds"),
        (Schedule(rrule="FREQ=NEVER"), "rrule 'FREQ=NEVER': invalid 'FREQ': NEVER; see RFC 5545"),
        (
            Schedule(cron="0 6 * * *", timezone="Mars/X"),
            "timezone 'Mars/X' is unknown; use an IANA",
        ),
        (Schedule(), "exactly one of cron, interval and rrule is needed, found none"),
        (Schedule(cron="0 6 * * *", rrule="FREQ=DAILY"), "found ['cron', 'rrule']"),
    ],
)
def test_a_schedule_that_never_runs_or_fails_is_refused(schedule, text):
    assert text in refusal(orders(schedules=[schedule]))


def test_two_schedules_of_one_slug_are_refused():
    twice = [Schedule(cron="0 6 * * *"), Schedule(cron="0 7 * * *")]
    assert "two schedules have the slug 'default'" in refusal(orders(schedules=twice))


def test_a_parameter_that_the_flow_does_not_take_is_refused():
    told = refusal(orders(parameters={"dya": 1}))
    assert "parameters: the flow takes no parameter 'dya'; it takes api, day" in told


def test_a_parameter_of_a_wrong_type_is_refused():
    told = refusal(orders(parameters={"day": "monday"}))
    assert "parameters: parameter 'day': 'monday' is not of type 'integer'" in told


def test_parameters_of_a_schedule_are_checked_too():
    wrong = Schedule(cron="0 6 * * *", parameters={"day": "monday"})
    assert "'monday' is not of type 'integer'" in refusal(orders(schedules=[wrong]))


def test_all_that_is_wrong_is_named_at_once():
    assert len(refusal(orders(name="a/b"), FlowDeployment(entrypoint="x.py:y")).splitlines()) == 2
