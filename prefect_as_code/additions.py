"""What a server adds by itself to what was declared: the only differences that are no drift.

A list or a mapping that is declared is compared as a whole. So what stands in it besides is listed
here, by its key, with the value that nobody else has given it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from .declared import Json, Props, same, seconds

WHATEVER: Final = object()  # a value that is never the user's


@dataclass(frozen=True)
class Addition:
    """``key`` in the mapping ``to``; ``value``: what the server writes there by itself."""

    to: str
    key: str
    value: Any
    why: str


_LEFT_OUT = "what it means to leave the key out"

ADDITIONS: Final = (
    Addition("trigger", "id", WHATEVER, "a new one at each write"),
    Addition("event trigger", "match", {}, _LEFT_OUT),
    Addition("event trigger", "match_related", {}, _LEFT_OUT),
    Addition("event trigger", "after", [], _LEFT_OUT),
    Addition("event trigger", "expect", [], _LEFT_OUT),
    Addition("event trigger", "for_each", [], _LEFT_OUT),
    Addition("event trigger", "threshold", 1, _LEFT_OUT),
    Addition("Reactive trigger", "within", 0, _LEFT_OUT),
    Addition("Proactive trigger", "within", 10, "the least that there is"),
    Addition("compound trigger", "within", None, _LEFT_OUT),
    Addition("sequence trigger", "within", None, _LEFT_OUT),
    Addition("metric trigger", "match", {}, _LEFT_OUT),
    Addition("metric trigger", "match_related", {}, _LEFT_OUT),
    Addition("metric trigger", "posture", "Metric", "there is no other"),
    Addition("metric", "range", 300, _LEFT_OUT),
    Addition("metric", "firing_for", 300, _LEFT_OUT),
    Addition("action", "source", "selected", _LEFT_OUT),
    Addition("action", "deployment_id", None, "the event names the deployment"),
    Addition("action", "work_pool_id", None, "the event names the pool"),
    Addition("action", "work_queue_id", None, "the event names the queue"),
    Addition("action", "automation_id", None, "the event names the automation"),
    Addition("action", "parameters", None, _LEFT_OUT),
    Addition("action", "job_variables", None, _LEFT_OUT),
    Addition("action", "schedule_after", 0, _LEFT_OUT),
    Addition("action", "name", None, _LEFT_OUT),
    Addition("action", "message", None, _LEFT_OUT),
    Addition("action", "force", False, _LEFT_OUT),
    Addition("action", "payload", "", _LEFT_OUT),
    Addition("action", "subject", "Prefect automated notification", _LEFT_OUT),
    Addition("concurrency_options", "grace_period_seconds", None, _LEFT_OUT),
    Addition("empty parameter_openapi_schema", "type", "object", "no schema is stored empty"),
    Addition("empty parameter_openapi_schema", "properties", {}, "no schema is stored empty"),
)


def less_additions(live: Json, declared: Json, *to: str) -> Json:
    """``live`` without what the server added by itself to the declared mapping ``to``."""
    if not isinstance(live, Mapping):
        return live
    told = declared if isinstance(declared, Mapping) else {}
    return {k: v for k, v in live.items() if k in told or not _is_added(to, k, v)}


def _is_added(to: tuple[str, ...], key: str, value: Json) -> bool:
    return any(
        one.to in to and one.key == key and (one.value is WHATEVER or same(one.value, value))
        for one in ADDITIONS
    )


def trigger_as_declared(live: Json, declared: Json) -> Json:
    """A live trigger in the words of the declared one, with those inside it."""
    if not isinstance(live, Mapping):
        return live
    told = declared if isinstance(declared, Mapping) else {}
    kinds = ["trigger", *(f"{live.get(key)} trigger" for key in ("type", "posture"))]
    seen = _in_words(less_additions(live, told, *kinds), told)
    if "triggers" in seen:
        seen["triggers"] = _each(seen["triggers"], told.get("triggers"), trigger_as_declared)
    if "metric" in seen:
        seen["metric"] = less_additions(seen["metric"], told.get("metric"), "metric")
    return seen


def actions_as_declared(live: Json, declared: Json) -> Json:
    """Live actions in the words of the declared ones."""
    return _each(live, declared, _action_as_declared)


def _action_as_declared(live: Json, declared: Json) -> Json:
    return _in_words(less_additions(live, declared, "action"), declared)


def _each(live: Json, declared: Json, one: Any) -> Json:
    if not isinstance(live, list):
        return live
    told = declared if isinstance(declared, list) else []
    return [one(a, b) for a, b in zip_longest(live, told[: len(live)])]


_SETS = ("after", "expect", "for_each")  # the server keeps no order in these
_TIMES = ("within", "schedule_after")  # the server tells seconds


def _in_words(live: Json, declared: Json) -> Json:
    """``live`` with the values that mean the same as declared in the words of the declaration."""
    if not (isinstance(live, Mapping) and isinstance(declared, Mapping)):
        return live
    seen: Props = dict(live)
    for key in live.keys() & declared.keys():
        is_set = key in _SETS and _same_set(live[key], declared[key])
        if is_set or (key in _TIMES and seconds(live[key]) == seconds(declared[key])):
            seen[key] = declared[key]
    return seen


def _same_set(one: Json, other: Json) -> bool:
    return isinstance(other, list) and {*map(str, one)} == {*map(str, other)}
