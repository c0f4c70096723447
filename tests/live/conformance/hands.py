"""What somebody may do by hand to every field of every kind, from the cases and by rule."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.live.conformance.cases import NEVER, NOTHING, TEMPLATE, Row, event

# Of a mapping that may hold anything, what is added or taken out somewhere is made up by rule.
FREE = {
    ("Variable", "value"),
    ("Variable", "tags"),
    ("Automation", "tags"),
    ("Deployment", "tags"),
    ("Deployment", "parameters"),
    ("Deployment", "parameter_openapi_schema"),
    ("Deployment", "job_variables"),
    ("Deployment", "pull_steps"),
}
EVENT = event("a.b", match={"prefect.resource.id": "x"}, threshold=2)
RUN = {"type": "run-deployment", "source": "inferred", "parameters": {"n": 1}}
PROPERTIES = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
DAILY = {"slug": "daily", "cron": "0 6 * * *", "parameters": {"n": 1}, "active": True}
HOURLY = {"slug": "hourly", "interval": "PT1H", "anchor_date": "2025-01-01T06:00:00"} | {
    "timezone": "Europe/Paris"
}
RULE = {"slug": "rule", "rrule": "FREQ=DAILY;BYHOUR=6", "timezone": "Europe/Paris"}

# Where the case's own value has nothing in it that could be added to: what is declared instead.
DECLARED: Mapping[tuple[str, str], Any] = {
    ("Deployment", "job_variables"): {"env": {"A": "1"}, "image": "a"},
    ("Deployment", "parameter_openapi_schema"): PROPERTIES,
    ("Deployment", "pull_steps"): [{"my.step": {"a": 1, "id": "x"}}, {"my.other": {}}],
    ("Deployment", "schedules"): [DAILY, HOURLY, RULE],
    ("Deployment", "concurrency_options"): {"collision_strategy": "ENQUEUE"},
    ("Automation", "trigger"): {
        "type": "compound",
        "require": "any",
        "within": 60,
        "triggers": [EVENT, event("c.d")],
    },
    ("Automation", "actions"): [RUN],
}


def _trigger(**first: Any) -> dict[str, Any]:
    told = DECLARED["Automation", "trigger"]
    return told | {"triggers": [EVENT | first, told["triggers"][1]]}


def _template(**more: Any) -> dict[str, Any]:
    properties = TEMPLATE["variables"]["properties"]
    return TEMPLATE | {"variables": {**TEMPLATE["variables"], "properties": properties | more}}


def _schedules(which: int, **change: Any) -> list[dict[str, Any]]:
    told = [dict(each) for each in DECLARED["Deployment", "schedules"]]
    told[which] = {k: v for k, v in {**told[which], **change}.items() if v is not NEVER}
    return told


# What the server would not take of what the rule makes up, in words that it takes.
MORE: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("WorkPool", "base_job_template"): {
        "a variable added": _template(hand={}),
        "a variable's key added": _template(env={"title": "hand"}),
        "a variable's key removed": _template(command={}),
        "a job's key added": TEMPLATE
        | {"job_configuration": {**TEMPLATE["job_configuration"], "image": "hand"}},
        "a job's key removed": TEMPLATE | {"job_configuration": {"command": "{{ command }}"}},
    },
    ("Block", "data"): {"a field added": {"host": "a", "port": 1, "user": "hand"}},
    ("Block", "secret_data"): {
        "a secret added": {"key": "k1", "token": "hand"},
        "a secret removed": {},
    },
    ("Automation", "trigger"): {
        "a match key added": _trigger(match={**EVENT["match"], "hand": "y"}),
        "a match key removed": _trigger(match={}),
        "match_related added": _trigger(match_related={"hand": "y"}),
        "an event added": _trigger(expect=["a.b", "hand"]),
        "an event removed": _trigger(expect=[]),
        "after added": _trigger(after=["hand"]),
        "threshold changed": _trigger(threshold=3),
        "within added": _trigger(within=9),
        "a trigger added": DECLARED["Automation", "trigger"]
        | {"triggers": [EVENT, event("c.d"), event("hand")]},
        "a trigger removed": DECLARED["Automation", "trigger"] | {"triggers": [EVENT]},
        "require changed": DECLARED["Automation", "trigger"] | {"require": "all"},
    },
    ("Automation", "actions"): {
        "a parameter added": [RUN | {"parameters": {"n": 1, "id": None}}],
        "a parameter removed": [RUN | {"parameters": {}}],
        "job_variables added": [RUN | {"job_variables": {"env": {}}}],
        "schedule_after added": [RUN | {"schedule_after": 9}],
        "an action added": [RUN, NOTHING],
    },
    ("Deployment", "schedules"): {
        "cron changed": _schedules(0, cron="0 7 * * *"),
        "kind changed": _schedules(0, cron=NEVER, interval=60),
        "a parameter added": _schedules(0, parameters={"n": 1, "hand": 2}),
        "a parameter removed": _schedules(0, parameters={}),
        "switched off": _schedules(0, active=False),
        "interval changed": _schedules(1, interval=7200),
        "anchor changed": _schedules(1, anchor_date="2025-01-01T06:00:00Z"),
        "timezone changed": _schedules(1, timezone="UTC"),
        "rule changed": _schedules(2, rrule="FREQ=DAILY;BYHOUR=7"),
        "a start added": _schedules(2, rrule="DTSTART:20250101T000000\nFREQ=DAILY;BYHOUR=6"),
        "a schedule removed": _schedules(0)[1:],
    },
    ("Deployment", "concurrency_options"): {
        "grace period added": {"collision_strategy": "ENQUEUE", "grace_period_seconds": 99},
    },
}


def declared(label: str, field: str, row: Row) -> Any:
    return DECLARED.get((label, field), row.base)


def hands(label: str, field: str, row: Row) -> Iterator[tuple[str, Any]]:
    """What was done, in words, and what the field is then."""
    key, base = (label, field), declared(label, field, row)
    if row.drifted is not NEVER and key not in DECLARED:
        yield "changed", row.drifted
    if row.cleared is not NEVER and key != ("Deployment", "schedules"):
        yield "cleared", row.cleared
    yield from MORE.get(key, {}).items()
    if key in FREE:
        yield from _inside(base, field)


def _inside(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Each way to add to, or to remove from, a mapping or list in the value, however deep."""
    if isinstance(value, Mapping):
        yield f"{where} + key", {**value, "hand": "x"}
        for key, inner in value.items():
            yield f"{where} - {key}", {k: v for k, v in value.items() if k != key}
            for what, other in _inside(inner, f"{where}.{key}"):
                yield what, {**value, key: other}
    elif isinstance(value, list):
        if value:
            yield f"{where} - last", value[:-1]
        yield f"{where} + item", [*value, *(value[:1] or ["hand"])]
        for index, inner in enumerate(value):
            for what, other in _inside(inner, f"{where}[{index}]"):
                yield what, [*value[:index], other, *value[index + 1 :]]
