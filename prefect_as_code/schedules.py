"""The schedules of a deployment: how they are declared, checked, sent and seen again."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .declared import Json, Props, same, seconds
from .errors import PrefectError
from .json_text import as_json, holds_output
from .remembered import is_schedule

_KINDS = ("cron", "interval", "rrule")
_WHEN = frozenset({*_KINDS, "timezone", "anchor_date", "day_or"})
_HOW = frozenset({"slug", "active", "parameters", "max_scheduled_runs"})


def problems(schedules: Any) -> Iterator[str]:
    """What is wrong with declared schedules, in words."""
    if not isinstance(schedules, list):
        yield f"{schedules!r} is no list of mappings such as {_EXAMPLE}"
        return
    for index, schedule in enumerate(schedules):
        if not isinstance(schedule, Mapping):
            yield f"{schedule!r} is no mapping such as {_EXAMPLE}"
            continue
        for wrong in _wrong(schedule):
            yield f"schedule {schedule.get('slug', index)!r}: {wrong}"
    slugs = [s.get("slug") for s in schedules if isinstance(s, Mapping)]
    if doubled := {str(slug) for slug in slugs if slug and slugs.count(slug) > 1}:
        yield f"two schedules have the slug {sorted(doubled)[0]!r}; a slug is unique"


def foresee(told: Any) -> None:
    """Ask Prefect about the schedules that the program knows already.

    Their provider, a process of its own, then finds the answers kept; and here Prefect may be
    running, to be asked about flows: it takes a second to import.
    """
    if isinstance(told, list | tuple):
        known = as_json(told, "schedules")
        if not holds_output(known):
            list(problems(known))  # they are for the provider to tell


_EXAMPLE = '{"slug": "daily", "cron": "0 6 * * *"}'


def _wrong(schedule: Mapping[str, Any]) -> Iterator[str]:
    slug = schedule.get("slug")
    if not slug:
        yield "a slug is needed: it keeps the schedule's id and runs while others change"
    elif not isinstance(slug, str):
        yield f"slug {slug!r} is no text; write it in quotes"
    if not isinstance(schedule.get("active", True), bool):
        yield f"active {schedule['active']!r} is neither true nor false"
    if not isinstance(schedule.get("parameters", {}), Mapping):
        yield f"parameters {schedule['parameters']!r} are no mapping; {{}} is none of them"
    if unknown := sorted(schedule.keys() - _WHEN - _HOW):
        yield f"no field {unknown}; there are {sorted(_WHEN | _HOW)}"
        return
    kinds = [kind for kind in _KINDS if kind in schedule]
    if len(kinds) != 1:
        yield f"exactly one of cron, interval and rrule is needed, found {kinds or 'none'}"
    elif wrong := _ill_typed(schedule):
        yield wrong
    else:
        when: Props = to_send(schedule)["schedule"]
        try:  # in Prefect's own words: no rule of ours would be the same as its own for long
            asked = {**when, "max_scheduled_runs": schedule.get("max_scheduled_runs")}
            is_schedule(json.dumps(asked, sort_keys=True))
        except PrefectError as error:
            yield str(error)


def _ill_typed(schedule: Mapping[str, Any]) -> str | None:
    """What Prefect would take, and tell otherwise from then on."""
    if not isinstance(schedule.get("day_or", True), bool):
        return f"day_or {schedule['day_or']!r} is neither true nor false; leave it out for true"
    if isinstance(schedule.get("interval"), bool):
        return "interval is a number of seconds, or ISO 8601 as in PT1H"
    if not isinstance(schedule.get("max_scheduled_runs") or 0, int):
        return f"max_scheduled_runs {schedule['max_scheduled_runs']!r} is no whole number"
    if "anchor_date" in schedule and _moment(schedule["anchor_date"], schedule) is None:
        return (
            f"anchor_date {schedule['anchor_date']!r} is no moment; write it as "
            "2025-01-31T06:00:00, in the schedule's timezone, or with an offset at its end"
        )
    return None


def to_send(schedule: Mapping[str, Any]) -> Props:
    """A declared schedule as the API takes it."""
    when = {k: v for k, v in schedule.items() if k in _WHEN}
    if "rrule" in when and when.get("timezone", "") is None:
        del when["timezone"]  # told null, Prefect's scheduler fails; told nothing, it is UTC
    if (anchor := _moment(when.get("anchor_date"), schedule)) is not None:
        when["anchor_date"] = anchor.isoformat()  # Prefect takes one without an offset for UTC
    return {"schedule": when} | {k: v for k, v in schedule.items() if k in _HOW}


def seen(live: Mapping[str, Any], declared: Mapping[str, Any]) -> Props:
    """A live schedule in the words of the declared one: its kind, and what else is declared."""
    flat = {**live.get("schedule", {}), **{k: live.get(k) for k in _HOW}}
    kinds = {kind for kind in _KINDS if flat.get(kind) is not None}
    names = (declared.keys() - {*_KINDS}) | kinds
    return {
        name: declared[name]
        if name in declared and _means_the_same(name, flat[name], declared)
        else flat[name]
        for name in sorted(names & flat.keys())
    }


def _means_the_same(name: str, live: Json, declared: Mapping[str, Any]) -> bool:
    told = declared[name]
    match name:
        case "interval":
            return seconds(live) == seconds(told) is not None
        case "anchor_date":
            return _moment(live, declared) == _moment(told, declared) is not None
        case "timezone":
            return live == told or ("cron" not in declared and {live, told} == {None, "UTC"})
        case "rrule":
            return live == told or _rule_sent(live, told)
        case _:
            return same(live, told)


def _rule_sent(live: str, told: str) -> bool:
    """Whether the live rule is the declared one, with the start that Prefect writes into one that
    has none: 2020, or for each second or minute a recent moment of the same series.
    """
    start, _, rest = str(live).partition("\n")
    found = re.fullmatch(r"DTSTART:(\d{8}T\d{6})", start)
    if (
        not found
        or "DTSTART" in told.upper()
        or rest.removeprefix("RRULE:") != told.removeprefix("RRULE:")
    ):
        return False
    age = datetime.strptime(found[1], "%Y%m%dT%H%M%S") - datetime(2020, 1, 1)
    rule = told.upper()
    unit = {"SECONDLY": 1, "MINUTELY": 60}.get(_part(rule, "FREQ"))
    if unit is None or "COUNT" in rule:
        return not age
    return age % timedelta(seconds=unit * int(_part(rule, "INTERVAL") or 1)) == timedelta(0)


def _part(rule: str, name: str) -> str:
    found = re.search(rf"\b{name}=(\w+)", rule)
    return found[1] if found else ""


def _moment(text: Any, schedule: Mapping[str, Any]) -> datetime | None:
    """A moment in UTC; without an offset, that of a clock in the schedule's timezone.

    In UTC, as Python holds no moment of an hour that a clock leaves out for equal to any other.
    """
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            zone = schedule.get("timezone")
            moment = moment.replace(tzinfo=ZoneInfo(zone) if zone else UTC)
        return moment.astimezone(UTC)
    except (ValueError, TypeError, OSError, LookupError, OverflowError):
        return None


def changes(live: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> Props:
    """The body of a PATCH that makes ``live`` what ``new`` says: only what differs from ``old``."""
    body = {k: new[k] for k in _HOW if k in new and not same(new.get(k), old.get(k))}
    if any(not same(new.get(k), old.get(k)) for k in _WHEN):
        body["schedule"] = _unmanaged(live.get("schedule", {}), new) | to_send(new)["schedule"]
    return patch(live, body)


def _unmanaged(live: Mapping[str, Any], new: Mapping[str, Any]) -> Props:
    """What the declaration leaves open: a PATCH takes a schedule as a whole."""
    fits = ["timezone"]
    fits += ["anchor_date"] if "interval" in new and "interval" in live else []
    fits += ["day_or"] if "cron" in new and "cron" in live else []
    return {k: live[k] for k in fits if live.get(k) is not None}


def patch(live: Mapping[str, Any], body: Props) -> Props:
    """``body``, with what a PATCH of ``live`` would reset: it takes no parameters for none."""
    return {"parameters": live["parameters"], **body} if live.get("parameters") else body
