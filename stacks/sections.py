"""The sections of ``Pulumi.<stack>.yaml``, typed and frozen: what each key takes and does."""

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from .cloud_run import CPU, MEMORY

# What the platform itself tells every run.
OURS = ("DATAFLOWS_STACK", "PREFECT_API_URL", "PREFECT_API_KEY")

_ARM = ("t2a-", "c4a-", "n4a-", "a4x-")

Memory: TypeAlias = Annotated[str, Field(pattern=MEMORY, examples=["512Mi", "2Gi"])]
Cpu: TypeAlias = Annotated[str, Field(pattern=CPU, examples=["1000m", "2"])]
Digest: TypeAlias = Annotated[
    str, Field(pattern=r"^sha256:[0-9a-f]{64}$", examples=[f"sha256:{'0f' * 32}"])
]
RepositoryName: TypeAlias = Annotated[
    str, Field(pattern=r"^[a-z]([a-z0-9-]{0,55}[a-z0-9])?$", examples=["dataflows-dev"])
]
SecretName: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$", examples=["shop-token"])
]
Variable: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", examples=["SHOP_TOKEN"])
]


class Section(BaseModel):
    """One block of ``Pulumi.<stack>.yaml``. Immutable; a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Prefect(Section):
    """The Prefect workspace, and what this stack has there."""

    api_url: str | None = Field(
        None,
        description="Prefect's API, as `prefect config view` shows it; left out, where runs are "
        "processes: PREFECT_API_URL or the active Prefect profile.",
    )
    headers: dict[str, str] = Field(
        default_factory=dict,
        description="Sent with every call, for a proxy before the server; no secrets: they can be "
        "read on the agent and in its jobs.",
    )
    work_pool: str = Field(description="The name of the stack's work pool.")
    queues: tuple[str, ...] = Field(
        (), description="Work queues of the pool beside `default`, the most urgent first."
    )
    concurrency_limit: int | None = Field(
        None, ge=1, description="Runs of this stack at once; left out: no limit."
    )
    schedules: Literal["active", "paused"] = Field(
        "paused", description="Whether deployments run by their schedules in this stack."
    )

    @field_validator("api_url")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("is no URL; write one such as http://127.0.0.1:4200/api")
        return value


class Process(Section):
    """Runs are processes on the machine of the worker."""

    kind: Literal["process"] = Field(description="`process`: on the machine of the worker.")


class SecretVersion(Section):
    """One version of a secret in the project's Secret Manager."""

    secret: SecretName = Field(description="The secret's name in Secret Manager.")
    version: str = Field(
        description="A number, which pins it, or `latest`.",
        pattern=r"^(latest|[1-9]\d*)$",
        examples=["3", "latest"],
        coerce_numbers_to_str=True,
    )


class CloudRun(Section):
    """Runs are Cloud Run jobs, each made for its run and removed after it."""

    kind: Literal["cloud-run"] = Field(description="`cloud-run`: a Cloud Run job for each run.")
    cpu: Cpu = Field("1000m", description="Of a run, unless its deployment says otherwise.")
    memory: Memory = Field("512Mi", description="Of a run, unless its deployment says otherwise.")
    timeout: int = Field(
        3600, ge=1, le=604_800, description="Seconds after which Cloud Run ends a run; a week most."
    )
    egress: Literal["internet", "private-ranges", "all-traffic"] = Field(
        "internet",
        description="What of a run's traffic goes through the stack's network: none of it, that "
        "to private addresses, or all, which needs `agent.egress: nat`.",
    )
    env: dict[Variable, str] = Field(
        default_factory=dict, description="Environment variables of every run; no secrets."
    )
    env_from_secrets: dict[Variable, SecretVersion] = Field(
        default_factory=dict,
        description="Environment variables of every run that hold a secret's value.",
    )

    @field_validator("env", "env_from_secrets")
    @classmethod
    def _is_free(cls, told: dict[str, object]) -> dict[str, object]:
        if taken := sorted(told.keys() & set(OURS)):
            raise ValueError(f"sets {', '.join(taken)}, which the platform sets; remove it")
        return told

    @field_validator("env_from_secrets")
    @classmethod
    def _is_told_once(
        cls, told: dict[str, SecretVersion], info: ValidationInfo
    ) -> dict[str, SecretVersion]:
        # Cloud Run answers 400 to a variable that comes twice, when the first run starts.
        if twice := sorted(told.keys() & info.data.get("env", {}).keys()):
            raise ValueError(f"sets {', '.join(twice)}, which env sets too; remove it from one")
        return told


class Data(Section):
    """Where the flows find and leave data, where runs are processes."""

    landing: str = Field(
        description="URL of the folder in which files arrive: file://, s3:// or gs://."
    )
    warehouse: str = Field(description="`duckdb:///path` or `bigquery://project/dataset`.")

    @field_validator("landing")
    @classmethod
    def _is_landing(cls, value: str) -> str:
        return _with_scheme(value, "file", "s3", "gs")

    @field_validator("warehouse")
    @classmethod
    def _is_warehouse(cls, value: str) -> str:
        return _with_scheme(value, "duckdb", "bigquery")


class Google(Section):
    """The Google Cloud project, and where in the world things are."""

    project: str = Field(
        description="The project's id; `gcloud projects list` shows it.",
        pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$",
        examples=["acme-data-dev"],
    )
    region: str = Field(
        description="A region of Compute Engine and Cloud Run; `gcloud compute regions list`.",
        pattern=r"^[a-z]+-[a-z]+\d+$",
        examples=["europe-west1"],
    )
    zones: tuple[str, ...] = Field(
        min_length=1,
        description="The region's zones in which the agent may be, the first one first: "
        "`gcloud compute zones list`.",
    )
    labels: dict[str, str] = Field(
        default_factory=dict,
        description="Labels of everything that can carry them, the jobs of runs too.",
    )

    @field_validator("zones")
    @classmethod
    def _are_of_the_region(cls, zones: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        region = info.data.get("region")
        if region and (wrong := [z for z in zones if not re.fullmatch(f"{region}-[a-z]", z)]):
            raise ValueError(f"names {', '.join(wrong)}: no zone of {region}; try {region}-b")
        return zones

    @field_validator("labels")
    @classmethod
    def _are_labels(cls, labels: dict[str, str]) -> dict[str, str]:
        for name, value in labels.items():
            if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", name) or not re.fullmatch(
                r"[a-z0-9_-]{0,63}", value
            ):
                raise ValueError(
                    f"holds {name}: {value}; a label is of lowercase letters, digits, - and _"
                )
        return labels


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


class Agent(Section):
    """The VM that polls the work pool and starts the jobs."""

    availability: Literal["group", "single"] = Field(
        "group",
        description="`group`: a managed group of one, which heals itself and starts the new agent "
        "before the old one stops; `single`: one VM, replaced with a pause.",
    )
    egress: Literal["nat", "external-ip"] = Field(
        "nat",
        description="How it reaches Prefect: by Cloud NAT, or by an address of its own, which "
        "costs less and takes no incoming connections either.",
    )
    machine_type: str = Field(
        "e2-small",
        description="`gcloud compute machine-types list`.",
        pattern=r"^([a-z]\d+[a-z]?|custom)(-[a-z0-9]+)+$",
        examples=["e2-small", "n2-standard-4"],
    )
    concurrency_limit: int = Field(
        100, ge=1, le=200, description="Runs that it watches at once; each takes a thread of 250."
    )

    @field_validator("machine_type")
    @classmethod
    def _is_x86(cls, value: str) -> str:
        if value.startswith(_ARM):
            raise ValueError("is of ARM, and the images are of linux/amd64; use e2-small")
        return value


class Storage(Section):
    """The landing and lake buckets, and the warehouse's BigQuery dataset."""

    location: str | None = Field(
        None, description="Where they are, `EU` for example; left out: google.region."
    )
    dataset: str = Field(
        description="The BigQuery dataset.",
        pattern=r"^[A-Za-z0-9_]{1,1016}$",
        examples=["dataflows_dev"],
    )
    landing_days: int | None = Field(
        None, ge=1, description="Days after which landed files are removed; left out: never."
    )
    on_destroy: Literal["refuse", "delete"] = Field(
        "refuse",
        description="What `pulumi destroy` does with buckets and datasets that hold data.",
    )


class Secrets(Section):
    """Secrets for flows, beside the Prefect API key."""

    names: tuple[SecretName, ...] = Field(
        (),
        description="Made in Secret Manager without a value; people put values there: "
        "`gcloud secrets versions add`. runner.env_from_secrets hands them to runs.",
    )


class GitHub(Section):
    """The repository whose workflows may preview and deploy this stack, without a key."""

    repository: str = Field(
        description="owner/name on GitHub.",
        pattern=r"^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$",
        examples=["acme/dataflows"],
    )
    repository_id: int = Field(
        ge=1, description="The number that `gh api repos/OWNER/NAME --jq .id` prints."
    )
    owner_id: int = Field(ge=1, description="The number that `gh api users/OWNER --jq .id` prints.")
    environment: str = Field(
        description="The GitHub environment whose jobs may deploy; its protection rules hold.",
        pattern=r"^[A-Za-z0-9_-]{1,255}$",
        examples=["prod"],
    )


def _with_scheme(value: str, *schemes: str) -> str:
    if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise ValueError(f"is no URL of {', '.join(f'{s}://' for s in schemes)}")
    return value
