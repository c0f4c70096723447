"""What a stack's runs prove of its images: for each deployment, its last run on the digest."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from prefect_as_code.api import PrefectApi
from prefect_as_code.paths import at

LOOKED_AT = 2000  # runs of a deployment, the newest first


@dataclass(frozen=True, kw_only=True)
class Proof:
    """The last run of a deployment on a digest, if there is one."""

    deployment: str
    state: str | None = None
    at: str | None = None
    url: str | None = None

    @property
    def holds(self) -> bool:
        return self.state == "Completed"

    def __str__(self) -> str:
        if self.state is None:
            return f"{self.deployment}: no run on this image"
        return f"{self.deployment}: {self.state} {self.at}, {self.url}"

    @property
    def advice(self) -> str:
        """How it comes to be proved."""
        return "" if self.state else f"; start one: prefect deployment run {self.deployment}"


def proofs(api: PrefectApi, deployments: Mapping[str, str], digest: str) -> Iterator[Proof]:
    """For each deployment, by name."""
    for name, id_ in sorted(deployments.items()):
        wanted = {
            "sort": "START_TIME_DESC",
            "flow_runs": {"deployment_id": {"any_": [id_]}},
        }
        runs = islice(api.pages(at("/flow_runs/filter"), wanted), LOOKED_AT)
        run = next((run for run in runs if _has_begun(run) and _ran_on(run, digest)), None)
        yield _proof(name, run, api.url)


def _has_begun(run: Mapping[str, Any]) -> bool:
    """One that waits for its time says nothing yet; one that waits for its retry does."""
    return run["state_type"] != "SCHEDULED" or run["start_time"] is not None


def _ran_on(run: Mapping[str, Any], digest: str) -> bool:
    """A run keeps the version of its deployment from when it was made, and its own image."""
    image = (run.get("job_variables") or {}).get("image")
    own = True if image is None else str(image).endswith(f"@{digest}")
    return own and run["deployment_version"] == digest


def _proof(name: str, run: Mapping[str, Any] | None, api_url: str) -> Proof:
    if run is None:
        return Proof(deployment=name)
    when = run["end_time"] or run["start_time"] or run["expected_start_time"]
    return Proof(
        deployment=name,
        state=run["state_name"] if run["state_type"] != "COMPLETED" else "Completed",
        at=f"{when[:16].replace('T', ' ')} UTC",
        url=run_url(api_url, run["id"]),
    )


def run_url(api_url: str, run_id: str) -> str:
    """Where people look at it."""
    cloud = re.fullmatch(r".*/accounts/([^/]+)/workspaces/([^/]+)", api_url)
    if cloud:
        account, workspace = cloud.groups()
        site = f"https://app.prefect.cloud/account/{account}/workspace/{workspace}"
    else:
        site = api_url.removesuffix("/api")
    return f"{site}/runs/flow-run/{run_id}"
