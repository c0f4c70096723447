"""Translation: what a flow declares, in the terms of a stack's Prefect deployment."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pulumi

from flows.declarations import FlowDeployment, Schedule, complaints, gathered, who
from flows.declarations.checking import faults, place, sound
from prefect_as_code import UNDECLARED, DeploymentArgs, PrefectError, flow_of
from prefect_as_code.deployment import DeploymentProvider

from .config import StackConfig
from .config.cloud_run import cpu_problem, memory_problem, pair_problem
from .config.complaints import closest
from .config.google import CloudRun
from .declared import DeclarationError

Sized: TypeAlias = Callable[[str | None, str | None], Mapping[str, Any]]

# Where a docstring goes on to its arguments, whose texts the parameter schema has.
_SECTION = re.compile(r"^(?:Args|Arguments|Parameters|Returns|Raises):?\s*$", re.MULTILINE)


def deployment_args(
    deployments: object,
    config: StackConfig,
    *,
    stack: str,
    directory: str,
    work_pool_name: pulumi.Input[str],
    sized: Sized = lambda cpu, memory: {},
) -> dict[str, DeploymentArgs]:
    """The args of every declared deployment, by ``flow/deployment``.

    ``deployments`` is ``DEPLOYMENTS``, whatever it holds; ``directory`` is where the flows lie when
    they run, ``sized`` the variables of jobs there with so many CPUs and so much memory. Names,
    descriptions and parameter schemas are read from the flows' source; what is ``importable`` is
    imported.

    Raises:
        DeclarationError: names all that is wrong in all of them, before any resource is.
    """
    declared, problems = gathered(deployments)
    found: dict[str, DeploymentArgs] = {}
    at: dict[str, str] = {}
    for each in declared:
        problems += complaints(each)
        readable = sound(each)
        flow: Mapping[str, Any] = {}
        if readable.entrypoint:
            try:
                flow = _flow(readable)
            except DeclarationError as error:
                problems.append(f"{who(each)}: {error}")
        args = _args(readable, flow, config, stack, directory, work_pool_name, sized)
        problems += _misfits(each, args, config, stack)
        if not flow or "name" in _wrong(each):
            continue
        key = f"{args.flow_name}/{args.name}"
        if key in found:
            problems.append(f"{who(each)}: {key} is declared at {at[key]} too; give one a name")
        found[key], at[key] = args, place(each)
    if problems:
        raise DeclarationError("\n".join(dict.fromkeys(problems)))
    return found


def _args(
    declared: FlowDeployment,
    flow: Mapping[str, Any],
    config: StackConfig,
    stack: str,
    directory: str,
    work_pool_name: pulumi.Input[str],
    sized: Sized,
) -> DeploymentArgs:
    active = config.prefect.schedules == "active"
    wrong = any(_bad_size(declared, config))
    own = {} if wrong else dict(sized(declared.cpu, declared.memory))
    flow_name = flow.get("name", "")
    return DeploymentArgs(
        flow_name=flow_name,
        # The title of its line and page in the UI, where that of its flow is small or not at all.
        name="-".join(filter(None, (flow_name, declared.name, stack))),
        entrypoint=declared.entrypoint,
        description=flow.get("description"),
        work_pool_name=work_pool_name,
        work_queue_name=declared.queue,
        parameters=dict(declared.parameters),
        parameter_openapi_schema=flow.get("parameter_openapi_schema"),
        enforce_parameter_schema=True,
        job_variables=own,
        pull_steps=[{"prefect.deployments.steps.set_working_directory": {"directory": directory}}],
        tags=list(declared.tags),
        schedules=[_schedule(sound(s), active) for s in declared.schedules],
        concurrency_limit=declared.concurrency_limit,
        concurrency_options=(
            None if declared.concurrency_limit is None else {"collision_strategy": "ENQUEUE"}
        ),
    )


def _schedule(schedule: Schedule, active: bool) -> dict[str, Any]:
    anchor = schedule.anchor
    if anchor and anchor.tzinfo is None:
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):  # said by the provider's check
            anchor = anchor.replace(tzinfo=ZoneInfo(schedule.timezone))
    told = {
        "slug": schedule.slug,
        "cron": schedule.cron,
        "interval": None if schedule.interval is None else schedule.interval.total_seconds(),
        "anchor_date": anchor.isoformat() if anchor else None,
        "rrule": schedule.rrule,
        "timezone": schedule.timezone,
        "parameters": dict(schedule.parameters),
        "active": active,
    }
    return {name: value for name, value in told.items() if value is not None}


def _misfits(
    declared: FlowDeployment, args: DeploymentArgs, config: StackConfig, stack: str
) -> Iterator[str]:
    """What Prefect, Cloud Run or this stack would not take of a declaration, in words."""
    plain = {
        name: value
        for name, value in vars(args).items()
        if value is not UNDECLARED and not isinstance(value, pulumi.Output)
    }
    if not args.flow_name:  # its source cannot be read, which is said already
        del plain["flow_name"]
    told = plain.pop("schedules")
    provider, readable = DeploymentProvider(), sound(declared)
    for field, wrong in provider.problems(plain):
        yield f"{who(declared)}: {field}: {wrong}"
    if readable.queue not in (queues := ["default", *config.prefect.queues]):
        yield (
            f"{who(declared)}: queue: the stack {stack} has no queue {readable.queue!r}"
            f"{closest(readable.queue, queues)}; write one of {', '.join(queues)}, or add it to "
            f"prefect.queues in Pulumi.{stack}.yaml"
        )
    for wrong in _bad_size(readable, config):
        yield f"{who(declared)}: {wrong}"
    slugs: dict[str, Schedule] = {}
    for schedule, fields in zip(readable.schedules, told, strict=True):
        slug = fields["slug"]
        if "slug" not in _wrong(schedule) and slugs.setdefault(slug, schedule) is not schedule:
            yield (
                f"{who(declared, schedule)}: {place(slugs[slug])} has this slug too; give each its "
                'own, as in slug="daily"'
            )
        if "" in _wrong(schedule) or len({"cron", "interval", "rrule"} & fields.keys()) != 1:
            # Said already. At any time its parameters can be checked.
            fields = {"slug": slug, "cron": "0 0 * * *", "parameters": fields["parameters"]}
        schema = plain["parameter_openapi_schema"]
        if "parameters" in _wrong(declared) | _wrong(schedule):
            schema = None
        asked = {**plain, "parameter_openapi_schema": schema, "schedules": [fields]}
        for field, wrong in provider.problems(asked):
            if field == "schedules":
                text = wrong.removeprefix(f"schedule {slug!r}: ")
                yield f"{who(declared, schedule)}: {text}"


def _wrong(declared: object) -> set[str]:
    """The fields that are wrong by themselves; "" is what they are together."""
    return {path.partition(".")[0] for path, _ in faults(declared)}


def _bad_size(declared: FlowDeployment, config: StackConfig) -> Iterator[str]:
    """What Cloud Run would refuse; also where runs are elsewhere, as other stacks are there."""
    cpu, memory = declared.cpu, declared.memory
    wrong_cpu = None if cpu is None else cpu_problem(cpu)
    wrong_memory = None if memory is None else memory_problem(memory)
    yield from (f"cpu: {wrong}" for wrong in [wrong_cpu] if wrong)
    yield from (f"memory: {wrong}" for wrong in [wrong_memory] if wrong)
    if wrong_cpu or wrong_memory or cpu is memory is None:
        return
    stack = config.runner if isinstance(config.runner, CloudRun) else CloudRun(kind="cloud-run")
    if wrong := pair_problem(cpu or stack.cpu, memory or stack.memory):
        own = "" if cpu and memory else f" ({'memory' if cpu else 'cpu'} is the stack's own)"
        yield f"memory: {wrong}{own}"


def _flow(declared: FlowDeployment) -> Mapping[str, Any]:
    """The flow's name, description and parameter schema, from its source."""
    by_hand = declared.parameter_schema
    try:
        told = flow_of(
            declared.entrypoint, importable=declared.importable, parameters=by_hand is None
        )
    except PrefectError as error:
        raise DeclarationError(str(error)) from error
    description = told["description"] or ""
    if description == told["docstring"]:
        description = _SECTION.split(description, maxsplit=1)[0].strip()
    schema = told["parameter_openapi_schema"] if by_hand is None else dict(by_hand)
    return {**told, "description": description, "parameter_openapi_schema": schema}
