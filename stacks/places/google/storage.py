"""The storage of a stack: buckets for what lands and for what flows keep, and the warehouse."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp
from pulumi_gcp.storage import (
    BucketLifecycleRuleActionArgs,
    BucketLifecycleRuleArgs,
    BucketLifecycleRuleConditionArgs,
    BucketSoftDeletePolicyArgs,
)

from ...config import google as config
from ...config.google import Google

DAYS = 86_400


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    prefix: str
    google: Google
    told: config.Storage

    @property
    def location(self) -> str:
        return self.told.location or self.google.region

    @property
    def delete_data(self) -> bool:
        """Whether removing a bucket or a dataset takes along what is in it, instead of failing."""
        return self.told.on_destroy == "delete"


class Storage(pulumi.ComponentResource):
    """``buckets`` and ``datasets`` are the names of what a run may write."""

    def __init__(
        self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("dataflows:gcp:Storage", name, None, opts)
        # Their names are of all the world.
        prefix = f"{args.google.project}-{args.prefix}"
        self.landing = self._bucket(f"{name}-landing", f"{prefix}-landing", args)
        self.lake = self._bucket(f"{name}-lake", f"{prefix}-lake", args, keep=True)
        self.dataset = self._dataset(f"{name}-dataset", args.told.dataset, args)
        # The ingest loads by way of a dataset of this name; to make it, it would need wider grants.
        staging = self._dataset(f"{name}-staging", f"{args.told.dataset}_staging", args)
        self.buckets = {"landing": self.landing.name, "lake": self.lake.name}
        self.datasets = {"dataset": self.dataset.dataset_id, "staging": staging.dataset_id}
        self.landing_url = pulumi.Output.concat("gs://", self.landing.name)
        self.warehouse_url = pulumi.Output.concat(
            f"bigquery://{args.google.project}/",
            self.dataset.dataset_id,
            f"?location={args.location}",
        )
        self.register_outputs({"landing": self.landing_url, "warehouse": self.warehouse_url})

    def _bucket(
        self, name: str, bucket: str, args: StorageArgs, *, keep: bool = False
    ) -> gcp.storage.Bucket:
        days = None if keep else args.told.landing_days
        return gcp.storage.Bucket(
            name,
            name=bucket,
            location=args.location.upper(),  # as Google answers
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            soft_delete_policy=BucketSoftDeletePolicyArgs(retention_duration_seconds=7 * DAYS),
            lifecycle_rules=[
                BucketLifecycleRuleArgs(
                    action=BucketLifecycleRuleActionArgs(type="Delete"),
                    condition=BucketLifecycleRuleConditionArgs(age=days),
                )
            ]
            if days
            else [],
            force_destroy=args.delete_data,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _dataset(self, name: str, dataset: str, args: StorageArgs) -> gcp.bigquery.Dataset:
        return gcp.bigquery.Dataset(
            name,
            dataset_id=dataset,
            location=args.location,
            delete_contents_on_destroy=args.delete_data,
            # Of another location it is another dataset, and the two cannot have one name at once.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
