"""The services of Google Cloud that a stack uses, enabled; all else depends on them."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from ...config.images import Build, Promote

SERVICES = (
    "artifactregistry",
    "bigquery",
    "cloudresourcemanager",
    "compute",
    "iam",
    "iamcredentials",
    "logging",
    "run",
    "secretmanager",
    "serviceusage",
    "storage",
    "sts",
)


@dataclass(frozen=True, kw_only=True)
class ServicesArgs:
    images: Build | Promote


class Services(pulumi.ComponentResource):
    """Enabled services. They stay enabled when the stack goes: others may use them."""

    def __init__(
        self, name: str, args: ServicesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("dataflows:gcp:Services", name, None, opts)
        for service in (*SERVICES, *(["containerscanning"] if args.images.scanning else [])):
            gcp.projects.Service(
                f"{name}-{service}",
                service=f"{service}.googleapis.com",
                disable_on_destroy=False,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
