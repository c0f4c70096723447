"""The images of a stack whose runs are Cloud Run jobs, in its registry."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from ...config import StackConfig
from ...config.images import Build, Promote
from ...images import BuiltImage, BuiltImageArgs, git_revision, held, plugin, reference
from ...oci import CopiedImage, CopiedImageArgs
from .registry import Registry


@dataclass(frozen=True, kw_only=True)
class Images:
    """By image, its digest and its reference; ``revision``: the commit that they are of."""

    digests: dict[str, pulumi.Output[str]]
    references: dict[str, pulumi.Output[str]]
    revision: str


def images(config: StackConfig, registry: Registry, provider: gcp.Provider) -> Images:
    """Built and pushed to ``registry``, or copied there as another stack has proved them."""
    token = gcp.organizations.get_client_config_output(
        opts=pulumi.InvokeOptions(provider=provider)
    ).access_token
    match config.images:
        case Build(base_image=base_image):
            github = config.github
            args = BuiltImageArgs(
                registry_host=registry.host,
                registry_url=registry.url,
                cache_url=registry.cache_url,
                token=token,
                base_image=base_image,
                source=f"https://github.com/{github.repository}" if github else None,
            )
            into = pulumi.ResourceOptions(providers=[provider, plugin()], depends_on=[registry])
            built = {name: BuiltImage(name, args, into) for name in ("agent", "runner")}
            return Images(
                digests={name: image.digest for name, image in built.items()},
                references={name: image.reference for name, image in built.items()},
                revision=git_revision(),
            )
        case Promote(now=now):
            copied = {
                name: CopiedImage(
                    f"{name}-image",
                    CopiedImageArgs(
                        source=f"{now.copied_from}/{name}",
                        target=f"{registry.url}/{name}",
                        digest=digest,
                    ),
                    pulumi.ResourceOptions(depends_on=[registry]),
                )
                for name, digest in (("agent", now.agent), ("runner", now.runner))
            }
            digests = {
                name: held(image, f"{registry.url}/{name}", image.digest, token)
                for name, image in copied.items()
            }
            return Images(
                digests=digests,
                references={n: reference(registry.url, n, d) for n, d in digests.items()},
                revision=now.git_revision,
            )
        case None:
            raise ValueError("images is missing: config.load() would have said so")
