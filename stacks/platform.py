"""Assembly: connects the parts of a stack, decides nothing."""

import os

import pulumi
from prefect.workers.process import ProcessWorker

from flows.deployments import DEPLOYMENTS

from .config import StackConfig
from .deployments import deployment_args
from .prefect import (
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
from .runner import job_template


class Platform:
    """All that one stack is made of."""

    def __init__(
        self, config: StackConfig, landing_options: pulumi.Input[dict[str, object]]
    ) -> None:
        stack, here = pulumi.get_stack(), os.getcwd()
        # Before the first resource, so that a bad declaration changes nothing.
        declared = deployment_args(
            DEPLOYMENTS,
            config,
            stack=stack,
            directory=here,
            work_pool_name=config.prefect.work_pool,
        )
        self.pool = WorkPool(
            "pool",
            WorkPoolArgs(
                name=config.prefect.work_pool,
                type=ProcessWorker.type,
                description=f"Runs of the stack {stack}",
                base_job_template=job_template(
                    ProcessWorker.get_default_base_job_template(),
                    {"env": {"DATAFLOWS_STACK": stack}, "working_dir": here},
                ),
                concurrency_limit=config.prefect.concurrency_limit,
            ),
        )
        inside: list[pulumi.Resource] = [self.pool]
        for rank, queue in enumerate(config.prefect.queues, start=1):
            args = WorkQueueArgs(work_pool_name=self.pool.name, name=queue, priority=rank)
            # One after the other: a new queue moves those that stand lower.
            inside.append(WorkQueue(f"queue-{queue}", args, _after(inside[-1])))
        data = [
            Variable(
                f"{what}-variable",
                VariableArgs(name=f"{what}-{stack}", value=_absolute(url, here), tags=[]),
            )
            for what, url in (
                ("landing", config.data.landing),
                ("warehouse", config.data.warehouse),
            )
        ]
        options = Block(
            "landing-options",
            BlockArgs(
                type_slug="secret",
                name=f"landing-options-{stack}",
                secret_data={"value": landing_options},
            ),
        )
        self.deployments = [
            Deployment(key, args, _after(*inside, *data, options)) for key, args in declared.items()
        ]

    def export(self) -> None:
        """What the stack tells its users and its tools."""
        pulumi.export("work_pool", self.pool.name)
        pulumi.export("deployments", {d._name: d.id for d in self.deployments})


def _after(*resources: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(depends_on=list(resources))


def _absolute(url: str, root: str) -> str:
    """A URL whose path starts at the repository (``file://./x``), as one that starts at ``/``."""
    scheme, _, path = url.partition("://")
    return f"{scheme}://{root}{path[1:]}" if path.startswith("./") else url
