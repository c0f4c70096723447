"""Flow runs of a real server, as a Cloud Run job would be given them: by the environment alone."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

HERE = Path(__file__).parent
OURS = (sys.executable, str(HERE.parents[2] / "images" / "runner" / "execute.py"))
PREFECTS = (sys.executable, "-m", "prefect", "flow-run", "execute")


@dataclass
class FlowRun:
    """One run of a flow in ``flows.py``, which says in ``notes`` what came to pass."""

    prefect: httpx.Client
    api_url: str
    id: str
    home: Path
    command: tuple[str, ...] = OURS
    env: Mapping[str, str] = field(default_factory=dict)
    printed: str = ""

    @property
    def notes(self) -> list[str]:
        written = self.home / "notes"
        return written.read_text().split("\n")[:-1] if written.exists() else []

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.prefect.get(f"/flow_runs/{self.id}").json()["state"]
        return state

    @property
    def history(self) -> list[str]:
        told = self.prefect.get("/flow_run_states/", params={"flow_run_id": self.id}).json()
        return [state["type"] for state in told]

    @property
    def logs(self) -> str:
        asked = {"logs": {"flow_run_id": {"any_": [self.id]}}}
        return "\n".join(
            log["message"] for log in self.prefect.post("/logs/filter", json=asked).json()
        )

    def set_state(self, type_: str) -> None:
        """As a person in the UI does."""
        told = self.prefect.post(f"/flow_runs/{self.id}/set_state", json={"state": {"type": type_}})
        assert told.json()["status"] == "ACCEPT", told.text

    @contextmanager
    def going_on(self) -> Iterator["subprocess.Popen[str]"]:
        """The command, from its start to its end; killed if the test fails before."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
        env = clean | {
            "PREFECT_HOME": str(self.home / "prefect"),
            "PREFECT_API_URL": self.api_url,
            "PREFECT__FLOW_RUN_ID": self.id,
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
            "NOTES": str(self.home / "notes"),
        }
        out = (self.home / "printed").open("w")
        process = subprocess.Popen(
            self.command, env=env | self.env, stdout=out, stderr=out, text=True, cwd=self.home
        )
        try:
            yield process
            process.wait(60)
        finally:
            with suppress(psutil.NoSuchProcess):  # the engine is in a group of its own
                for left in psutil.Process(process.pid).children(recursive=True):
                    left.kill()
            process.kill()
            process.wait()
            out.close()
            self.printed = (self.home / "printed").read_text()

    @property
    def child(self) -> int:
        """The process that the flow started, by its note."""
        return next(int(note.split()[1]) for note in self.notes if note.startswith("child "))

    def go(self) -> int:
        with self.going_on() as process:
            return process.wait(90)

    def wait_for(self, note: str) -> None:
        deadline = time.monotonic() + 60
        while note not in self.notes:
            assert time.monotonic() < deadline, f"{note} never came; {self.notes}"
            time.sleep(0.05)


def new_run(prefect: httpx.Client, flow: str, home: Path, **parameters: Any) -> FlowRun:
    """A run that a worker has taken, of a deployment as `pulumi up` registers it."""
    flow_id = prefect.post("/flows/", json={"name": flow}).json()["id"]
    pull = {"prefect.deployments.steps.set_working_directory": {"directory": str(HERE)}}
    deployment = {
        "flow_id": flow_id,
        "name": "runner",
        "entrypoint": f"flows.py:{flow}",
        "pull_steps": [pull],
    }
    made = prefect.post("/deployments/", json=deployment).raise_for_status().json()
    asked = {"state": {"type": "PENDING"}, "parameters": parameters}
    run = prefect.post(f"/deployments/{made['id']}/create_flow_run", json=asked).json()
    home.mkdir(exist_ok=True)
    return FlowRun(prefect, str(prefect.base_url).rstrip("/"), run["id"], home)
