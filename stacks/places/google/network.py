"""The network of a stack: one private subnet, and the way out of it."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp
from pulumi_gcp.compute import RouterNatLogConfigArgs, RouterNatSubnetworkArgs

from ...config.google import Agent, Google

ADDRESSES = "10.10.0.0/20"  # with Direct VPC egress, each run takes some while it lasts


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    google: Google
    agent: Agent


class Network(pulumi.ComponentResource):
    """A network that lets nothing in; Google's own services are reached without the internet."""

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("dataflows:gcp:Network", name, None, opts)
        mine = pulumi.ResourceOptions(parent=self)
        self.network = gcp.compute.Network(
            f"{name}-vpc", auto_create_subnetworks=False, routing_mode="REGIONAL", opts=mine
        )
        self.subnetwork = gcp.compute.Subnetwork(
            f"{name}-subnet",
            network=self.network.id,
            region=args.google.region,
            ip_cidr_range=ADDRESSES,
            private_ip_google_access=True,
            opts=mine,
        )
        if args.agent.egress == "nat":
            router = gcp.compute.Router(
                f"{name}-router", network=self.network.id, region=args.google.region, opts=mine
            )
            gcp.compute.RouterNat(
                f"{name}-nat",
                router=router.name,
                region=args.google.region,
                nat_ip_allocate_option="AUTO_ONLY",
                source_subnetwork_ip_ranges_to_nat="LIST_OF_SUBNETWORKS",
                subnetworks=[
                    RouterNatSubnetworkArgs(
                        name=self.subnetwork.id, source_ip_ranges_to_nats=["ALL_IP_RANGES"]
                    )
                ],
                log_config=RouterNatLogConfigArgs(enable=True, filter="ERRORS_ONLY"),
                opts=mine,
            )
        self.network_id = self.network.id
        self.subnetwork_id = self.subnetwork.id
        self.register_outputs({"subnetwork": self.subnetwork_id})
