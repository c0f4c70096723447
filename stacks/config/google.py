"""The place `google`: what a stack says whose runs are Cloud Run jobs."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import pulumi
from pulumi.runtime.config import is_config_secret
from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from .cloud_run import CPU, memory_problem, pair_problem
from .section import Environment, Memory, Runner, Section, Variable, free

_STACK_NAME = re.compile(r"[a-z][a-z0-9-]{0,15}[a-z0-9]")
_ARM = ("t2a-", "c4a-", "n4a-", "a4x-")

Cpu: TypeAlias = Annotated[str, Field(pattern=CPU, examples=["1000m", "2"])]
SecretName: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$", examples=["shop-token"])
]


class SecretVersion(Section):
    """One version of a secret in the project's Secret Manager."""

    secret: SecretName = Field(description="The secret's name in Secret Manager.")
    version: str = Field(
        description="A number, which pins it, or `latest`.",
        pattern=r"^(latest|[1-9]\d*)$",
        examples=["3", "latest"],
        coerce_numbers_to_str=True,
    )


class CloudRun(Runner):
    """Runs are Cloud Run jobs, each made for its run and removed after it."""

    needed: ClassVar[frozenset[str]] = frozenset({"google", "images", "storage"})
    welcome: ClassVar[frozenset[str]] = frozenset({"agent", "secrets", "github"})

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
    env: Environment = Field(
        default_factory=dict, description="Environment variables of every run; no secrets."
    )
    env_from_secrets: Annotated[dict[Variable, SecretVersion], AfterValidator(free)] = Field(
        default_factory=dict,
        description="Environment variables of every run that hold a secret's value.",
    )

    @field_validator("env_from_secrets")
    @classmethod
    def _is_told_once(
        cls, told: dict[str, SecretVersion], info: ValidationInfo
    ) -> dict[str, SecretVersion]:
        # Cloud Run answers 400 to a variable that comes twice, when the first run starts.
        if twice := sorted(told.keys() & info.data.get("env", {}).keys()):
            raise ValueError(f"sets {', '.join(twice)}, which env sets too; remove it from one")
        return told

    def contradictions(self, stack: Any) -> Iterator[str]:
        if stack.prefect.api_url is None:
            what = type(stack.prefect).model_fields["api_url"].description
            yield f"prefect.api_url is missing, as runner.kind is cloud-run ({what}). Add it."
        if wrong := memory_problem(self.memory) or pair_problem(self.cpu, self.memory):
            yield f"runner.memory: {wrong}."
        if self.egress == "all-traffic" and stack.agent.egress != "nat":
            yield (
                "runner.egress: 'all-traffic' has no way out of the network without a NAT. Write "
                "private-ranges or internet, or agent.egress: nat."
            )

    @classmethod
    def problems(cls, config: pulumi.Config) -> Iterator[str]:
        stack, key = pulumi.get_stack(), "prefect_api_key"
        how = f"Run `pulumi config set --secret --stack {stack} prefect_api_key`."
        if not config.get("prefect_api_key"):
            yield f"{key} is missing: the agent and the runs call Prefect with it. {how}"
        elif not is_config_secret(f"{config.name}:{key}"):
            yield (
                f"{key} stands there in clear, so it is known to all who read it. Make another. "
                f"{how}"
            )
        if not _STACK_NAME.fullmatch(stack):
            yield (
                f"google: the stack's name {stack!r} cannot be part of Google's names. Take "
                "one of at most 17 lowercase letters, digits and -."
            )


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


class Sections(Section):
    """What such a stack has beside ``prefect``, ``runner`` and ``images``."""

    google: Google | None = None
    agent: Agent = Agent()
    storage: Storage | None = None
    secrets: Secrets = Secrets()
    github: GitHub | None = None
