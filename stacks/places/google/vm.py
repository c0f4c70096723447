"""A VM on Container-Optimized OS, by itself or in a managed group of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_gcp import compute

from .cloud_init import PORT

OS_IMAGE = "projects/cos-cloud/global/images/family/cos-stable"
DISK_GB, DISK_TYPE = 20, "pd-balanced"
HEALTH_CHECKERS = ("35.191.0.0/16", "130.211.0.0/22")  # Google's own
SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)  # its roles say what it may


@dataclass(frozen=True, kw_only=True)
class VmArgs:
    """``user_data`` is cloud-init's; ``email`` the VM's service account."""

    prefix: str
    region: str
    zones: Sequence[str]
    machine_type: str
    network: pulumi.Input[str]
    subnetwork: pulumi.Input[str]
    external_ip: bool
    email: pulumi.Input[str]
    user_data: pulumi.Input[str]

    @property
    def metadata(self) -> Mapping[str, pulumi.Input[str]]:
        return {
            "user-data": self.user_data,
            "enable-oslogin": "TRUE",
            "block-project-ssh-keys": "TRUE",
        }


def single(name: str, args: VmArgs, opts: pulumi.ResourceOptions) -> None:
    """One VM, in the first zone. Cloud-init speaks at boot only: other metadata, another VM."""
    access = [compute.InstanceNetworkInterfaceAccessConfigArgs()] if args.external_ip else []
    compute.Instance(
        f"{name}-vm",
        zone=args.zones[0],
        machine_type=args.machine_type,
        boot_disk=compute.InstanceBootDiskArgs(
            auto_delete=True,
            initialize_params=compute.InstanceBootDiskInitializeParamsArgs(
                image=OS_IMAGE, size=DISK_GB, type=DISK_TYPE
            ),
        ),
        network_interfaces=[
            compute.InstanceNetworkInterfaceArgs(subnetwork=args.subnetwork, access_configs=access)
        ],
        service_account=compute.InstanceServiceAccountArgs(email=args.email, scopes=list(SCOPES)),
        shielded_instance_config=compute.InstanceShieldedInstanceConfigArgs(
            enable_secure_boot=True, enable_vtpm=True, enable_integrity_monitoring=True
        ),
        metadata=args.metadata,
        allow_stopping_for_update=True,
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(replace_on_changes=["metadata"])
        ),
    )


def group(name: str, args: VmArgs, opts: pulumi.ResourceOptions) -> None:
    """A group of one: it makes its VM anew when that does not answer, and a new one first."""
    health = compute.HealthCheck(
        f"{name}-health",
        check_interval_sec=30,
        timeout_sec=10,
        healthy_threshold=1,
        # The page itself turns bad after 5 minutes without a poll. Patience beyond that, as each
        # new VM leaves the runs unwatched that its predecessor has started.
        unhealthy_threshold=10,
        http_health_check=compute.HealthCheckHttpHealthCheckArgs(port=PORT, request_path="/health"),
        log_config=compute.HealthCheckLogConfigArgs(enable=True),
        opts=opts,
    )
    compute.Firewall(
        f"{name}-health-check",
        network=args.network,
        direction="INGRESS",
        source_ranges=list(HEALTH_CHECKERS),
        target_service_accounts=[args.email],
        allows=[compute.FirewallAllowArgs(protocol="tcp", ports=[str(PORT)])],
        opts=opts,
    )
    template = _template(name, args, opts)
    compute.RegionInstanceGroupManager(
        f"{name}-group",
        region=args.region,
        base_instance_name=args.prefix,
        target_size=1,
        versions=[
            compute.RegionInstanceGroupManagerVersionArgs(instance_template=template.self_link)
        ],
        distribution_policy_zones=list(args.zones),
        distribution_policy_target_shape="ANY",
        auto_healing_policies=compute.RegionInstanceGroupManagerAutoHealingPoliciesArgs(
            health_check=health.id, initial_delay_sec=300
        ),
        update_policy=compute.RegionInstanceGroupManagerUpdatePolicyArgs(
            type="PROACTIVE",
            minimal_action="REPLACE",
            replacement_method="SUBSTITUTE",
            instance_redistribution_type="NONE",
            max_surge_fixed=len(args.zones),  # by zone: fewer is refused
            max_unavailable_fixed=0,
        ),
        wait_for_instances=True,
        wait_for_instances_status="UPDATED",
        opts=opts,
    )


def _template(
    name: str, args: VmArgs, opts: pulumi.ResourceOptions
) -> compute.RegionInstanceTemplate:
    access = compute.RegionInstanceTemplateNetworkInterfaceAccessConfigArgs()
    return compute.RegionInstanceTemplate(
        f"{name}-template",  # no name of its own: the new one stands beside the old for a while
        region=args.region,
        machine_type=args.machine_type,
        disks=[
            compute.RegionInstanceTemplateDiskArgs(
                source_image=OS_IMAGE,
                boot=True,
                auto_delete=True,
                disk_size_gb=DISK_GB,
                disk_type=DISK_TYPE,
            )
        ],
        network_interfaces=[
            compute.RegionInstanceTemplateNetworkInterfaceArgs(
                subnetwork=args.subnetwork, access_configs=[access] if args.external_ip else []
            )
        ],
        service_account=compute.RegionInstanceTemplateServiceAccountArgs(
            email=args.email, scopes=list(SCOPES)
        ),
        shielded_instance_config=compute.RegionInstanceTemplateShieldedInstanceConfigArgs(
            enable_secure_boot=True, enable_vtpm=True, enable_integrity_monitoring=True
        ),
        metadata=args.metadata,
        opts=opts,
    )
