"""The calls that make the schedules of a live deployment what is declared."""

from typing import TYPE_CHECKING

from . import schedules
from .declared import Json, Props, same
from .paths import Path, at

if TYPE_CHECKING:
    from .api import PrefectApi


def limit_runs(api: "PrefectApi", id_: str, told: list[Props]) -> None:
    """Tell how many runs to schedule once more: a POST of a deployment forgets it (3.8, 3.9)."""
    limits = {s["slug"]: s["max_scheduled_runs"] for s in told if s.get("max_scheduled_runs")}
    path = at("/deployments/{}/schedules", id_)
    for live in api.call("GET", path) or [] if limits else []:
        if (limit := limits.get(live["slug"], live["max_scheduled_runs"])) is not None:
            body = schedules.patch(live, {"max_scheduled_runs": limit})
            api.call("PATCH", _at(id_, live), body)


def reschedule(api: "PrefectApi", id_: str, olds: list[Props], news: list[Props]) -> None:
    """Change schedules one by one, so that those that stay keep their id and their runs."""
    path = at("/deployments/{}/schedules", id_)
    all_ = api.call("GET", path) or []
    live = {s["slug"]: s for s in all_}
    before = {s["slug"]: s for s in olds}
    wanted = {s["slug"]: s for s in news}
    for each in all_:
        if each["slug"] in before.keys() - wanted.keys():
            api.call("DELETE", _at(id_, each))
    for slug, schedule in wanted.items():
        before_this = before.get(slug, {})
        if (
            slug in live
            and schedule.get("max_scheduled_runs", 0) is None
            and live[slug].get("max_scheduled_runs") is not None
            and not same(schedule, before_this)
        ):  # a PATCH would not clear it
            api.call("DELETE", _at(id_, live.pop(slug)))
    missing = [s for slug, s in wanted.items() if slug not in live]
    if missing:
        slugs = {s["slug"] for s in missing}

        def made() -> Json:
            found = api.call("GET", path) or []
            return found if slugs <= {s["slug"] for s in found} else None

        api.create(path, [schedules.to_send(s) for s in missing], made)
    for slug, schedule in wanted.items():
        if slug in live and not same(schedule, before.get(slug)):
            body = schedules.changes(live[slug], before.get(slug, {}), schedule)
            api.call("PATCH", _at(id_, live[slug]), body)


def _at(deployment_id: str, live: Props) -> Path:
    return at("/deployments/{}/schedules/{}", deployment_id, live["id"])
