"""Translation: what a flow declares, in the terms of a stack's Prefect deployment."""

import ast
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pulumi

from flows.declarations import FlowDeployment, Schedule

from .config import StackConfig
from .prefect import UNDECLARED, DeploymentArgs, PrefectError, flow_of
from .prefect.deployment import DeploymentProvider

# Where a docstring goes on to its arguments, whose texts the parameter schema has.
_SECTION = re.compile(r"^(?:Args|Arguments|Parameters|Returns|Raises):?\s*$", re.MULTILINE)


class DeclarationError(pulumi.RunError):  # Pulumi shows its text alone, without a traceback
    """Something in ``flows/deployments.py`` cannot be deployed; the text says what and where."""


def deployment_args(
    declarations: Iterable[FlowDeployment],
    config: StackConfig,
    *,
    stack: str,
    directory: str,
    work_pool_name: pulumi.Input[str],
) -> dict[str, DeploymentArgs]:
    """The args of every declared deployment, by ``flow/deployment``.

    ``directory`` is where the flows lie when they run. Nothing is imported of the flows: names,
    descriptions and parameter schemas are read from their source.

    Raises:
        DeclarationError: names every declaration that cannot be deployed, before any resource is.
    """
    found: dict[str, DeploymentArgs] = {}
    problems: list[str] = []
    for declared in declarations:
        try:
            args = _args(declared, config, stack, directory, work_pool_name)
            key = f"{args.flow_name}/{args.name}"
            if key in found:
                raise DeclarationError(f"two deployments are called {key}; give one a name")
            _check(args)
        except DeclarationError as error:
            problems.append(f"flows/deployments.py, {declared.entrypoint}: {error}")
        else:
            found[key] = args
    if problems:
        raise DeclarationError("\n".join(problems))
    return found


def _args(
    declared: FlowDeployment,
    config: StackConfig,
    stack: str,
    directory: str,
    work_pool_name: pulumi.Input[str],
) -> DeploymentArgs:
    flow = _flow(declared.entrypoint)
    active = config.prefect.schedules == "active"
    return DeploymentArgs(
        flow_name=flow["name"],
        name=f"{declared.name}-{stack}" if declared.name else stack,
        entrypoint=declared.entrypoint,
        description=flow["description"],
        work_pool_name=work_pool_name,
        work_queue_name=declared.queue,
        parameters=dict(declared.parameters),
        parameter_openapi_schema=flow["parameter_openapi_schema"],
        enforce_parameter_schema=True,
        job_variables={},
        pull_steps=[{"prefect.deployments.steps.set_working_directory": {"directory": directory}}],
        tags=list(declared.tags),
        schedules=[_schedule(s, active) for s in declared.schedules],
        concurrency_limit=declared.concurrency_limit,
        concurrency_options=(
            None if declared.concurrency_limit is None else {"collision_strategy": "ENQUEUE"}
        ),
    )


def _schedule(schedule: Schedule, active: bool) -> dict[str, Any]:
    told = {
        "slug": schedule.slug,
        "cron": schedule.cron,
        "interval": schedule.interval.total_seconds() if schedule.interval else None,
        "anchor_date": schedule.anchor.isoformat() if schedule.anchor else None,
        "rrule": schedule.rrule,
        "timezone": schedule.timezone,
        "parameters": dict(schedule.parameters),
        "active": active,
    }
    return {name: value for name, value in told.items() if value is not None}


def _flow(entrypoint: str) -> Mapping[str, Any]:
    """The flow's name, description and parameter schema, from its source."""
    path, _, function = entrypoint.partition(":")
    definition = _definition(path, function)
    try:
        told = flow_of(entrypoint)
    except PrefectError as error:
        raise DeclarationError(
            f"{path}:{definition.lineno}: the parameters of {function} cannot be read: {error}"
        ) from error
    docstring = _SECTION.split(ast.get_docstring(definition) or "", maxsplit=1)[0].strip()
    description = told["description"] or docstring
    return {**told, "description": description}


def _definition(path: str, function: str) -> ast.FunctionDef | ast.AsyncFunctionDef:
    if not function or not path.endswith(".py"):
        raise DeclarationError("an entrypoint is written path/to/file.py:function")
    if not Path(path).is_file():
        raise DeclarationError(f"there is no file {path} in {os.getcwd()}")
    try:
        tree = ast.parse(Path(path).read_text(), path)
    except SyntaxError as error:
        raise DeclarationError(f"{path}:{error.lineno}: {error.msg}") from error
    functions = {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    if function not in functions:
        raise DeclarationError(
            f"{path} has no function {function}; it has {', '.join(functions) or 'none'}"
        )
    definition = functions[function]
    decorators = {ast.unparse(d).partition("(")[0] for d in definition.decorator_list}
    if not decorators & {"flow", "prefect.flow"}:
        raise DeclarationError(f"{path}:{definition.lineno}: {function} is no flow; add @flow")
    return definition


def _check(args: DeploymentArgs) -> None:
    """What the provider would refuse, found before anything is registered."""
    plain = {
        name: value
        for name, value in vars(args).items()
        if value is not UNDECLARED and not isinstance(value, pulumi.Output)
    }
    for field, wrong in DeploymentProvider().problems(plain):
        raise DeclarationError(f"{field}: {wrong}")
