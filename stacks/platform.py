"""Assembly: connects the parts of a stack, decides nothing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias, cast

import pulumi

from prefect_as_code import (
    UNDECLARED,
    Block,
    BlockArgs,
    Deployment,
    Variable,
    VariableArgs,
    WorkPool,
    WorkPoolArgs,
    WorkQueue,
    WorkQueueArgs,
)

from .config import StackConfig
from .declared import read
from .deployments import deployment_args
from .places import place_of

Told: TypeAlias = Mapping[str, Any]


class Platform:
    """All that one stack is made of."""

    def __init__(
        self, config: StackConfig, landing_options: pulumi.Input[dict[str, object]]
    ) -> None:
        stack, place = pulumi.get_stack(), place_of(config)
        # Before the first resource, so that a bad declaration changes nothing.
        declared = deployment_args(
            read(),
            config,
            stack=stack,
            directory=place.directory,
            work_pool_name=config.prefect.work_pool,
            sized=place.sized,
        )
        site = place.build()
        self.outputs = site.outputs
        self.pool = WorkPool(
            "pool",
            WorkPoolArgs(
                name=config.prefect.work_pool,
                type=place.worker,
                description=f"Runs of the stack {stack}",
                base_job_template=site.job_template,
                concurrency_limit=config.prefect.concurrency_limit,
            ),
        )
        inside: list[pulumi.Resource] = [self.pool]
        for rank, queue in enumerate(config.prefect.queues, start=1):
            args = WorkQueueArgs(work_pool_name=self.pool.name, name=queue, priority=rank)
            # One after the other: a new queue moves those that stand lower.
            inside.append(WorkQueue(f"queue-{queue}", args, _after(inside[-1])))
        data: list[pulumi.Resource] = [
            Variable(f"{what}-variable", VariableArgs(name=f"{what}-{stack}", value=url, tags=[]))
            for what, url in (("landing", site.landing), ("warehouse", site.warehouse))
        ]
        data.append(
            Block(
                "landing-options",
                BlockArgs(
                    type_slug="secret",
                    name=f"landing-options-{stack}",
                    secret_data={"value": landing_options},
                ),
            )
        )
        self.deployments = [
            Deployment(
                key,
                replace(
                    args,
                    job_variables={**site.job_variables, **cast(Told, args.job_variables)},
                    version=UNDECLARED if site.version is None else site.version,
                ),
                pulumi.ResourceOptions.merge(_after(*inside, *data, *site.needs), _formerly(key)),
            )
            for key, args in declared.items()
        ]

    def export(self) -> None:
        """What the stack tells its users and its tools."""
        pulumi.export("work_pool", self.pool.name)
        pulumi.export("deployments", {d._name: d.id for d in self.deployments})
        for name, value in self.outputs.items():
            pulumi.export(name, value)


def _formerly(key: str) -> pulumi.ResourceOptions:
    """Until 2026-11 the name of a deployment did not begin with its flow's."""
    flow, _, name = key.partition("/")
    former = f"{flow}/{name.removeprefix(f'{flow}-')}"
    return pulumi.ResourceOptions(aliases=[pulumi.Alias(name=former)])


def _after(*resources: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(depends_on=list(resources))
