"""An image that is built on the host that runs it, and known by its id there."""

from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
import pulumi_docker_build as build

from ...images import CONTENT, CONTEXTS, digest_of, labels, settle


@dataclass(frozen=True, kw_only=True)
class LoadedImageArgs:
    """``label`` is put on the image, so that what a new one leaves behind can be told apart."""

    tag: str
    label: str
    base_image: str | None = None


class LoadedImage(pulumi.ComponentResource):
    """An image without a registry. ``id``, by which the engine knows it, is its only name for
    others: the tag, by which the id is found, comes to mean the next one.

    Its options name both providers: the one that builds, and the one that asks the engine.
    """

    def __init__(
        self,
        name: str,
        args: LoadedImageArgs,
        opts: pulumi.ResourceOptions,
        asking: docker.Provider,
    ) -> None:
        super().__init__("dataflows:docker:LoadedImage", name, None, opts)
        context, dockerfile = CONTEXTS[name]
        settle(CONTENT[name])
        image = build.Image(
            f"{name}-image",
            context=build.BuildContextArgs(location=context),
            dockerfile=build.DockerfileArgs(location=dockerfile),
            build_args={"BASE_IMAGE": args.base_image} if args.base_image else {},
            labels=labels(name, None) | {args.label: ""},
            # The engine's own builder, whose images are where containers are made of them. Left to
            # itself the plugin looks for another one, or makes one.
            builder=build.BuilderConfigArgs(name="default"),
            tags=[args.tag],
            load=True,
            push=False,
            build_on_preview=False,
            opts=pulumi.ResourceOptions(
                parent=self,
                # The old one goes by its tag, which is the new one's too.
                delete_before_replace=True,
            ),
        )
        # Of the digest it is not said whether it is the id: that depends on the engine's store.
        self.id = docker.get_remote_image_output(
            name=digest_of(image).apply(lambda _built: args.tag),
            opts=pulumi.InvokeOutputOptions(provider=asking, parent=self, depends_on=[image]),
        ).id
        self.register_outputs({"id": self.id})
