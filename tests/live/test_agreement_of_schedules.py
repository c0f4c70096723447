"""Preview and server agree on schedules, and what is taken comes to runs.

They are made up by chance of a fixed seed, so they are the same each time: some 200.
"""

import itertools
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from prefect_as_code import schedules
from tests.live.server import post, send

pytestmark = pytest.mark.live

Json = Any
count = itertools.count()

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
