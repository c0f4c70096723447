"""The secrets of a stack, in Secret Manager: the Prefect API key, and what the flows need."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp
from pulumi_gcp.secretmanager import SecretReplicationArgs, SecretReplicationAutoArgs

from ...config import google as config


@dataclass(frozen=True, kw_only=True)
class SecretsArgs:
    prefix: str
    told: config.Secrets
    prefect_api_key: pulumi.Output[str]


class Secrets(pulumi.ComponentResource):
    """Another key is another version; what uses the old one is moved before that goes.

    ``made``: by name, those that get no value here; people put it there.
    """

    def __init__(
        self, name: str, args: SecretsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("dataflows:gcp:Secrets", name, None, opts)
        self.prefect_api_key = self._secret(
            f"{name}-prefect-api-key", f"{args.prefix}-prefect-api-key"
        )
        self.prefect_api_key_version = gcp.secretmanager.SecretVersion(
            f"{name}-prefect-api-key-version",
            secret=self.prefect_api_key.id,
            secret_data=args.prefect_api_key,  # the resource marks it as a secret
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.made = {
            each: self._secret(f"{name}-{each}", each).secret_id for each in args.told.names
        }
        self.register_outputs({})

    def _secret(self, name: str, secret_id: str) -> gcp.secretmanager.Secret:
        return gcp.secretmanager.Secret(
            name,
            secret_id=secret_id,
            replication=SecretReplicationArgs(auto=SecretReplicationAutoArgs()),
            opts=pulumi.ResourceOptions(parent=self),
        )
