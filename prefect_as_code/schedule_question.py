"""Whether Prefect takes a schedule, and its scheduler finds runs: a question of ``introspect.py``.

Asked of the server's own classes. What its API takes and its scheduler then fails at (it answers
500, and nothing ever runs) is refused here with the same breath.
"""

import json
import signal
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

_WRONG = {  # what a field then is, and what to write instead
    "cron": ("is no cron line", "use five fields: minute hour day month weekday, or @daily"),
    "interval": ("is no interval", "use a number of seconds, or ISO 8601 as in PT1H"),
    "rrule": (
        "is no rule",
        "see RFC 5545, as in FREQ=DAILY;BYHOUR=6;UNTIL=20301231T000000, in the schedule's "
        "timezone, so without a Z",
    ),
    "timezone": ("is unknown", "use an IANA name such as Europe/Paris or UTC"),
    "anchor_date": ("is no moment of an interval", "write one as in 2025-01-31T06:00:00"),
    "day_or": ("is neither true nor false", "leave it out for true"),
}
_CPU_SECONDS = 5  # what is longer to find would keep the server as long, each time it looks


def schedule(subject: str) -> dict[str, Any]:
    """Nothing, of a schedule that Prefect takes: ``subject`` is JSON, as its API has it, with
    ``max_scheduled_runs``.

    Raises:
        ValueError: Prefect would not take it, or never run it: which field, why, and what to write.
    """
    _hasten()
    from prefect._internal.schemas.validators import normalize_rrule_string
    from prefect.server.schemas import schedules
    from prefect.settings import PREFECT_DEPLOYMENT_SCHEDULE_MAX_SCHEDULED_RUNS as MOST
    from pydantic import ValidationError

    told = json.loads(subject)
    most = told.pop("max_scheduled_runs", None)
    if most is not None and not 0 < most <= MOST.value():
        raise ValueError(
            f"max_scheduled_runs {most}: Prefect takes 1 to {MOST.value()}, unless "
            f"{MOST.name} says otherwise here and on the server"
        )
    kinds = {
        "cron": schedules.CronSchedule,
        "interval": schedules.IntervalSchedule,
        "rrule": schedules.RRuleSchedule,
    }
    [kind] = kinds.keys() & told
    try:
        taken = kinds[kind](**told)
    except ValidationError as error:
        raise ValueError("; ".join(_words(told, each) for each in error.errors())) from None
    except Exception as error:  # the server's classes let through what their parsers trip over
        raise ValueError(_refused(told, kind, str(error))) from None
    if kind == "rrule":  # as the API stores it
        taken.rrule = normalize_rrule_string(taken.rrule, timezone=taken.timezone)
    _look_for_runs(told, kind, taken)
    return {}


def _words(told: dict[str, Any], error: Any) -> str:
    field = str((error["loc"] or ("timezone",))[0])
    match error["type"]:
        case "extra_forbidden":
            return f"{field} is for another kind of schedule; leave it out"
        case "string_pattern_mismatch":  # the message has the names of all timezones
            return _refused(told, field)
        case _:
            return _refused(told, field, error["msg"].removeprefix("Value error, "))


def _refused(told: dict[str, Any], field: str, why: str = "") -> str:
    value = str(told.get(field))
    what, remedy = _WRONG[field]
    for said in (f'Invalid cron string: "{value}"', f', received: "{value}"'):
        why = why.replace(said, "")
    if why.startswith("Invalid timezone"):
        why = ""
    why = why.removeprefix(f'Invalid RRule string "{value}": ')
    return f"{field} {told.get(field)!r} {what}{why and f': {why}'}; {remedy}"


def _look_for_runs(told: dict[str, Any], kind: str, taken: Any) -> None:
    try:
        found = _within(_CPU_SECONDS, lambda: _runs(kind, taken))
    except Exception as error:
        field = "timezone" if isinstance(error, LookupError) else kind
        why = f"Prefect's scheduler fails at it: {error}"
        raise ValueError(_refused(told, field, why)) from None
    if not found:
        raise ValueError(_refused(told, kind, "it never comes to a run"))


def _runs(kind: str, taken: Any) -> bool:
    """Whether there is any; looked for as the scheduler does, 100 in the next 100 days, first."""
    from prefect.types._datetime import now

    start = now("UTC")
    soon = [*taken._get_dates_generator(n=100, start=start, end=start + timedelta(days=100))]
    if soon or any(taken._get_dates_generator(n=1)):
        return True
    return kind == "rrule" and any(taken.to_rrule())  # it may have come to its end by now


def _within(cpu_seconds: float, look: Callable[[], bool]) -> bool:
    def late(*_: object) -> None:
        raise TimeoutError(
            f"no run was found in {cpu_seconds} seconds; start it later, or leave DTSTART out"
        )

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    try:
        return look()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@cache
def _hasten() -> None:
    """Read the names of the timezones once, not anew for each schedule as Prefect does."""
    try:
        from prefect._internal.schemas import validators as used
    except ImportError as error:
        raise ValueError(
            f"Prefect itself is asked whether it takes a schedule, and is not to be had here "
            f"({error}); install it beside this program: pip install prefect"
        ) from None
    validators: Any = used
    validators.get_timezones = cache(validators.get_timezones)
