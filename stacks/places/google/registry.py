"""The registry: where a stack's images are, by digest, and what speeds their building up."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp
from pulumi_gcp.artifactregistry import (
    RepositoryCleanupPolicyArgs,
    RepositoryCleanupPolicyConditionArgs,
    RepositoryCleanupPolicyMostRecentVersionsArgs,
    RepositoryDockerConfigArgs,
    RepositoryVulnerabilityScanningConfigArgs,
)

from ...config.google import Google
from ...config.images import Build, Promote
from ...oci import google_repository

KEPT_IMAGES = 10
DAYS = 86_400
_CACHE = "-cache"  # after the name of the repository that it is for


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    google: Google
    images: Build | Promote

    @property
    def builds(self) -> bool:
        """Whether images are built here, and so a place for their layers is needed."""
        return isinstance(self.images, Build)

    @property
    def needed(self) -> list[str]:
        """Digests that stay whatever their age: the stack runs them, or a rollback returns."""
        if isinstance(self.images, Build):
            return []
        history = (self.images.now, *self.images.before)
        return list(dict.fromkeys(digest for p in history for digest in (p.agent, p.runner)))


class Registry(pulumi.ComponentResource):
    """A repository whose tags never move, and one for build caches, whose tags have to.

    ``url`` and ``cache_url`` end where an image's name follows; the latter is empty where nothing
    is built. They are known before the repositories stand, as whoever builds an image looks at its
    names in a preview already: what is pushed there depends on this component.
    """

    def __init__(
        self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("dataflows:gcp:Registry", name, None, opts)
        location, told = args.google.region, args.images
        self.host = f"{location}-docker.pkg.dev"
        self.images = gcp.artifactregistry.Repository(
            f"{name}-images",
            repository_id=told.repository,
            location=location,
            format="DOCKER",
            docker_config=RepositoryDockerConfigArgs(immutable_tags=True),
            cleanup_policies=[
                *_keep(args.needed),
                *_keep_most_recent(KEPT_IMAGES, days=30),
            ],
            cleanup_policy_dry_run=False,
            vulnerability_scanning_config=_scanning(told.scanning),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.repository = self.images.name
        self.url = google_repository(location, args.google.project, told.repository)
        self.cache_url = f"{self.url}{_CACHE}" if args.builds else ""
        if args.builds:
            gcp.artifactregistry.Repository(
                f"{name}-cache",
                repository_id=f"{told.repository}{_CACHE}",
                location=location,
                format="DOCKER",
                cleanup_policies=_keep_most_recent(2, days=14),
                cleanup_policy_dry_run=False,
                vulnerability_scanning_config=_scanning(False),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"url": self.url})


def _keep(digests: Sequence[str]) -> list[RepositoryCleanupPolicyArgs]:
    """An image's version is called as its digest."""
    named = RepositoryCleanupPolicyConditionArgs(tag_state="ANY", version_name_prefixes=digests)
    policy = RepositoryCleanupPolicyArgs(id="keep-needed", action="KEEP", condition=named)
    return [policy] if digests else []


def _keep_most_recent(count: int, *, days: int) -> list[RepositoryCleanupPolicyArgs]:
    """What is older goes, less the last ``count`` versions of each image: keeping wins."""
    return [
        RepositoryCleanupPolicyArgs(
            id="keep-most-recent",
            action="KEEP",
            most_recent_versions=RepositoryCleanupPolicyMostRecentVersionsArgs(keep_count=count),
        ),
        RepositoryCleanupPolicyArgs(
            id="delete-old",
            action="DELETE",
            condition=RepositoryCleanupPolicyConditionArgs(
                tag_state="ANY", older_than=f"{days * DAYS}s"
            ),
        ),
    ]


def _scanning(wanted: bool) -> RepositoryVulnerabilityScanningConfigArgs:
    return RepositoryVulnerabilityScanningConfigArgs(
        enablement_config="INHERITED" if wanted else "DISABLED"
    )
