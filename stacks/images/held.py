"""Whether the registry holds an image that is about to be run."""

import pulumi

from ..oci import Reference, Registry, RegistryError


class LostImageError(pulumi.RunError):  # Pulumi shows its text alone, without a traceback
    """An image that the state knows of is in its registry no more."""


def held(
    image: pulumi.Resource, repository: str, digest: pulumi.Output[str], token: pulumi.Output[str]
) -> pulumi.Output[str]:
    """The image's digest, once the registry has been seen to hold it.

    ``repository`` is a registry's URL with the image's name at its end; ``token`` opens it.

    No refresh misses an image without a tag, so each ``up`` looks for itself; a preview does not.
    A registry that cannot be asked is a warning: most likely it holds what was pushed to it.

    Raises:
        LostImageError: in the output, where the image is gone.
    """

    def look(told: list[str]) -> str:
        digest, token, urn = told
        reference = Reference.of(repository, digest)
        try:
            there = Registry(token=lambda: token, attempts=2).holds(reference)
        except RegistryError as error:
            pulumi.warn(f"Whether {reference} is there was not seen: {error}")
            return digest
        if not there:
            raise LostImageError(
                f"{reference} is not in the registry: its clean-up or somebody has removed it. "
                "Nothing that runs it was changed. To bring it back: "
                f"pulumi up --stack {pulumi.get_stack()} --replace '{urn}'"
            )
        return digest

    if pulumi.runtime.is_dry_run():
        return digest
    told = pulumi.Output.all(digest, token, image.urn)
    return pulumi.Output.unsecret(told.apply(look))  # secret as the token, which is not in it
