"""Preview and server agree: what the one takes the other takes, and what is taken comes to runs.

The cases are made up by chance of a fixed seed, so they are the same each time: some 200 schedules,
300 names, 120 variables and 160 parameters.
"""

import itertools
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from prefect_as_code import schedules
from prefect_as_code.automation import AutomationProvider
from prefect_as_code.block import BlockProvider
from prefect_as_code.declared import same, unsendable
from prefect_as_code.deployment import DeploymentProvider
from prefect_as_code.global_concurrency_limit import GlobalConcurrencyLimitProvider
from prefect_as_code.tag_concurrency_limit import TagConcurrencyLimitProvider
from prefect_as_code.variable import VariableProvider
from prefect_as_code.work_pool import WorkPoolProvider
from prefect_as_code.work_queue import WorkQueueProvider

pytestmark = pytest.mark.live

Json = Any
count = itertools.count()


def post(prefect: httpx.Client, path: str, body: Json) -> httpx.Response | None:
    """The answer; none where the server fails at the request and ends its connection with it."""
    content = json.dumps(body).encode()
    for _ in range(3):
        with suppress(httpx.TransportError):
            return prefect.post(path, content=content, headers={"Content-Type": "application/json"})
    return None


def send(prefect: httpx.Client, path: str, body: Json) -> int:
    answer = post(prefect, path, body)
    return 500 if answer is None else answer.status_code


# -- schedules ----------------------------------------------------------------------------------

ZONES = (
    "UTC",
    "Europe/Paris",
    "Asia/Kolkata",
    "EST",
    "Etc/GMT+5",
    "America/New_York",
    None,
    "localtime",
    "posixrules",
    "right/UTC",
    "Factory",
    "Mars/X",
    "utc",
)
CRON = (
    ("0", "5", "*/15", "59", "1-10", "*", "60", "R", "H"),
    ("0", "6", "23", "*/2", "*", "24"),
    ("*", "1", "31", "15", "l", "0", "32"),
    ("*", "2", "FEB", "1-6", "13"),
    ("*", "MON", "0", "7", "MON-FRI", "1#2", "L5", "8", "mon,xyz"),
)
CRONS = (
    "@daily",
    "@hourly",
    "@weekly",
    "@monthly",
    "@yearly",
    "@reboot",
    "0 0 30 2 *",
    "",
    "0 0 29 2 *",
    " 0 6 * * * ",
    "0 6 * *",
    "0 6 * * * *",
    "R R * * *",
    "H H * * *",
    "日 6 * * *",
)
INTERVALS = (
    1,
    0.5,
    60,
    3600.5,
    86400,
    "PT1H",
    "P1D",
    "P1W",
    "P1M",
    "1:00:00",
    "PT0.5S",
    0,
    -5,
    1000000000000.0,
    "3600",
    "",
    "PT",
    "PT0S",
    "-PT1H",
    "hourly",
    None,
)
ANCHORS = (
    "2025-01-01T06:00:00",
    "2025-01-01",
    "2024-12-31T23:59:59.5+05:30",
    "2025-03-30T02:30:00",
    "2025-01-01T06:00:00Z",
    "not a date",
    "2025-13-01",
    "",
    None,
)
RULES: dict[str, tuple[Json, ...]] = {
    "FREQ": ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "NEVER"),
    "INTERVAL": (None, None, 1, 2, "x"),
    "BYHOUR": (None, None, 6, 25),
    "BYDAY": (None, None, "MO", "MO,WE", "+1MO", "XX"),
    "BYMONTHDAY": (None, None, 1, 31, 32),
    "UNTIL": (None, None, "20991231T000000", "20991231T000000Z", "20991231", "soon"),
}
STARTS = (None, None, ":20250101T000000", ":20250101T000000Z", ";TZID=Europe/Paris:20250101T060000")
MORE_RULES = (
    "FREQ=MINUTELY;INTERVAL=7",
    "FREQ=SECONDLY;INTERVAL=30",
    "freq=daily",
    "RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY;BYDAY=MO\nEXDATE:20300101T000000",
    "RDATE:20300101T000000",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;COUNT=100000",
    "EVERY DAY",
    "",
)


def made_up() -> Iterator[dict[str, Json]]:
    chance = random.Random(15)  # noqa: S311 - no secret
    for cron in CRONS:
        yield {"cron": cron}
    for zone in ZONES:
        yield {"cron": "0 6 * * *", "timezone": zone}
        yield {"rrule": "FREQ=DAILY;BYHOUR=6", "timezone": zone}
        yield {"interval": 3600, "timezone": zone}
    yield {"cron": "0 6 1 * 1", "day_or": False}
    yield {"cron": "0 6 * * *", "day_or": None}
    yield {"interval": 60, "day_or": True}
    yield {"cron": "0 6 * * *", "anchor_date": "2025-01-01"}
    for rule in MORE_RULES:
        yield {"rrule": rule}
    for most in (1, 50, 0, 51, -1):
        yield {"cron": "0 6 * * *", "max_scheduled_runs": most}
    for _ in range(45):
        zone = chance.choice(ZONES[:6])
        yield {
            "cron": " ".join(chance.choice(each[: chance.choice((-2, -2, None))]) for each in CRON),
            "timezone": zone,
        }
        interval = {"interval": chance.choice(INTERVALS), "anchor_date": chance.choice(ANCHORS)}
        yield (
            {**interval, "timezone": zone}
            if chance.random() < 0.7
            else {"interval": interval["interval"]}
        )
        parts = {name: chance.choice(values) for name, values in RULES.items()}
        rule = ";".join(f"{k}={v}" for k, v in parts.items() if v is not None)
        start = chance.choice(STARTS)
        yield {"rrule": f"DTSTART{start}\nRRULE:{rule}" if start else rule, "timezone": zone}


SCHEDULES = list({json.dumps(s): s for s in made_up()}.values())


def taken(schedule: dict[str, Json]) -> bool:
    return not [*schedules.problems([{"slug": "a", **schedule}])]


def deploy(prefect: httpx.Client, told: list[dict[str, Json]]) -> tuple[int, list[str], str]:
    """The status of a deployment with these schedules; their ids, and the deployment's."""
    made = post(prefect, "/flows/", {"name": "agreement"})
    assert made is not None
    flow = made.json()["id"]
    sent = [schedules.to_send({"slug": f"s{n}", **s}) for n, s in enumerate(told)]
    body = {"flow_id": flow, "name": f"agreement-{next(count)}", "schedules": sent}
    answer = post(prefect, "/deployments/", body)
    if answer is None:
        return 500, [], ""
    if answer.is_error:
        return answer.status_code, [], ""
    by_slug = {s["slug"]: s["id"] for s in answer.json()["schedules"]}
    return answer.status_code, [by_slug[f"s{n}"] for n in range(len(told))], answer.json()["id"]


def runs(prefect: httpx.Client, deployment: str) -> set[str]:
    """The ids of the schedules that the scheduler finds a run for, in the next ten years."""
    end = (datetime.now(UTC) + timedelta(days=3652)).isoformat()
    once = {"min_runs": 1, "max_runs": 1, "end_time": end}
    if send(prefect, f"/deployments/{deployment}/schedule", once) != 200:
        return set()
    found: set[str] = set()
    # Page by page: the server's own scheduler may have come first, with a hundred for each.
    for offset in itertools.count(0, 200):
        wanted = {"deployments": {"id": {"any_": [deployment]}}, "limit": 200, "offset": offset}
        page = prefect.post("/flow_runs/filter", json=wanted).raise_for_status().json()
        found |= {run["created_by"]["id"] for run in page if run["created_by"]}
        if len(page) < 200:
            return found
    raise AssertionError


def test_every_schedule_that_is_taken_comes_to_runs(prefect: httpx.Client) -> None:
    accepted = [s for s in SCHEDULES if taken(s)]
    assert len(accepted) > 60
    for at in range(0, len(accepted), 40):
        part = accepted[at : at + 40]
        status, ids, deployment = deploy(prefect, part)
        assert status == 201, part
        found = runs(prefect, deployment)
        idle = [told for id_, told in zip(ids, part, strict=True) if id_ not in found]
        assert not idle, f"taken, and never run: {idle}"
        prefect.delete(f"/deployments/{deployment}")


def test_every_schedule_that_is_refused_would_be_or_never_run(prefect: httpx.Client) -> None:
    refused = [s for s in SCHEDULES if not taken(s)]
    assert len(refused) > 60
    for told in refused:
        status, _, deployment = deploy(prefect, [told])
        if deployment:
            assert not runs(prefect, deployment), f"refused, and runs: {told}"
            prefect.delete(f"/deployments/{deployment}")
        else:
            assert status in (422, 500), told


# -- names --------------------------------------------------------------------------------------

# But for "." and "..", which the server takes, and no URL can name.
NAMES = (
    "a",
    "A",
    "a-b",
    "a_b",
    "a.b",
    "a b",
    " a",
    "ü",
    "日",
    "😀",
    "a?b",
    "a#b",
    "a+b",
    "a;b",
    "a=b",
    "a:b",
    "'a'",
    '"a"',
    "a" * 255,
    "a" * 256,
    "a" * 1000,
    "a/b",
    "a%b",
    "a&b",
    "a<b",
    "a>b",
    "prefect-a",
    "Prefect",
    "'",
    '" "',
    "0",
    "-",
)


def events(name: str) -> Json:
    trigger = {"type": "event", "posture": "Reactive", "expect": ["never"], "threshold": 1}
    return {"name": name, "trigger": trigger, "actions": [], "enabled": False}


def _document(prefect: httpx.Client) -> Json:
    type_ = prefect.get("/block_types/slug/secret").json()["id"]
    wanted = {"block_schemas": {"block_type_id": {"any_": [type_]}}}
    schema = prefect.post("/block_schemas/filter", json=wanted).json()[0]["id"]
    return {"data": {"value": "x"}, "block_type_id": type_, "block_schema_id": schema}


KINDS = {
    WorkPoolProvider: ("name", "/work_pools/", {"type": "process"}),
    WorkQueueProvider: ("name", "/work_pools/agreement/queues", {}),
    VariableProvider: ("name", "/variables/", {"value": 1}),
    BlockProvider: ("name", "/block_documents/", {}),
    GlobalConcurrencyLimitProvider: ("name", "/v2/concurrency_limits/", {"limit": 1}),
    TagConcurrencyLimitProvider: ("tag", "/v2/concurrency_limits/", {"limit": 1}),
    AutomationProvider: ("name", "/automations/", events("")),
    DeploymentProvider: ("name", "/deployments/", {}),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_names_are_refused_by_both_or_by_none(kind, prefect: httpx.Client) -> None:
    field, path, more = KINDS[kind]
    if kind is WorkQueueProvider:
        prefect.post("/work_pools/", json={"name": "agreement", "type": "process"})
    if kind is BlockProvider:
        more = _document(prefect)
    if kind is DeploymentProvider:
        more = {"flow_id": prefect.post("/flows/", json={"name": "agreement"}).json()["id"]}
    apart = []
    for name in NAMES:
        ours = not [wrong for where, wrong in kind().problems({field: name}) if where == field]
        sent = f"tag:{name}" if kind is TagConcurrencyLimitProvider else name
        theirs = send(prefect, path, {**more, "name": sent}) in (200, 201, 409)
        if ours != theirs:
            apart.append(f"{name[:20]!r}: preview {ours}, server {theirs}")
    assert not apart, "\n".join(apart)


def test_flow_names_are_refused_by_both_or_by_none(prefect: httpx.Client) -> None:
    for name in NAMES:
        found = DeploymentProvider().problems({"flow_name": name})
        ours = not [wrong for where, wrong in found if where == "flow_name"]
        assert ours == (send(prefect, "/flows/", {"name": name}) in (200, 201)), name


# -- variables ----------------------------------------------------------------------------------


def values() -> Iterator[Json]:
    chance = random.Random(10)  # noqa: S311
    for power in (31, 53, 62, 63, 64, 70):
        for near in (-1, 0, 1):
            yield from (2**power + near, -(2**power) + near)
    for size in (1600, 1666, 1667):
        yield "日" * size
    for size in (4998, 4999, 5000):
        yield "a" * size
    yield from ("\n" * 2499, "\n" * 2500, '"' * 2499, "\x00", "a\ud800", "é" * 2499, "é" * 2500)
    yield from (float("nan"), float("inf"), 1e308, 5e-324, 0.1, -0.0, 1e16, 123456789.123456789)
    yield from (None, True, [], {}, "", [[[]]], {"": None}, {"a": {"b": [1, None, "日"]}})
    leaves = (0, 1.5, 2**63, -(2**63), "x", None, False, 2**53 + 1, 2**64 - 1)
    for _ in range(40):
        inner = [chance.choice(leaves) for _ in range(chance.randint(0, 4))]
        yield {"list": inner, "map": {str(n): leaf for n, leaf in enumerate(inner)}}


def exactly(live: Json, told: Json) -> bool:
    """As `same`, but a whole number is whole: in Python a rounded one may equal its float."""
    if isinstance(told, dict):
        return live.keys() == told.keys() and all(exactly(live[k], told[k]) for k in told)
    if isinstance(told, list):
        return len(live) == len(told) and all(map(exactly, live, told))
    return same(live, told) and (not isinstance(told, int) or isinstance(live, int))


def test_a_variable_is_kept_as_it_is_or_refused(prefect: httpx.Client) -> None:
    apart = []
    for value in values():
        name = f"agreement_{next(count)}"
        wrong = [*unsendable(value)] or [*VariableProvider().problems({"value": value})]
        status = send(prefect, "/variables/", {"name": name, "value": value})
        kept = False
        if status == 201:
            live = prefect.get(f"/variables/name/{name}").json()["value"]
            kept = exactly(live, value)
        if kept == bool(wrong):
            apart.append(f"{str(value)[:50]}: preview says {wrong}, server {status}, kept {kept}")
    assert not apart, "\n".join(apart)


# -- parameters ---------------------------------------------------------------------------------

# But for a required key inside of a parameter, which the server leaves to the run to miss.
TYPES: tuple[Json, ...] = (
    {"type": "integer"},
    {"type": "number"},
    {"type": "string"},
    {"type": "boolean"},
    {"type": "array", "items": {"type": "integer"}},
    {"type": "object", "properties": {"a": {"type": "integer"}}},
    {"enum": ["a", 1, None]},
    {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    {"type": "integer", "minimum": 1, "maximum": 9},
    {"$ref": "#/definitions/Shop"},
    {},
)
GIVEN: tuple[Json, ...] = (
    0,
    5,
    1.0,
    1.5,
    "a",
    "1",
    True,
    None,
    [],
    [1],
    ["a"],
    {},
    {"a": 1},
    {"a": "x"},
    2**70,
)


def test_parameters_are_refused_by_both_or_by_none(prefect: httpx.Client) -> None:
    flow = prefect.post("/flows/", json={"name": "agreement"}).json()["id"]
    apart = []
    for type_, value in itertools.product(TYPES, GIVEN):
        schema = {
            "type": "object",
            "properties": {"p": type_},
            "definitions": {"Shop": {"enum": ["a", "b"], "type": "string"}},
        }
        told = {"parameter_openapi_schema": schema, "parameters": {"p": value}}
        wrong = [*DeploymentProvider().problems(told)]
        body = {"flow_id": flow, "name": "parameters", "enforce_parameter_schema": True, **told}
        status = send(prefect, "/deployments/", body)
        if (status in (200, 201)) == bool(wrong):
            apart.append(f"{value!r} for {type_}: preview says {wrong}, server {status}")
    assert not apart, "\n".join(apart)
