"""Whatever is declared, the server's own way of saying it is no difference.

Hypothesis makes the declarations, a real server the answers.
"""

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from prefect_as_code.api import PrefectApi
from prefect_as_code.automation import AutomationProvider
from prefect_as_code.connection import Connection
from prefect_as_code.deployment import DeploymentProvider
from prefect_as_code.variable import VariableProvider
from tests.live.test_guards import Kept

pytestmark = pytest.mark.live

some = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # each try takes a second: none are spent on a smaller example
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
zones = st.sampled_from(["UTC", "Europe/Paris", "America/New_York"])
# On a clock of the schedule's zone, in UTC, at an offset; to the microsecond or a date alone.
moments = st.builds(
    lambda moment, zone, micro: moment.replace(
        tzinfo=zone, microsecond=moment.microsecond * micro
    ).isoformat(),
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)),
    st.sampled_from([None, UTC, timezone(timedelta(hours=-9, minutes=-30))]),
    st.booleans(),
) | st.sampled_from(["2025-01-31", "20250131T060000", "2025-03-30T02:30:00", "2025-01-31T06:00Z"])
crons = st.fixed_dictionaries(
    {
        "cron": st.sampled_from(
            ["0 6 * * *", "*/5 * * * MON-FRI", "15 3 1 * 2", "@daily", " 0  0 * * 0"]
        )
    },
    optional={"timezone": zones | st.none(), "day_or": st.booleans()},
)
intervals = st.fixed_dictionaries(
    {"interval": st.sampled_from([60, 3600, 3600.5, 86400, "PT1H", "P1DT12H", "1:30:00", "P1W"])},
    optional={"timezone": zones | st.none(), "anchor_date": moments},
)
rules = st.fixed_dictionaries(
    {
        "rrule": st.sampled_from(
            [
                "FREQ=DAILY;BYHOUR=6",
                "RRULE:FREQ=WEEKLY;BYDAY=MO,WE",
                "DTSTART:20250101T000000\nFREQ=MONTHLY;BYMONTHDAY=1",
                "DTSTART:20250101T000000\nRRULE:FREQ=DAILY;COUNT=5",
                "FREQ=SECONDLY;INTERVAL=30",
                "RRULE:FREQ=MINUTELY;INTERVAL=7",
                "freq=hourly;byminute=5",
                "DTSTART;TZID=Europe/Paris:20250101T060000\nRRULE:FREQ=DAILY",
                "RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY;BYDAY=MO\nEXDATE:20300101T000000",
            ]
        )
    },
    optional={"timezone": zones | st.none()},
)
how = st.fixed_dictionaries(
    {},
    optional={
        "active": st.booleans(),
        "parameters": st.just({"n": 1}),
        "max_scheduled_runs": st.none() | st.integers(1, 9),
    },
)
schedules = st.lists(
    st.tuples(crons | intervals | rules, how).map(lambda told: told[0] | told[1]), max_size=3
).map(lambda told: [s | {"slug": f"s{n}"} for n, s in enumerate(told)])
events = st.fixed_dictionaries(
    {"type": st.just("event"), "posture": st.just("Reactive")},
    optional={
        "expect": st.lists(st.sampled_from(["a.b", "c.*", "z", "b"]), unique=True),
        "for_each": st.lists(st.sampled_from(["prefect.resource.id", "x", "a"]), unique=True),
        "after": st.lists(st.sampled_from(["y", "b.c"]), unique=True),
        "match": st.just({"prefect.resource.id": ["one", "two"]}),
        "threshold": st.integers(1, 5),
        "within": st.sampled_from([0, 10, 60.5]),
    },
)
triggers = events | st.fixed_dictionaries(
    {
        "type": st.sampled_from(["compound", "sequence"]),
        "triggers": st.lists(events, min_size=1, max_size=3),
        "within": st.integers(1, 60),
    }
).map(lambda told: told | ({"require": "any"} if told["type"] == "compound" else {}))
actions = st.lists(
    st.sampled_from(
        [
            {"type": "do-nothing"},
            {"type": "cancel-flow-run"},
            {"type": "pause-automation", "source": "inferred"},
            {"type": "change-flow-run-state", "name": "Late", "state": "FAILED"},
        ]
    ),
    max_size=3,
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(codec="ascii"), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
)
count = itertools.count()


@pytest.fixture(scope="module")
def api(api_url: str) -> PrefectApi:
    return PrefectApi(Connection(api_url=api_url))


@some
@given(schedules, schedules)
def test_of_schedules(api: PrefectApi, first, second) -> None:
    told = {"flow_name": "normal", "name": f"d{next(count)}", "owner": "p/s/d"}
    kept = Kept(DeploymentProvider, api, **told, entrypoint="a.py:f", schedules=first)
    kept.is_quiet()
    kept.update(schedules=second)
    kept.delete()


@some
@given(triggers, actions, triggers, actions)
def test_of_automations(api: PrefectApi, first, first_actions, second, second_actions) -> None:
    name = f"normal-{next(count)}"
    # Switched off: one that expects nothing in particular would set itself off for ever.
    told = {"name": name, "enabled": False}
    kept = Kept(AutomationProvider, api, **told, trigger=first, actions=first_actions)
    kept.is_quiet()
    kept.update(trigger=second, actions=second_actions)
    kept.delete()


@some
@given(values, values)
def test_of_variables(api: PrefectApi, first, second) -> None:
    kept = Kept(VariableProvider, api, name=f"normal_{next(count)}", value=first)
    kept.is_quiet()
    kept.update(value=second)
    kept.delete()
