"""Whether Prefect takes an automation, a question of ``introspect.py`` asked of its own classes."""

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, get_args

_ACTIONS = ("actions", "actions_on_trigger", "actions_on_resolve")


def automation(subject: str) -> dict[str, Any]:
    """Nothing, of an automation that Prefect takes.

    ``subject`` is JSON: its trigger and actions as far as they are known, as Prefect's API has
    them, and ``of_cloud``: Prefect Cloud may have more kinds of them than are known here.

    Raises:
        ValueError: Prefect would not take it: where, why, and what there is instead.
    """
    told = json.loads(subject)
    of_cloud = told.pop("of_cloud")
    if wrong := [*_wrong(told, of_cloud)]:
        raise ValueError("; ".join(wrong))
    return {}


def _wrong(told: Mapping[str, Any], of_cloud: bool) -> Iterator[str]:
    actions, automations = _classes(of_cloud)
    triggers = {
        kind: getattr(automations, name)
        for kind, name in {
            "event": "EventTrigger",
            "metric": "MetricTrigger",
            "compound": "CompoundTrigger",
            "sequence": "SequenceTrigger",
        }.items()
        if hasattr(automations, name)
    }
    known = _by_type(actions)
    if "trigger" in told:
        yield from _of_trigger(triggers, told["trigger"], "trigger", of_cloud)
    for when in _ACTIONS:
        for index, action in enumerate(told.get(when) or []):
            yield from _of(known, action, "action", f"{when}[{index}]", of_cloud)


def _classes(of_cloud: bool) -> tuple[Any, Any]:
    """The modules of actions and of triggers: what Prefect Cloud has, its client knows."""
    room = "prefect.events" if of_cloud else "prefect.server.events"
    try:
        return import_module(f"{room}.actions"), import_module(f"{room}.schemas.automations")
    except ImportError as error:
        raise ValueError(
            f"Prefect itself is asked whether it takes an automation, and is not to be had here "
            f"({error}); install it beside this program: pip install prefect"
        ) from None


def _by_type(actions: Any) -> dict[str, Any]:
    union = getattr(actions, "ServerActionTypes", None) or actions.ActionTypes
    return {class_.model_fields["type"].default: class_ for class_ in get_args(union)}


def _of_trigger(
    known: Mapping[str, Any], trigger: Any, where: str, of_cloud: bool
) -> Iterator[str]:
    inner = trigger.get("triggers") if isinstance(trigger, Mapping) else None
    wrong = [
        said
        for index, each in enumerate(inner if isinstance(inner, list) else [])
        for said in _of_trigger(known, each, f"{where}.triggers[{index}]", of_cloud)
    ]
    yield from wrong or _of(known, trigger, "trigger", where, of_cloud)


def _of(
    known: Mapping[str, Any], told: Any, what: str, where: str, of_cloud: bool
) -> Iterator[str]:
    from pydantic import ValidationError

    if not isinstance(told, Mapping):
        yield f"{where} is no mapping such as {{'type': '{next(iter(known))}'}}"
    elif (kind := str(told.get("type"))) not in known:
        if not of_cloud:
            yield f"{where}: there is no {what} of the type {kind!r}; there are {', '.join(known)}"
    else:
        try:
            known[kind](**told)
        except ValidationError as error:
            yield from (_words(each, where) for each in error.errors())


def _words(error: Any, where: str) -> str:
    place = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error["loc"])
    why = error["msg"].removeprefix("Value error, ").replace("Field required", "it is required")
    return f"{where}{place}: {why}"
