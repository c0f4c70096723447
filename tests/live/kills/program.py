"""The program that gets killed: what it declares stands in ``world.json`` beside it."""

import json
from pathlib import Path

import pulumi

from prefect_as_code import (
    Automation,
    AutomationArgs,
    Block,
    BlockArgs,
    Deployment,
    DeploymentArgs,
    GlobalConcurrencyLimit,
    GlobalConcurrencyLimitArgs,
    Variable,
    VariableArgs,
    WorkPool,
    WorkPoolArgs,
    WorkQueue,
    WorkQueueArgs,
)

world = json.loads(Path("world.json").read_text())
pool = WorkPool("pool", WorkPoolArgs(name=world["pool"], type="process", description="killed"))
inside = [pool]
for name, value in world["queues"].items():
    args = WorkQueueArgs(work_pool_name=pool.name, name=name, concurrency_limit=value)
    inside.append(WorkQueue(name, args))
for name, value in world["variables"].items():
    Variable(name, VariableArgs(name=name, value=value))
for name, value in world["block_documents"].items():
    told = {"value": f"secret {value}"}
    Block(name, BlockArgs(type_slug="secret", name=name, secret_data=told))
for name, value in world["concurrency_limits"].items():
    GlobalConcurrencyLimit(name, GlobalConcurrencyLimitArgs(name=name, limit=value))
for name, value in world["automations"].items():
    trigger = {"type": "event", "posture": "Reactive", "expect": ["a"], "threshold": value}
    actions = [{"type": "do-nothing"}]
    Automation(name, AutomationArgs(name=name, trigger=trigger, actions=actions))
for name, value in world["deployments"].items():
    schedules = [{"slug": f"s{n}", "cron": f"{value} {n} * * *"} for n in range(value % 3)]
    args = DeploymentArgs(
        flow_name=world["pool"],
        name=f"{name}-{value % 2}",  # renamed now and then, and so replaced
        entrypoint="a.py:f",
        work_pool_name=pool.name,
        tags=[str(value)],
        schedules=schedules,
        concurrency_limit=value,
    )
    Deployment(name, args, pulumi.ResourceOptions(depends_on=inside))
