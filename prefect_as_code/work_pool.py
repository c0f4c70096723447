"""A work pool: where deployments wait for workers, and the template of the jobs they become."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pulumi

from .declared import UNDECLARED, Props, without
from .errors import PrefectError
from .job_variables import check_job_variables
from .json_schema import misfits
from .names import work_pool_name
from .paths import at
from .provider import Declared, PrefectProvider, PrefectResource, Problem, Structured
from .remembered import worker_of
from .shapes import against
from .users import named


class WorkPoolProvider(PrefectProvider):
    """Import id: the pool's name."""

    kind = "work pool"
    identity = ("name", "type")
    natural = ("name",)

    def id_of(self, live: Props) -> str:
        return str(live["name"])  # the API addresses pools by name

    def problems(self, fields: Props) -> Iterator[Problem]:
        if "name" in fields and (wrong := work_pool_name(fields["name"])):
            yield "name", wrong
        if "base_job_template" in fields:
            for wrong in _bad_template(fields["base_job_template"]):
                yield "base_job_template", wrong

    def find(self, id_: str, fields: Props) -> Props | None:
        live: Props | None = self.api.call("GET", at("/work_pools/{}", id_))
        return live

    def lookup(self, fields: Props) -> Props | None:
        return self.find(fields["name"], fields)

    def make(self, fields: Props) -> Props:
        made: Props = self.api.create(at("/work_pools/"), fields, lambda: self.lookup(fields))
        return made

    def change(self, id_: str, olds: Props, news: Props, changed: Props) -> None:
        self.api.call("PATCH", at("/work_pools/{}", id_), without(changed, self.identity))

    def seen(self, live: Props, fields: Props) -> Props:
        seen = super().seen(live, fields)
        if fields.get("base_job_template") == {}:
            seen["base_job_template"] = {}  # the first worker that connects fills it
        return seen

    def remove(self, id_: str, fields: Props) -> None:
        # Prefect would delete the pool under its deployments, and their runs would go nowhere.
        inside = {"work_pools": {"name": {"any_": [id_]}}}
        left = [d["name"] for d in self.api.pages(at("/deployments/filter"), inside)]
        if left:
            raise PrefectError(
                f'The work pool "{id_}" still holds deployments: {named(left)}. '
                "Move or delete them first; a pool of another type takes them over under another "
                "name."
            )
        self.api.call("DELETE", at("/work_pools/{}", id_))


def _bad_template(template: Any) -> Iterator[str]:
    if template is None:
        yield "cannot be cleared: Prefect answers 500; declare {} or leave it out"
        return
    if not template:
        return
    if missing := {"job_configuration", "variables"} - template.keys():
        yield f"needs the keys job_configuration and variables; it lacks {sorted(missing)}"
        return
    if misshapen := [*_misshapen(template)]:
        yield from misshapen
        return
    properties = template["variables"].get("properties", {})
    used = set(_PLACEHOLDER.findall(json.dumps(template["job_configuration"])))
    if unknown := sorted(name for name in used if name not in properties):
        yield f"uses {unknown}, which are none of its variables: {sorted(properties)}"
    for name, variable in properties.items():
        if variable.get("default") is not None:
            schema = {**variable, "definitions": template["variables"].get("definitions", {})}
            for _, wrong in misfits(schema, variable["default"]):
                yield f"the default of {name}: {wrong}"


def _misshapen(template: Any) -> Iterator[str]:
    yield from against(Mapping[str, Any], template["variables"], "variables")
    if isinstance(template["variables"], Mapping):
        properties = template["variables"].get("properties", {})
        yield from against(Mapping[str, Mapping[str, Any]], properties, "variables.properties")


# `{{ name }}` is a variable; `{{ ctx.… }}` and `{{ prefect.… }}` are filled in by the worker.
_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


@dataclass(frozen=True, kw_only=True)
class WorkPoolArgs:
    """``type`` is the worker's: ``process``, ``cloud-run-v2``, …

    ``base_job_template``: ``{"job_configuration": …, "variables": …}``; an empty one is filled by
    the first worker that connects, with its own default. ``concurrency_limit``: runs at once.
    ``WorkPoolArgs.of("prefect.workers.process:ProcessWorker", name="etl", defaults={"env": …})``
    takes type and template from the worker, with other defaults for the template's variables.
    """

    name: pulumi.Input[str]
    type: pulumi.Input[str]
    description: Declared[str] = UNDECLARED
    base_job_template: Structured[Mapping[str, Any]] = UNDECLARED
    concurrency_limit: Declared[int] = UNDECLARED
    is_paused: Declared[bool] = UNDECLARED

    @classmethod
    def of(
        cls,
        worker: str,
        *,
        name: pulumi.Input[str],
        defaults: Mapping[str, Any] = MappingProxyType({}),
        **values: Any,
    ) -> "WorkPoolArgs":
        """The pool ``name`` of a worker class, ``module:Class``, as the packages at hand have it.

        ``defaults``: by the name of a variable of the worker's template. ``values``: other fields.

        Raises:
            PrefectError: there is no such class, or its template does not take these defaults.
        """
        told = worker_of(worker)
        template = told["base_job_template"]
        check_job_variables(template, defaults)
        for variable, value in defaults.items():
            template["variables"]["properties"][variable]["default"] = value
        return cls(name=name, type=told["type"], base_job_template=template, **values)


WorkPoolProvider.args = WorkPoolArgs


class WorkPool(PrefectResource, module="prefect", name="WorkPool"):
    """A work pool. Replaced when ``name`` or ``type`` changes."""

    provider = WorkPoolProvider
    name: pulumi.Output[str]
