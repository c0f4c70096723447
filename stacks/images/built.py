"""The images of a stack: built and pushed, or promoted; either way known by their digests."""

from dataclasses import dataclass
from typing import cast

import pulumi
import pulumi_docker_build as docker

from .held import held
from .permissions import settle
from .revision import last_change

# Of the plugin's state: the same wherever the program runs. Left to itself the plugin writes there
# what DOCKER_HOST says, and another one makes all images anew. See docs/IMAGES.md, "Where".
HOST = "unix:///var/run/docker.sock"
USER = "oauth2accesstoken"  # Artifact Registry's name for whoever brings a token

# By image: its build context and its Dockerfile, from the root of the repository.
CONTEXTS = {
    "agent": ("images", "images/agent/Dockerfile"),
    "runner": (".", "images/runner/Dockerfile"),
}
# What of the context goes in; the Dockerfiles' .dockerignore leave out the rest.
CONTENT = {
    "agent": ("images/agent", "images/*.py"),
    "runner": ("flows", "images/runner", "images/*.py"),
}
# Of that, what the program alone reads: another schedule makes no other image.
ASIDE = ("flows/declarations", "flows/deployments.py")
# In the runner's image, where flows lie; and what runs one, instead of `prefect flow-run execute`.
FLOWS = "/opt/dataflows"
EXECUTE = "python3 /opt/runner/execute.py"


@dataclass(frozen=True, kw_only=True)
class BuiltImageArgs:
    """``registry_url`` and ``cache_url`` end where the image's name follows; ``token`` opens both.

    They are plain text, as the plugin validates an image's names in a preview: an unknown one is
    an empty one to it, and refused.
    """

    registry_host: str
    registry_url: str
    cache_url: str
    token: pulumi.Output[str]
    base_image: str | None = None
    source: str | None = None


class BuiltImage(pulumi.ComponentResource):
    """An image that is built when what goes into it has changed, and pushed without a tag.

    Its digest is its only name, so that the same content stays the same image, whatever commit it
    is of; a tag for each commit would make another image of each. ``digest`` and ``reference``.
    """

    def __init__(
        self, name: str, args: BuiltImageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("dataflows:images:BuiltImage", name, None, opts)
        context, dockerfile = CONTEXTS[name]
        settle(CONTENT[name])
        cache = f"{args.cache_url}/{name}:build"
        image = docker.Image(
            f"{name}-image",
            context=docker.BuildContextArgs(location=context),
            dockerfile=docker.DockerfileArgs(location=dockerfile),
            build_args={"BASE_IMAGE": args.base_image} if args.base_image else {},
            platforms=[docker.Platform.LINUX_AMD64],
            labels=labels(name, args.source),
            exports=[
                docker.ExportArgs(
                    registry=docker.ExportRegistryArgs(
                        names=[f"{args.registry_url}/{name}"],
                        push=True,
                        push_by_digest=True,
                        oci_media_types=True,
                    )
                )
            ],
            cache_from=[
                docker.CacheFromArgs(registry=docker.CacheFromRegistryArgs(ref=cache)),
            ],
            cache_to=[
                docker.CacheToArgs(
                    registry=docker.CacheToRegistryArgs(
                        ref=cache,
                        mode=docker.CacheMode.MAX,
                        image_manifest=True,
                        oci_media_types=True,
                        ignore_error=True,
                    )
                )
            ],
            registries=[
                docker.RegistryArgs(
                    address=args.registry_host,
                    username=USER,
                    password=pulumi.Output.secret(args.token),
                )
            ],
            build_on_preview=False,  # a pull request's preview has neither docker nor rights
            push=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        told = digest_of(image).apply(lambda digest: _told(name, digest))
        self.digest = held(image, f"{args.registry_url}/{name}", told, args.token)
        self.reference = reference(args.registry_url, name, self.digest)
        self.register_outputs({"reference": self.reference})


def plugin(host: str = HOST) -> docker.Provider:
    """What builds images, configured alike on every machine."""
    return docker.Provider("docker", host=host)


def digest_of(image: docker.Image) -> pulumi.Output[str | None]:
    """What the build tells; not known at a preview that finds something to build.

    After a change of files the plugin foresees the digest "". It may keep all of an image secret,
    as the password for its registry is.
    """

    def known(digest: str | None) -> str | None:
        foreseen = not digest and pulumi.runtime.is_dry_run()
        return cast("str", pulumi.UNKNOWN) if foreseen else digest

    return pulumi.Output.unsecret(image.digest).apply(known)


def _told(name: str, digest: str | None) -> str:
    if not digest:
        raise pulumi.RunError(f"The image {name} was built, and docker-build told no digest of it.")
    return digest


def labels(name: str, source: str | None) -> dict[str, str]:
    """What the image says of itself.

    Its revision is the last commit that touched what is in it: with the last commit of all, each
    commit would make another image of the same content.
    """
    told = {"title": f"dataflows {name}"}
    if source:
        told["source"] = source
    if change := last_change(CONTENT[name], ASIDE):
        told |= {"revision": change.commit, "version": change.version}
    return {f"org.opencontainers.image.{key}": value for key, value in told.items()}


def reference(registry_url: str, name: str, digest: pulumi.Input[str]) -> pulumi.Output[str]:
    """The image by its content: no tag can come to mean another one."""
    return pulumi.Output.concat(f"{registry_url}/{name}@", digest)
