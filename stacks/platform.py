"""Assembly: connects the parts of a stack, decides nothing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias, cast

import pulumi

from prefect_as_code import (
    UNDECLARED,
    Block,
    BlockArgs,
    BlockType,
    BlockTypeArgs,
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
from .places import Lake, Machine, Place
from .sections import Build, CloudRun, Data, Google, Process, Promote, Storage

Told: TypeAlias = Mapping[str, Any]

_GOOGLE_BLOCKS = {  # by the path of the class, the slug of its type
    "prefect_gcp:GcpCredentials": "gcp-credentials",
    "prefect_gcp:GcsBucket": "gcs-bucket",
    "prefect_gcp:BigQueryWarehouse": "bigquery-warehouse",
}


class Platform:
    """All that one stack is made of."""

    def __init__(
        self, config: StackConfig, landing_options: pulumi.Input[dict[str, object]]
    ) -> None:
        stack, place = pulumi.get_stack(), _place(config)
        # Before the first resource, so that a bad declaration changes nothing.
        declared = deployment_args(
            read(),
            config,
            stack=stack,
            directory=place.directory,
            work_pool_name=config.prefect.work_pool,
            overridable=place.overridable,
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
        if site.lake:
            data += _google_blocks(site.lake, stack)
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


def _place(config: StackConfig) -> Place:
    match config:
        case StackConfig(runner=Process(), data=Data() as data):
            return Machine(data)
        case StackConfig(
            runner=CloudRun() as runner,
            google=Google() as google,
            images=(Build() | Promote()) as images,
            storage=Storage() as storage,
        ):
            from .cloud import Cloud  # takes seconds, which a stack of processes can do without

            return Cloud(config, runner, google, images, storage)
        case _:
            raise ValueError("sections are missing: config.load() would have said which")


def _google_blocks(lake: Lake, stack: str) -> list[pulumi.Resource]:
    """Blocks without a key: who loads one acts as whoever runs it."""
    credentials, gcs_bucket, big_query = _GOOGLE_BLOCKS
    types = {
        each: BlockType(f"{slug}-type", BlockTypeArgs.of(each))
        for each, slug in _GOOGLE_BLOCKS.items()
    }
    args = BlockArgs.of(credentials, name=f"google-{stack}", project=lake.project)
    google = Block("google", args, _after(types[credentials]))
    reference = {"$ref": {"block_document_id": google.id}}
    args = BlockArgs.of(big_query, name=f"warehouse-{stack}", gcp_credentials=reference)
    blocks = [Block("warehouse", args, _after(types[big_query]))]
    for what, bucket in lake.buckets.items():
        args = BlockArgs.of(
            gcs_bucket, name=f"{what}-{stack}", bucket=bucket, gcp_credentials=reference
        )
        blocks.append(Block(f"{what}-bucket", args, _after(types[gcs_bucket])))
    return [google, *blocks]


def _formerly(key: str) -> pulumi.ResourceOptions:
    """Until 2026-11 the name of a deployment did not begin with its flow's."""
    flow, _, name = key.partition("/")
    former = f"{flow}/{name.removeprefix(f'{flow}-')}"
    return pulumi.ResourceOptions(aliases=[pulumi.Alias(name=former)])


def _after(*resources: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(depends_on=list(resources))
