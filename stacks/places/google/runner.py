"""The runner: who a flow run is in Google Cloud, and the Cloud Run job that it becomes."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from ...config.cloud_run import CPU
from ...config.google import CloudRun, Google
from ...images import EXECUTE
from ..template import job_template
from .network import Network
from .secrets import Secrets
from .storage import Storage

WORKER = "prefect_gcp.workers.cloud_run_v2:CloudRunWorkerV2"
BUCKET_ROLES = (
    "roles/storage.objectUser",
    "roles/storage.legacyBucketReader",  # GcsBucket asks for the bucket itself at every use
)
_EGRESS = {"private-ranges": "PRIVATE_RANGES_ONLY", "all-traffic": "ALL_TRAFFIC"}


@dataclass(frozen=True, kw_only=True)
class RunnerArgs:
    """What a run is, and what it may touch."""

    prefix: str
    google: Google
    told: CloudRun
    default_template: Mapping[str, Any]
    image: pulumi.Input[str]
    network: Network
    secrets: Secrets
    storage: Storage

    @property
    def readable(self) -> dict[str, pulumi.Input[str]]:
        """By a name for the grant, the secrets that a run reads."""
        named = {ref.secret for ref in self.told.env_from_secrets.values()}
        theirs = {name: self.secrets.made.get(name, name) for name in sorted(named)}
        return {"prefect-api-key": self.secrets.prefect_api_key.secret_id, **theirs}


class Runner(pulumi.ComponentResource):
    """The identity of flow runs, and ``job_template``, the work pool's base job template."""

    def __init__(
        self, name: str, args: RunnerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("dataflows:gcp:Runner", name, None, opts)
        self.identity = gcp.serviceaccount.Account(
            f"{name}-identity",
            account_id=f"{args.prefix}-{name}",
            display_name="Flow runs",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.grants = self._grants(name, args)
        self.job_template = _job_template(args, self.identity.email)
        self.register_outputs({"email": self.identity.email})

    def _grants(self, name: str, args: RunnerArgs) -> list[pulumi.Resource]:
        mine, member = pulumi.ResourceOptions(parent=self), self.identity.member
        grants: list[pulumi.Resource] = [
            gcp.secretmanager.SecretIamMember(
                f"{name}-reads-{key}",
                secret_id=secret,
                role="roles/secretmanager.secretAccessor",
                member=member,
                opts=mine,
            )
            for key, secret in args.readable.items()
        ]
        for key, bucket in args.storage.buckets.items():
            for role in BUCKET_ROLES:
                short = role.rpartition(".")[2]
                grants.append(
                    gcp.storage.BucketIAMMember(
                        f"{name}-{key}-{short}", bucket=bucket, role=role, member=member, opts=mine
                    )
                )
        for key, dataset in args.storage.datasets.items():
            grants.append(
                gcp.bigquery.DatasetIamMember(
                    f"{name}-{key}-editor",
                    dataset_id=dataset,
                    role="roles/bigquery.dataEditor",
                    member=member,
                    opts=mine,
                )
            )
        grants.append(
            gcp.projects.IAMMember(
                f"{name}-bigquery-jobs",
                project=args.google.project,
                role="roles/bigquery.jobUser",
                member=member,
                opts=mine,
            )
        )
        return grants


def default_job_template(packaged: Mapping[str, Any]) -> dict[str, Any]:
    """The packaged worker's own, which would take any text for a number of CPUs."""
    template = copy.deepcopy(dict(packaged))
    template["variables"]["properties"]["cpu"]["pattern"] = CPU
    return template


def _job_template(args: RunnerArgs, email: pulumi.Input[str]) -> dict[str, Any]:
    told, key = args.told, args.secrets
    template = job_template(
        args.default_template,
        {
            # A name that Prefect makes up may start with a digit, which Cloud Run refuses.
            "name": f"{args.prefix}-{{{{ ctx.flow.name }}}}",
            "labels": args.google.labels,
            "env": told.env,
            "env_from_secrets": {k: ref.model_dump() for k, ref in told.env_from_secrets.items()},
            "prefect_api_key_secret": {
                "secret": key.prefect_api_key.secret_id,
                "version": key.prefect_api_key_version.version,
            },
            "region": args.google.region,
            "image": args.image,
            "command": EXECUTE,
            "cpu": told.cpu,
            "memory": told.memory,
            "timeout": told.timeout,
            "launch_stage": "GA",
            "max_retries": 0,  # Cloud Run would run the same flow run again; Prefect retries
            "service_account_name": email,
        },
    )
    if told.egress != "internet":  # left unset, the worker's own block goes; a half one stays
        template["job_configuration"]["job_body"]["template"]["template"]["vpcAccess"] = {
            "networkInterfaces": [
                {"network": args.network.network_id, "subnetwork": args.network.subnetwork_id}
            ],
            "egress": _EGRESS[told.egress],
        }
    return template
