"""A deployment: one flow that can run, by schedule or by hand, in one work pool."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pulumi
from pulumi.dynamic import DiffResult

from . import schedules, way_out
from .additions import less_additions
from .automation import Automation
from .declared import UNDECLARED, Json, Props, same, without
from .errors import PrefectApiError, PrefectError
from .json_schema import misfits
from .names import object_name
from .own_limit import own_limit, shares_a_limit
from .paths import at
from .provider import Declared, PrefectProvider, PrefectResource, Problem, Structured
from .schedule_calls import limit_runs, reschedule
from .shapes import against
from .triggers import automation_args

_SHARED = "global_concurrency_limit_id"
_TEMPLATE = "__prefect_kind"  # a parameter that is filled in for each run: a variable, Jinja, JSON
_POOL, _QUEUE = "work_pool_name", "work_queue_name"
OWNER = "pulumi-resource"  # the label that says whose a deployment is; set at creation only


class DeploymentProvider(PrefectProvider):
    """Import id: ``flow/deployment``, or the deployment's uuid."""

    kind = "deployment"
    identity = ("flow_name", "name")
    natural = ("flow_name", "name")
    refers = MappingProxyType(
        {"work pool": ("work_pool_name",), "work queue": ("work_pool_name", "work_queue_name")}
    )
    empty = MappingProxyType(
        {
            "tags": [],
            "parameters": {},
            "parameter_openapi_schema": {},
            "job_variables": {},
            "pull_steps": [],
            "schedules": [],
        }
    )

    def problems(self, fields: Props) -> Iterator[Problem]:
        for field in self.identity:
            if field in fields and (wrong := object_name(fields[field])):
                yield field, wrong
        if fields.get("concurrency_limit") is not None and fields.get(_SHARED) is not None:
            yield (
                _SHARED,
                "a deployment has a limit of its own or a shared one; declare one of them",
            )
        bad = [*schedules.problems(fields.get("schedules") or [])]
        yield from (("schedules", wrong) for wrong in bad)
        if schema := fields.get("parameter_openapi_schema"):
            taken = schema.get("properties", {})
            if wrong_shape := [*against(Mapping[str, Any], taken, "properties")]:
                yield "parameter_openapi_schema", wrong_shape[0]
                return
            parameters = fields.get("parameters") or {}
            told = list(_bad_parameters(parameters, schema))
            for wrong in told:
                yield "parameters", wrong
            for schedule in () if bad else fields.get("schedules") or []:
                given = {**parameters, **(schedule.get("parameters") or {})}
                for wrong in (*_bad_parameters(given, schema), *_missing(given, schema)):
                    if wrong not in told:
                        yield "schedules", f"schedule {schedule.get('slug')!r}: {wrong}"

    def find(self, id_: str, fields: Props) -> Props | None:
        live: Props | None = self.api.call("GET", at("/deployments/{}", id_))
        return live

    def lookup(self, fields: Props) -> Props | None:
        path = at("/deployments/name/{}/{}", fields["flow_name"], fields["name"])
        live: Props | None = self.api.call("GET", path)
        return live

    def taken(self, fields: Props) -> Props | None:
        if self.api.flows.is_free(fields["flow_name"], fields["name"]):
            return None
        return self.lookup(fields)

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        told = super().diff(_id, _olds, _news)
        if told.replaces:
            self.run.replaced[self.kind, self.key(_news)] = _id
        return told

    def is_ours(self, live: Props, fields: Props) -> bool:
        return bool((live.get("labels") or {}).get(OWNER) == fields["owner"])

    def make(self, fields: Props) -> Props:
        told = {k: v for k, v in fields.items() if v is not None}  # a new one has nothing to clear
        old = self.run.replaced.get((self.kind, self.key(fields)))
        before = (self.find(old, {}) if old else None) or {}
        if before.get("paused"):
            told.setdefault("paused", True)  # in the UI, perhaps: it is the same to whoever did it
        body = without(told, ("flow_name", "owner", "schedules"))
        body["flow_id"] = self.api.flows.id_of(fields["flow_name"], fields["owner"])
        body["labels"] = {OWNER: fields["owner"]}
        self._tell_of_others(fields, old)
        body["schedules"] = [schedules.to_send(s) for s in fields.get("schedules") or []]
        made: Props = self.api.create(at("/deployments/"), body, lambda: self.lookup(fields))
        limit_runs(self.api, made["id"], body["schedules"])
        if before and not before["paused"]:
            # Until the old one goes, at the end of the `up`, both would run as scheduled.
            self.api.call("PATCH", at("/deployments/{}", before["id"]), {"paused": True})
        return made

    def _tell_of_others(self, fields: Props, old: str | None) -> None:
        """Of those that this very resource has made, and that the state has forgotten."""
        for each in self.api.flows.deployments(fields["flow_name"]):
            if self.is_ours(each, fields) and each["id"] != old:
                pulumi.log.warn(
                    f'The deployment "{fields["flow_name"]}/{each["name"]}" was made by this '
                    "resource too, and still runs as it is scheduled. It is from before the "
                    "server was restored, or the state lost: remove it in Prefect, or with "
                    f"`{way_out.recover()}`, which finds what else there is of such."
                )

    def change(self, id_: str, olds: Props, news: Props, changed: Props) -> None:
        body = without(changed, (*self.identity, "owner", "schedules"))
        if body.get(_SHARED) is not None and "concurrency_limit" in olds:
            # Let go of first: told the other one, Prefect would leave its own limit lying about.
            self.api.call("DELETE", at("/v2/concurrency_limits/deployment:{}", id_))
        elif "concurrency_limit" in body and shares_a_limit(self.find(id_, {}) or {}):
            body |= own_limit(self.api, id_, body.pop("concurrency_limit"))
        # Told of one of them, the server puts the deployment into the other's default: right for a
        # queue that is not declared, as one of its name in another pool is not the same.
        if _QUEUE in body and _POOL not in body:
            body[_POOL] = news[_POOL] if _POOL in news else self.alive(id_, news)[_POOL]
        elif _POOL in body and _QUEUE in news:
            body[_QUEUE] = news[_QUEUE]
        if _holds_template(body.get("parameters")):
            self._keep_templates(id_, body.pop("parameters"))
        if body:
            # Every PATCH, even an empty one, deletes the runs that are scheduled already.
            self.api.call("PATCH", at("/deployments/{}", id_), body)
        if "schedules" in changed:
            reschedule(self.api, id_, olds.get("schedules") or [], news["schedules"] or [])

    def remove(self, id_: str, fields: Props) -> None:
        live = self.find(id_, fields)
        if live is None:
            return
        if shares_a_limit(live):
            self.api.call("PATCH", at("/deployments/{}", id_), own_limit(self.api, id_, None))
        left = self._automations(id_)
        self.api.call("DELETE", at("/deployments/{}", id_))
        self.api.flows.end(live["flow_id"], fields["flow_name"])
        if left:  # no refusal: of the same stack, they may be told of another one after this
            pulumi.log.warn(
                f'The deployment "{self.key(fields)}" is gone, which these automations name: '
                f"{', '.join(sorted(left))}. Unless this update changes them, their actions fail; "
                "change or remove them."
            )

    def _automations(self, id_: str) -> list[str]:
        """The names of the automations that act on the deployment, or watch it."""
        path = at("/automations/related-to/prefect.deployment.{}", id_)
        try:
            return [automation["name"] for automation in self.api.call("GET", path) or []]
        except PrefectApiError:
            return []  # who may not see automations may still delete a deployment

    def seen(self, live: Props, fields: Props) -> Props:
        seen = {name: _live_value(live, name) for name in fields}
        for name in seen.keys() & {"concurrency_options"}:
            seen[name] = less_additions(seen[name], fields[name], name)
        for name in seen.keys() & {"parameter_openapi_schema"}:
            if not fields[name]:
                seen[name] = less_additions(seen[name], fields[name], f"empty {name}")
        if "owner" in fields:
            seen["owner"] = fields["owner"]  # not compared: see equal
        if fields.get("schedules"):
            declared = {s["slug"]: s for s in fields["schedules"]}
            found = {s["slug"]: s for s in live.get("schedules", []) if s.get("slug") in declared}
            seen["schedules"] = [
                schedules.seen(found[slug], declared[slug]) for slug in declared if slug in found
            ]
        return seen

    def found(self, live: Props, fields: Props) -> Props:
        seen = self.seen(live, fields)
        if fields.get("schedules"):  # `prefect deploy` gives no slugs: both crons would run
            theirs = [{"slug": None} for s in live.get("schedules", []) if s.get("slug") is None]
            seen["schedules"] = [*seen["schedules"], *theirs]
        return seen

    def equal(self, name: str, old: Json, new: Json) -> bool:
        if name == "owner":
            return (
                True  # written once; nothing to send when a project, stack or resource is renamed
            )
        if name == "schedules" and old and new:
            return same({s["slug"]: s for s in old}, {s["slug"]: s for s in new})
        return super().equal(name, old, new)

    def _keep_templates(self, id_: str, parameters: Props) -> None:
        """Change parameters that hold templates.

        A PATCH would store what they come to at this moment. A POST for the same name changes the
        fields sent, templates as they are; but it drops schedules and labels that it does not
        repeat. So the schedules stay, and get new ids.
        """
        live = self.find(id_, {})
        if live is None:
            raise PrefectError(f"The deployment {id_} is gone; run `{way_out.recover()}`.")
        body = {name: live[name] for name in ("flow_id", "name", "labels")}
        kept = ("schedule", "active", "slug", "parameters", "max_scheduled_runs")
        body["schedules"] = [{k: s[k] for k in kept} for s in live["schedules"]]
        self.api.call("POST", at("/deployments/"), body | {"parameters": parameters})
        limit_runs(self.api, id_, body["schedules"])


def _live_value(live: Props, name: str) -> Json:
    if name == "concurrency_limit":  # always null in answers: the truth is in the limit behind it
        return (live.get("global_concurrency_limit") or {}).get("limit")
    if name == _SHARED:
        limit = live.get("global_concurrency_limit") or {}
        return limit["id"] if limit and limit["name"] != f"deployment:{live['id']}" else None
    return live.get(name)


def _holds_template(value: Json) -> bool:
    if isinstance(value, Mapping):
        return _TEMPLATE in value or any(map(_holds_template, value.values()))
    return isinstance(value, list) and any(map(_holds_template, value))


def _bad_parameters(parameters: Props, schema: Props) -> Iterator[str]:
    """What the flow would not take; a required parameter may still come with the run."""
    taken = schema.get("properties", {})
    for name in sorted(parameters.keys() - taken.keys()):
        yield f"the flow takes no parameter {name!r}; it takes {', '.join(sorted(taken)) or 'none'}"
    given = {k: v for k, v in parameters.items() if k in taken and not _holds_template(v)}
    for where, wrong in misfits({**schema, "required": []}, given):
        yield f"parameter {where!r}: {wrong}"


def _missing(parameters: Props, schema: Props) -> Iterator[str]:
    """What a run needs that starts with just these parameters, as a scheduled one does."""
    for name in schema.get("required", []):
        if name not in parameters:
            yield (
                f"parameter {name!r} has no value, and the flow no default for it; give it one in "
                "the parameters of the schedule or of the deployment"
            )


@dataclass(frozen=True, kw_only=True)
class _Fields:
    flow_name: pulumi.Input[str]
    name: pulumi.Input[str]
    entrypoint: Declared[str] = UNDECLARED
    path: Declared[str] = UNDECLARED
    version: Declared[str] = UNDECLARED
    description: Declared[str] = UNDECLARED
    tags: Structured[Sequence[str]] = UNDECLARED
    paused: Declared[bool] = UNDECLARED
    work_pool_name: Declared[str] = UNDECLARED
    work_queue_name: Declared[str] = UNDECLARED
    parameters: Structured[Mapping[str, Any]] = UNDECLARED
    parameter_openapi_schema: Structured[Mapping[str, Any]] = UNDECLARED
    enforce_parameter_schema: Declared[bool] = UNDECLARED
    job_variables: Structured[Mapping[str, Any]] = UNDECLARED
    pull_steps: Structured[Sequence[Mapping[str, Any]]] = UNDECLARED
    schedules: Structured[Sequence[Mapping[str, Any]]] = UNDECLARED
    concurrency_limit: Declared[int] = UNDECLARED
    global_concurrency_limit_id: Declared[str] = UNDECLARED
    concurrency_options: Structured[Mapping[str, Any]] = UNDECLARED
    storage_document_id: Declared[str] = UNDECLARED


@dataclass(frozen=True, kw_only=True)
class DeploymentArgs(_Fields):
    """A deployment's fields, as Prefect names them.

    ``entrypoint`` is ``path/to/file.py:function``. ``job_variables`` override the pool's template
    for its runs. ``pull_steps`` are steps of any kind, as in ``prefect.yaml``. ``schedules`` are
    mappings with a ``slug``, one of ``cron``, ``interval`` (seconds) and ``rrule``, and whatever of
    ``timezone``, ``day_or``, ``anchor_date``, ``active``, ``parameters`` and ``max_scheduled_runs``
    is to be managed; schedules with other slugs, made in the UI, are left alone.
    ``paused``, left out, stays what somebody made of it in the UI. ``concurrency_limit`` is how
    many of its runs may go on at once; ``global_concurrency_limit_id``, instead, is a limit shared
    with others, never changed or deleted from here. ``storage_document_id`` is a block's.

    ``triggers`` are what else makes it run, as in ``prefect.yaml``: mappings with a ``name``, an
    automation's trigger, and whatever of ``enabled``, ``parameters``, ``job_variables`` and
    ``schedule_after`` (seconds) its runs have. Each is an ``Automation`` below the deployment.
    """

    triggers: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, kw_only=True)
class _Owned(_Fields):
    """What is kept besides: ``project/stack/resource``, which made the deployment."""

    owner: str


DeploymentProvider.args = _Owned


class Deployment(PrefectResource, module="prefect", name="Deployment"):
    """A deployment. Replaced when ``flow_name`` or ``name`` changes: the new one is made first, and
    is paused if the old one is, which then waits, paused, for its end.
    """

    provider = DeploymentProvider
    name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: DeploymentArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        adopt: bool = False,
    ) -> None:
        if wrong := [*against(Sequence[Mapping[str, Any]], args.triggers, "triggers")]:
            raise PrefectError(f'The deployment of the resource "{name}": {wrong[0]}.')
        owner = f"{pulumi.get_project()}/{pulumi.get_stack()}/{name}"
        told = _Owned(**without(vars(args), ("triggers",)), owner=owner)
        super().__init__(name, told, opts, adopt=adopt)
        schedules.foresee(args.schedules)
        for trigger in args.triggers:
            automation = automation_args(trigger, name, self.id)
            below = pulumi.ResourceOptions(parent=self)
            Automation(f"{name}-{automation.name}", automation, below, adopt=adopt)
