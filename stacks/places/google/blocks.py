"""Prefect's blocks for what runs reach in Google Cloud with the identity that they have."""

from collections.abc import Mapping

import pulumi

from prefect_as_code import Block, BlockArgs, BlockType, BlockTypeArgs

# By the path of the class, the slug of its type.
TYPES = {
    "prefect_gcp:GcpCredentials": "gcp-credentials",
    "prefect_gcp:GcsBucket": "gcs-bucket",
    "prefect_gcp:BigQueryWarehouse": "bigquery-warehouse",
}


def blocks(
    stack: str, project: str, buckets: Mapping[str, pulumi.Input[str]]
) -> list[pulumi.Resource]:
    """Blocks without a key: who loads one acts as whoever runs it."""
    credentials, gcs_bucket, big_query = TYPES
    types = {
        each: BlockType(f"{slug}-type", BlockTypeArgs.of(each)) for each, slug in TYPES.items()
    }
    args = BlockArgs.of(credentials, name=f"google-{stack}", project=project)
    google = Block("google", args, _after(types[credentials]))
    reference = {"$ref": {"block_document_id": google.id}}
    args = BlockArgs.of(big_query, name=f"warehouse-{stack}", gcp_credentials=reference)
    made = [Block("warehouse", args, _after(types[big_query]))]
    for what, bucket in buckets.items():
        args = BlockArgs.of(
            gcs_bucket, name=f"{what}-{stack}", bucket=bucket, gcp_credentials=reference
        )
        made.append(Block(f"{what}-bucket", args, _after(types[gcs_bucket])))
    return [google, *made]


def _after(resource: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(depends_on=[resource])
