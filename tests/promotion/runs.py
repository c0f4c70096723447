"""Deployments and their runs on a real Prefect server, made through its API."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import httpx

_NUMBERS = itertools.count()


@dataclass
class Runs:
    """``deployments``: by ``flow/deployment``, the id, as the stack's output has it."""

    prefect: httpx.Client
    deployments: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.suffix = next(_NUMBERS)  # each test has its own

    def deploy(self, digest: str, flows: tuple[str, ...] = ("hello", "report")) -> None:
        """The deployments are there, and of that digest; as `pulumi up` does it, in one PATCH."""
        told = {"version": digest, "job_variables": {"image": f"images/runner@{digest}"}}
        for flow in flows:
            name = f"{flow}/dev-{self.suffix}"
            if name in self.deployments:
                self._call("PATCH", f"/deployments/{self.deployments[name]}", told)
                continue
            flow_id = self._call("POST", "/flows/", {"name": flow})["id"]
            made = {"flow_id": flow_id, "name": f"dev-{self.suffix}", **told}
            self.deployments[name] = self._call("POST", "/deployments/", made)["id"]

    @property
    def hello(self) -> str:
        return next(name for name in self.deployments if name.startswith("hello/"))

    def start(self, name: str, **told: Any) -> str:
        """The id of a run that waits."""
        path = f"/deployments/{self.deployments[name]}/create_flow_run"
        run: str = self._call("POST", path, told)["id"]
        return run

    def run(self, name: str, *states: str, **told: Any) -> str:
        """The id of a run that went through these states, after it ran."""
        run = self.start(name, **told)
        for state in ("PENDING", "RUNNING", *states):
            self.becomes(run, state)
        return run

    def becomes(self, run: str, type_: str, name: str | None = None) -> None:
        state = {"type": type_, "name": name or type_.capitalize()}
        self._call("POST", f"/flow_runs/{run}/set_state", {"state": state, "force": True})

    def read(self, run: str) -> dict[str, Any]:
        told: dict[str, Any] = self._call("GET", f"/flow_runs/{run}")
        return told

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.prefect.request(method, path, json=body).raise_for_status()
        return answer.json() if answer.content else None
