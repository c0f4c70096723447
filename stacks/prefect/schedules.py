"""The schedules of a deployment: how they are declared, checked, sent and seen again."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .declared import Props, as_declared

_KINDS = ("cron", "interval", "rrule")
_WHEN = frozenset({*_KINDS, "timezone", "anchor_date", "day_or"})
_HOW = frozenset({"slug", "active", "parameters", "max_scheduled_runs"})


def problems(schedules: list[Props]) -> Iterator[str]:
    """What is wrong with declared schedules, in words."""
    slugs = [s.get("slug") for s in schedules]
    for index, schedule in enumerate(schedules):
        for wrong in _wrong(schedule):
            yield f"schedule {schedule.get('slug', index)!r}: {wrong}"
    if doubled := {slug for slug in slugs if slugs.count(slug) > 1}:
        yield f"two schedules have the slug {sorted(map(str, doubled))[0]!r}; a slug is unique"


def _wrong(schedule: Props) -> Iterator[str]:
    if not schedule.get("slug"):
        yield "a slug is needed: it keeps the schedule's id and runs while others change"
    if unknown := sorted(schedule.keys() - _WHEN - _HOW):
        yield f"no field {unknown}; there are {sorted(_WHEN | _HOW)}"
    kinds = [kind for kind in _KINDS if schedule.get(kind) is not None]
    if len(kinds) != 1:
        yield f"exactly one of cron, interval and rrule is needed, found {kinds or 'none'}"
    if "cron" in kinds and (wrong := _bad_cron(schedule["cron"])):
        yield wrong
    if "interval" in kinds and not (
        isinstance(schedule["interval"], int | float) and schedule["interval"] > 0
    ):
        yield f"interval {schedule['interval']!r} is no positive number of seconds"
    if "rrule" in kinds:
        from dateutil.rrule import rrulestr  # as croniter, not where nothing has changed

        try:
            rrulestr(schedule["rrule"])
        except (ValueError, TypeError) as error:
            yield f"rrule {schedule['rrule']!r}: {error}; see RFC 5545, as in FREQ=DAILY;BYHOUR=6"
    if (zone := schedule.get("timezone")) is not None:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
            yield f"timezone {zone!r} is unknown; use an IANA name such as Europe/Paris or UTC"


def _bad_cron(cron: Any) -> str | None:
    from croniter import croniter

    try:
        if len(str(cron).split()) == 5 and croniter.is_valid(cron):
            return None
    except (ValueError, AttributeError):
        pass
    return f"cron {cron!r} is no cron line; use five fields: minute hour day month weekday"


def to_send(schedule: Mapping[str, Any]) -> Props:
    """A declared schedule as the API takes it."""
    when = {k: v for k, v in schedule.items() if k in _WHEN}
    return {"schedule": when} | {k: v for k, v in schedule.items() if k in _HOW}


def seen(live: Mapping[str, Any], declared: Mapping[str, Any]) -> Props:
    """A live schedule in the words of the declared one."""
    flat = {**live.get("schedule", {}), **{k: live.get(k) for k in _HOW}}
    kinds = {kind: flat[kind] for kind in _KINDS if flat.get(kind) is not None}
    same_words = {
        kind: declared[kind]
        for kind, value in kinds.items()
        if kind in declared and _normal(kind, value) == _normal(kind, declared[kind])
    }
    dropped = {k: v for k, v in declared.items() if k in _KINDS and k not in kinds}
    kept = as_declared(flat, {k: v for k, v in declared.items() if k not in dropped})
    if "anchor_date" in kept and _moment(kept["anchor_date"]) == _moment(declared["anchor_date"]):
        kept["anchor_date"] = declared["anchor_date"]
    return {**kept, **kinds, **same_words}


def _normal(kind: str, value: Any) -> Any:
    if kind == "interval":
        return float(value)
    if kind == "rrule":  # the server writes a start into a rule that has none
        lines = str(value).replace("RRULE:", "").split("\n")
        return [line for line in lines if line and not line.startswith("DTSTART")]
    return value


def _moment(text: Any) -> Any:
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return text


def changes(live: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> Props:
    """The body of a PATCH that makes ``live`` what ``new`` says: only what differs from ``old``."""
    body = {k: new[k] for k in _HOW if k in new and new.get(k) != old.get(k)}
    if any(new.get(k) != old.get(k) for k in _WHEN):
        when = {k: v for k, v in new.items() if k in _WHEN}
        anchor = live.get("schedule", {}).get("anchor_date")
        if "interval" in when and anchor:
            when.setdefault("anchor_date", anchor)  # without one the server starts counting anew
        body["schedule"] = when
    return patch(live, body)


def patch(live: Mapping[str, Any], body: Props) -> Props:
    """``body``, with what a PATCH of ``live`` would reset: it takes no parameters for none."""
    return {"parameters": live["parameters"], **body} if live.get("parameters") else body
