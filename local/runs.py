"""Starts deployment runs through Prefect's API, follows them, and says how they ended."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

TAG = "make-up"  # on the runs we start: an unfinished one is followed, not started again
FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
BUSY = (429, 502, 503, 504)
POLL_SECONDS = 0.5
# Seconds after which a run that is still in this state is given up, and what that may come of.
PATIENCE = {
    "SCHEDULED": (120.0, "is its deployment, work pool or queue paused?"),
    "PENDING": (600.0, "the worker has taken it; its log says what keeps it"),
}
LOG_LINES = 15


class RunError(Exception):
    """A run could not be started or followed; the message says why."""


class WorkerGoneError(RunError):
    """No worker is left that would take the run."""


@dataclass(frozen=True)
class Run:
    """A flow run, as Prefect told of it."""

    deployment: str
    told: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.told["id"])

    @property
    def state(self) -> str:
        return str(self.told["state_name"])

    @property
    def type(self) -> str:
        return str(self.told["state_type"])

    @property
    def message(self) -> str:
        return str((self.told["state"] or {}).get("message") or "no reason was given")

    @property
    def rows(self) -> int | None:
        rows = self.told["labels"].get("rows")
        return None if rows is None else int(rows)

    @property
    def seconds(self) -> float:
        return float(self.told["estimated_run_time"])

    @property
    def completed(self) -> bool:
        return self.type == "COMPLETED"


def passes(error: BaseException) -> bool:
    """SQLite has one writer: a server that is busy says 503, or keeps one waiting too long."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in BUSY
    return isinstance(error, httpx.TransportError) and not isinstance(error, httpx.ConnectError)


@dataclass(frozen=True)
class Runs:
    api: httpx.Client

    def start(self, deployment: str) -> Run:
        """A run of ``flow/deployment``: a new one, or ours that an interrupted call left going."""
        try:
            identity = self._get(f"/deployments/name/{quote(deployment)}")["id"]
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.NOT_FOUND:
                raise
            why = f"there is no deployment {deployment}: is it in flows/deployments.py?"
            raise RunError(why) from None
        ours = {"deployment_id": {"any_": [identity]}, "tags": {"all_": [TAG]}}
        going = self._filter(ours | {"state": {"type": {"not_any_": FINAL}}})
        if going:
            return Run(deployment, going[0])
        once = str(uuid4())  # a call that is made again, as its answer was lost, starts no other
        asked = {"state": {"type": "SCHEDULED"}, "tags": [TAG], "idempotency_key": once}
        return Run(deployment, self._post(f"/deployments/{identity}/create_flow_run", asked))

    def follow(self, run: Run, still_served: Callable[[], bool]) -> Iterator[tuple[Run, float]]:
        """The run and its percentage, again and again, until it has ended.

        Raises:
            RunError: no one will run it: the worker is gone, or did not take it in time.
        """
        since = time.monotonic()
        while True:
            run = Run(run.deployment, self._get(f"/flow_runs/{run.id}"))
            yield run, self._percent(run)
            if run.type in FINAL:
                return
            if not still_served():
                raise WorkerGoneError(
                    f"{run.deployment} is {run.state}, and the worker has stopped"
                )
            patience, why = PATIENCE.get(run.type, (math.inf, ""))
            if time.monotonic() - since > patience:
                raise RunError(
                    f"{run.deployment} is still {run.state} after {patience:.0f} s: {why}"
                )
            time.sleep(POLL_SECONDS)

    def last_logs(self, run: Run) -> list[str]:
        asked = {"logs": {"flow_run_id": {"any_": [run.id]}}, "sort": "TIMESTAMP_DESC"}
        logs = self._post("/logs/filter", asked | {"limit": LOG_LINES})
        return [entry["message"] for entry in reversed(logs)]

    def reports(self, run: Run) -> list[tuple[str, str]]:
        """The pages that a run has written for people: title and id of each."""
        asked = {"flow_run_id": {"any_": [run.id]}, "type": {"any_": ["markdown"]}}
        found = self._post("/artifacts/filter", {"artifacts": asked})
        return [(each["description"] or each["key"] or "artifact", each["id"]) for each in found]

    def settle(self, pool: str, alive: set[str]) -> int:
        """Tell Prefect of runs whose processes died with the machine or by force: how many.

        One that had not begun is scheduled again, one that had is crashed, so that none stays
        "running" for ever or holds its deployment's concurrency limit.
        """
        going = {"state": {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING"]}}}
        ghosts = [run for run in self._filter(going, pool) if run["id"] not in alive]
        for run in ghosts:
            pending = run["state_type"] == "PENDING"
            state = {"type": "SCHEDULED", "name": "Scheduled"} if pending else {"type": "CRASHED"}
            state["message"] = "The local stack was stopped while this run was going."
            self._post(f"/flow_runs/{run['id']}/set_state", {"state": state, "force": True})
        return len(ghosts)

    def _percent(self, run: Run) -> float:
        asked = {"flow_run_id": {"any_": [run.id]}, "type": {"any_": ["progress"]}}
        found = self._post("/artifacts/filter", {"artifacts": asked, "sort": "UPDATED_DESC"})
        return float(found[0]["data"]) if found else 0.0

    def _filter(self, flow_runs: Mapping[str, Any], pool: str | None = None) -> Any:
        pools = {"work_pools": {"name": {"any_": [pool]}}} if pool else {}
        return self._post("/flow_runs/filter", {"flow_runs": flow_runs, **pools})

    def _get(self, path: str) -> Any:
        return self._call("GET", path).json()

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._call("POST", path, json=body).json()

    @retry(
        retry=retry_if_exception(passes),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        stop=stop_after_attempt(8),
        reraise=True,
    )
    def _call(self, method: str, path: str, **body: Any) -> httpx.Response:
        return self.api.request(method, path, **body).raise_for_status()


def client(api_url: str) -> httpx.Client:
    return httpx.Client(
        base_url=api_url, timeout=30, transport=httpx.HTTPTransport(retries=3), trust_env=False
    )
