"""An automation: what to do when events happen, or fail to."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pulumi

from .additions import actions_as_declared, trigger_as_declared
from .connection import resolve
from .declared import UNDECLARED, Json, Props
from .errors import NoApiUrl, PrefectError
from .json_text import as_json, holds_output
from .paths import at
from .provider import Declared, PrefectProvider, PrefectResource, Problem, Structured
from .remembered import is_automation

_ACTIONS = ("actions", "actions_on_trigger", "actions_on_resolve")
_SOME_ID = "00000000-0000-4000-8000-000000000000"
_TARGETS = {  # what an action may name: by the field, where Prefect has it
    "deployment_id": "deployments",
    "work_queue_id": "work_queues",
    "block_document_id": "block_documents",
    "automation_id": "automations",
}


class AutomationProvider(PrefectProvider):
    """Import id: the automation's name, where it is the only one, or its uuid."""

    kind = "automation"
    identity = ()
    natural = ("name",)
    empty = MappingProxyType(
        {"description": "", "tags": [], "actions_on_trigger": [], "actions_on_resolve": []}
    )

    def problems(self, fields: Props) -> Iterator[Problem]:
        if not fields.get("name", "-"):
            yield "name", "a name is needed"
        asked = {name: fields[name] for name in ("trigger", *_ACTIONS) if fields.get(name)}
        if asked and (wrong := refusal(asked, of_cloud=self.api.is_cloud)):
            about = (each for each in asked if re.match(rf"{each}\b", wrong))
            yield next(about, "trigger"), wrong
        for when in _ACTIONS:
            yield from ((when, wrong) for wrong in _bad_templates(fields.get(when) or [], when))

    def find(self, id_: str, fields: Props) -> Props | None:
        live: Props | None = self.api.call("GET", at("/automations/{}", id_))
        return live

    def lookup(self, fields: Props) -> Props | None:
        # Prefect itself lets any number of automations have one name.
        wanted = {"automations": {"name": {"any_": [fields["name"]]}}}
        found = list(self.api.pages(at("/automations/filter"), wanted))
        if len(found) > 1:
            raise PrefectError(
                f'There are {len(found)} automations called "{fields["name"]}" already; give this '
                "one another name."
            )
        return found[0] if found else None

    def make(self, fields: Props) -> Props:
        self._check_targets(self.key(fields), fields)
        made: Props = self.api.create(at("/automations/"), fields, lambda: self.lookup(fields))
        return made

    def change(self, id_: str, olds: Props, news: Props, changed: Props) -> None:
        if changed.keys() == {"enabled"}:
            self.api.call("PATCH", at("/automations/{}", id_), changed)
            return
        self._check_targets(self.key(news), changed)
        self.api.call("PUT", at("/automations/{}", id_), self.whole(id_, news, changed))

    def remove(self, id_: str, fields: Props) -> None:
        self.api.call("DELETE", at("/automations/{}", id_))

    def _check_targets(self, name: str, fields: Props) -> None:
        """Prefect takes any id, and the action then fails, unseen, when it is due."""
        gone = [
            f"{when}[{index}].{field} {action[field]}"
            for when in _ACTIONS
            for index, action in enumerate(fields.get(when) or [])
            for field, path in _TARGETS.items()
            if action.get(field) and self.api.call("GET", at("/{}/{}", path, action[field])) is None
        ]
        if gone:
            raise PrefectError(
                f'The automation "{name}" names what is not there: '
                f"{', '.join(gone)}. Put the id of something that is, best as an output: "
                "deployment.id."
            )

    def seen(self, live: Props, fields: Props) -> Props:
        seen = super().seen(live, fields)
        for name in seen.keys() & {"trigger"}:
            seen[name] = trigger_as_declared(seen[name], fields[name])
        for name in seen.keys() & _ACTIONS:
            seen[name] = actions_as_declared(seen[name], fields[name])
        return seen


def refusal(asked: Props, *, of_cloud: bool) -> str | None:
    """What Prefect itself would say against this trigger and these actions, if anything."""
    try:
        is_automation(json.dumps({**asked, "of_cloud": of_cloud}, sort_keys=True))
    except PrefectError as error:
        return str(error)
    return None


def _bad_templates(value: Json, where: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _bad_templates(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _bad_templates(inner, f"{where}[{index}]")
    elif isinstance(value, str):
        import jinja2  # for automations alone

        try:
            jinja2.Environment(autoescape=True).parse(value)
        except jinja2.TemplateSyntaxError as error:
            yield f"{where}: the template does not parse, line {error.lineno}: {error.message}"


@dataclass(frozen=True, kw_only=True)
class AutomationArgs:
    """``trigger`` and the actions are mappings, as Prefect's API takes them.

    A trigger's ``type`` is ``event``, ``metric`` (Prefect Cloud), ``compound`` or ``sequence``;
    ``within`` is in seconds. Objects are referred to by their outputs: ``{"type":
    "run-deployment", "source": "selected", "deployment_id": deployment.id}``.
    """

    name: pulumi.Input[str]
    trigger: Structured[Mapping[str, Any]]
    actions: Structured[Sequence[Mapping[str, Any]]]
    description: Declared[str] = UNDECLARED
    enabled: Declared[bool] = UNDECLARED
    tags: Structured[Sequence[str]] = UNDECLARED
    actions_on_trigger: Structured[Sequence[Mapping[str, Any]]] = UNDECLARED
    actions_on_resolve: Structured[Sequence[Mapping[str, Any]]] = UNDECLARED


AutomationProvider.args = AutomationArgs


class Automation(PrefectResource, module="prefect", name="Automation"):
    """An automation. Everything changes in place; left out, ``enabled`` stays what the UI says."""

    provider = AutomationProvider
    name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: AutomationArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        adopt: bool = False,
    ) -> None:
        told = {f: as_json(getattr(args, f), f) for f in ("trigger", *_ACTIONS) if getattr(args, f)}
        # Ids are known only once what they name is there; the rest need not wait for that.
        asked = {f: _with_ids(value) for f, value in told.items() if holds_output(value)}
        if asked and not any(map(holds_output, asked.values())):
            with suppress(NoApiUrl):
                of_cloud = resolve(pulumi.Config()).is_cloud
                if wrong := refusal(asked, of_cloud=of_cloud):
                    raise PrefectError(f'The automation of the resource "{name}": {wrong}')
        super().__init__(name, args, opts, adopt=adopt)


def _with_ids(value: Json) -> Json:
    """``value`` with some id in the place of each that is not known yet."""
    if isinstance(value, Mapping):
        return {
            k: _SOME_ID if k.endswith("_id") and isinstance(v, pulumi.Output) else _with_ids(v)
            for k, v in value.items()
        }
    return [_with_ids(v) for v in value] if isinstance(value, list) else value
