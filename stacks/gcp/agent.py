"""The agent: a VM that polls one work pool and starts a Cloud Run job for each flow run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
import pulumi_gcp as gcp

from .cloud_init import Worker, cloud_config
from .vm import VmArgs, group, single

# The calls that the worker was seen to make for a run, and no other.
PERMISSIONS = (
    "run.executions.delete",
    "run.executions.get",
    "run.executions.list",
    "run.jobs.create",
    "run.jobs.delete",
    "run.jobs.get",
    "run.jobs.run",
)


@dataclass(frozen=True, kw_only=True)
class AgentArgs:
    """Where the agent runs, what it serves, and what it may.

    ``group``: a managed group of one; ``single``: a plain VM, in the first zone.
    """

    prefix: str
    project: str
    region: str
    zones: Sequence[str]
    availability: Literal["group", "single"] = "group"
    machine_type: str = "e2-small"
    # the network
    network: pulumi.Input[str]
    subnetwork: pulumi.Input[str]
    external_ip: bool = False
    # the image
    image: pulumi.Input[str]
    registry: str
    repository: pulumi.Input[str]
    # Prefect
    api_url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    work_pool: str
    work_pool_type: str
    concurrency_limit: int = 100
    # the grants
    api_key: pulumi.Input[str]
    api_key_version: pulumi.Input[str]
    runner: pulumi.Input[str]


class Agent(pulumi.ComponentResource):
    """The VM, its identity and its grants. A new image or key makes a new VM.

    ``identity`` is its service account.
    """

    def __init__(
        self, name: str, args: AgentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("dataflows:gcp:Agent", name, None, opts)
        self.identity = gcp.serviceaccount.Account(
            f"{name}-identity",
            account_id=f"{args.prefix}-{name}",
            display_name="Prefect agent",
            opts=pulumi.ResourceOptions(parent=self),
        )
        grants = self._grants(name, args)
        vm = VmArgs(
            prefix=f"{args.prefix}-{name}",
            region=args.region,
            zones=args.zones,
            machine_type=args.machine_type,
            network=args.network,
            subnetwork=args.subnetwork,
            external_ip=args.external_ip,
            email=self.identity.email,
            user_data=_user_data(args),
        )
        make = {"group": group, "single": single}[args.availability]
        # It cannot fetch its image or its key before it may.
        make(name, vm, pulumi.ResourceOptions(parent=self, depends_on=grants))
        self.register_outputs({"email": self.identity.email})

    def _grants(self, name: str, args: AgentArgs) -> list[pulumi.Resource]:
        mine: dict[str, Any] = {
            "member": self.identity.member,
            "opts": pulumi.ResourceOptions(parent=self),
        }
        role = gcp.projects.IAMCustomRole(
            f"{name}-role",
            role_id=f"{args.prefix}_{name}".replace("-", "_"),
            title="Prefect agent",
            description="What the Prefect worker does with Cloud Run, and nothing else",
            permissions=list(PERMISSIONS),
            opts=mine["opts"],
        )
        return [
            gcp.projects.IAMMember(
                f"{name}-runs-jobs", project=args.project, role=role.name, **mine
            ),
            gcp.projects.IAMMember(
                f"{name}-writes-logs", project=args.project, role="roles/logging.logWriter", **mine
            ),
            gcp.serviceaccount.IAMMember(
                f"{name}-acts-as-runner",
                service_account_id=args.runner,
                role="roles/iam.serviceAccountUser",
                **mine,
            ),
            gcp.artifactregistry.RepositoryIamMember(
                f"{name}-pulls-images",
                location=args.region,
                repository=args.repository,
                role="roles/artifactregistry.reader",
                **mine,
            ),
            gcp.secretmanager.SecretIamMember(
                f"{name}-reads-prefect-api-key",
                secret_id=args.api_key,
                role="roles/secretmanager.secretAccessor",
                **mine,
            ),
        ]


def _user_data(args: AgentArgs) -> pulumi.Output[str]:
    def render(told: dict[str, str]) -> str:
        return cloud_config(
            Worker(
                image=told["image"],
                registry=args.registry,
                api_url=args.api_url,
                api_key_secret=told["api_key_version"],
                work_pool=args.work_pool,
                work_pool_type=args.work_pool_type,
                concurrency_limit=args.concurrency_limit,
                headers=args.headers,
            )
        )

    told = pulumi.Output.all(image=args.image, api_key_version=args.api_key_version)
    return told.apply(render)
