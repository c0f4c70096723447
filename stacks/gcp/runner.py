"""The runner: who a flow run is in Google Cloud, and the Cloud Run job that it becomes."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
import pulumi_gcp as gcp

from ..cloud_run import CPU
from ..runner import job_template

WORKER = "prefect_gcp.workers.cloud_run_v2:CloudRunWorkerV2"
# Instead of `prefect flow-run execute`; in the image by images/runner/Dockerfile.
COMMAND = "python3 /opt/runner/execute.py"
BUCKET_ROLES = (
    "roles/storage.objectUser",
    "roles/storage.legacyBucketReader",  # GcsBucket asks for the bucket itself at every use
)
_EGRESS = {"private-ranges": "PRIVATE_RANGES_ONLY", "all-traffic": "ALL_TRAFFIC"}


@dataclass(frozen=True, kw_only=True)
class RunnerArgs:
    """What a run is, and what it may touch: ``secrets``, ``buckets`` and ``datasets`` by name.

    A secret reference is ``{"secret": name, "version": number}``.
    """

    prefix: str
    project: str
    region: str
    # the job
    default_template: Mapping[str, Any]
    image: pulumi.Input[str]
    cpu: str
    memory: str
    timeout: int
    labels: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    env_from_secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    prefect_api_key: Mapping[str, pulumi.Input[str]]
    # the network
    egress: Literal["internet", "private-ranges", "all-traffic"] = "internet"
    network: pulumi.Input[str]
    subnetwork: pulumi.Input[str]
    # the grants
    secrets: Mapping[str, pulumi.Input[str]]
    buckets: Mapping[str, pulumi.Input[str]]
    datasets: Mapping[str, pulumi.Input[str]]


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
            for key, secret in args.secrets.items()
        ]
        for key, bucket in args.buckets.items():
            for role in BUCKET_ROLES:
                short = role.rpartition(".")[2]
                grants.append(
                    gcp.storage.BucketIAMMember(
                        f"{name}-{key}-{short}", bucket=bucket, role=role, member=member, opts=mine
                    )
                )
        for key, dataset in args.datasets.items():
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
                project=args.project,
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
    template = job_template(
        args.default_template,
        {
            # A name that Prefect makes up may start with a digit, which Cloud Run refuses.
            "name": f"{args.prefix}-{{{{ ctx.flow.name }}}}",
            "labels": dict(args.labels),
            "env": dict(args.env),
            "env_from_secrets": {name: dict(ref) for name, ref in args.env_from_secrets.items()},
            "prefect_api_key_secret": dict(args.prefect_api_key),
            "region": args.region,
            "image": args.image,
            "command": COMMAND,
            "cpu": args.cpu,
            "memory": args.memory,
            "timeout": args.timeout,
            "launch_stage": "GA",
            "max_retries": 0,  # Cloud Run would run the same flow run again; Prefect retries
            "service_account_name": email,
        },
    )
    if args.egress != "internet":  # left unset, the worker's own block goes; a half one stays
        template["job_configuration"]["job_body"]["template"]["template"]["vpcAccess"] = {
            "networkInterfaces": [{"network": args.network, "subnetwork": args.subnetwork}],
            "egress": _EGRESS[args.egress],
        }
    return template
