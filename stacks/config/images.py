"""What a stack says of its images, where runs are containers: built, or proved by another stack."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from .section import Section

Digest: TypeAlias = Annotated[
    str, Field(pattern=r"^sha256:[0-9a-f]{64}$", examples=[f"sha256:{'0f' * 32}"])
]
RepositoryName: TypeAlias = Annotated[
    str, Field(pattern=r"^[a-z]([a-z0-9-]{0,55}[a-z0-9])?$", examples=["dataflows-dev"])
]


class _Images(Section):
    repository: RepositoryName = Field(description="The stack's own Artifact Registry repository.")
    scanning: bool = Field(
        False, description="Whether Artifact Analysis looks for vulnerabilities; it costs by image."
    )


class Build(_Images):
    """Images are built from this repository's files."""

    source: Literal["build"] = Field(description="`build`: by this stack, from these files.")
    base_image: str | None = Field(
        None,
        description="What the images are built upon, the build argument BASE_IMAGE; left out: the "
        "Dockerfiles' own.",
    )


class Promotion(Section):
    """Images that one stack has proved and another one runs."""

    agent: Digest = Field(description="The digest of the agent's image.")
    runner: Digest = Field(description="The digest of the runner's image.")
    copied_from: str = Field(
        description="The repository that they are copied from, by their digests.",
        pattern=r"^[^/@\s]+/[^@\s]*[^/@\s]$",
        examples=["europe-west1-docker.pkg.dev/acme-data-dev/dataflows-dev"],
    )
    stack: str = Field(description="The stack that ran them.")
    git_revision: str = Field(description="The commit that this stack was deployed from.")
    at: str = Field(description="When they were promoted.")
    by: str | None = Field(None, description="Who promoted them, as git knows them.")
    reason: str | None = Field(
        None, description="Why they were promoted although they were not proved."
    )
    unproved: tuple[str, ...] = Field((), description="What was not proved.")


class Promote(_Images):
    """Images are those that another stack has proved; nothing is built."""

    source: Literal["promote"] = Field(description="`promote`: what another stack has proved.")
    now: Promotion = Field(
        description="What this stack runs; `make promote FROM=dev TO=prod` writes it."
    )
    before: tuple[Promotion, ...] = Field(
        (), description="What it ran before, the newest first; `make rollback STACK=prod` takes it."
    )
