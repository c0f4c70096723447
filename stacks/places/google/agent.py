"""The agent: a VM that polls one work pool and starts a Cloud Run job for each flow run."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from ...config import google as config
from ...config.google import Google
from ...config.prefect import Prefect
from .cloud_init import Worker, cloud_config
from .network import Network
from .registry import Registry
from .runner import Runner
from .secrets import Secrets
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
    """Where the agent runs, what it serves, and what it may."""

    prefix: str
    google: Google
    told: config.Agent
    prefect: Prefect
    work_pool_type: str
    image: pulumi.Input[str]
    network: Network
    registry: Registry
    secrets: Secrets
    runner: Runner


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
            region=args.google.region,
            zones=args.google.zones,
            machine_type=args.told.machine_type,
            network=args.network.network_id,
            subnetwork=args.network.subnetwork_id,
            external_ip=args.told.egress == "external-ip",
            email=self.identity.email,
            user_data=_user_data(args),
        )
        make = {"group": group, "single": single}[args.told.availability]
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
                f"{name}-runs-jobs", project=args.google.project, role=role.name, **mine
            ),
            gcp.projects.IAMMember(
                f"{name}-writes-logs",
                project=args.google.project,
                role="roles/logging.logWriter",
                **mine,
            ),
            gcp.serviceaccount.IAMMember(
                f"{name}-acts-as-runner",
                service_account_id=args.runner.identity.name,
                role="roles/iam.serviceAccountUser",
                **mine,
            ),
            gcp.artifactregistry.RepositoryIamMember(
                f"{name}-pulls-images",
                location=args.google.region,
                repository=args.registry.repository,
                role="roles/artifactregistry.reader",
                **mine,
            ),
            gcp.secretmanager.SecretIamMember(
                f"{name}-reads-prefect-api-key",
                secret_id=args.secrets.prefect_api_key.secret_id,
                role="roles/secretmanager.secretAccessor",
                **mine,
            ),
        ]


def _user_data(args: AgentArgs) -> pulumi.Output[str]:
    def render(told: dict[str, str]) -> str:
        return cloud_config(
            Worker(
                image=told["image"],
                registry=args.registry.host,
                api_url=args.prefect.api_url or "",  # load() has seen that it is there
                api_key_secret=told["api_key_version"],
                work_pool=args.prefect.work_pool,
                work_pool_type=args.work_pool_type,
                concurrency_limit=args.told.concurrency_limit,
                headers=args.prefect.headers,
            )
        )

    told = pulumi.Output.all(
        image=args.image, api_key_version=args.secrets.prefect_api_key_version.name
    )
    return told.apply(render)
