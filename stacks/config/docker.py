"""The place `docker`: what a stack says whose runs are containers on one Docker host."""

from typing import ClassVar, Literal

from pydantic import Field

from .section import Environment, Memory, Runner, Section


class Containers(Runner):
    """Runs are containers on a Docker host, each made for its run and removed after it."""

    needed: ClassVar[frozenset[str]] = frozenset({"host"})

    kind: Literal["docker"] = Field(description="`docker`: a container for each run.")
    cpu: str = Field(
        "1000m",
        description="Of a run, unless its deployment says otherwise.",
        pattern=r"^([1-9]\d*m?|\d+\.\d+)$",
        examples=["500m", "2", "1.5"],
    )
    memory: Memory = Field("512Mi", description="Of a run, unless its deployment says otherwise.")
    timeout: int = Field(3600, ge=1, le=604_800, description="Seconds after which a run is ended.")
    env: Environment = Field(
        default_factory=dict, description="Environment variables of every run; no secrets."
    )


class Host(Section):
    """The Docker host: what is there beside the runs. `docker:host` says which one it is."""

    base_image: str | None = Field(
        None,
        description="What the images are built upon, the build argument BASE_IMAGE; left out: the "
        "Dockerfiles' own.",
    )
    prefect_url: str = Field(
        "http://prefect:4200/api",
        description="Prefect's API as containers reach it, where `prefect.api_url` is left out: "
        "that of docker-compose.yml.",
    )
    networks: tuple[str, ...] = Field(
        ("dataflows-prefect",),
        description="Networks beside the stack's own that the agent and the runs join; they are "
        "there already, as that of docker-compose.yml is.",
    )
    socket: str = Field(
        "/var/run/docker.sock", description="The engine's socket, which the agent is given."
    )
    socket_group: int | None = Field(
        None,
        ge=0,
        description="The number of the group that may use it, `stat -c %g` on the host; left out: "
        "looked up, where the host is this machine.",
    )
    agent_memory: int = Field(512, ge=256, description="MiB that the agent may use.")
    agent_concurrency_limit: int = Field(
        20, ge=1, le=200, description="Runs that the agent starts and watches at once."
    )
    on_destroy: Literal["keep", "delete"] = Field(
        "keep",
        description="What becomes of the volumes, landing and warehouse, when `pulumi destroy` or "
        "a change takes them out of the stack.",
    )


class Sections(Section):
    """What such a stack has beside ``prefect`` and ``runner``."""

    host: Host | None = None
