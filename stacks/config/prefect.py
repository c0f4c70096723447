"""What a stack says of Prefect, wherever its runs execute."""

from typing import Literal

from pydantic import Field, field_validator

from .section import Section


class Prefect(Section):
    """The Prefect workspace, and what this stack has there."""

    api_url: str | None = Field(
        None,
        description="Prefect's API, as `prefect config view` shows it. A stack in the cloud has to "
        "say it; any other may leave it out: PREFECT_API_URL or the active Prefect profile.",
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
