"""A stack that an earlier version made goes over to this one: nothing of it is made anew."""

import json
import subprocess
from pathlib import Path

import httpx
import pytest

from local.environment import environment
from local.places import ROOT, Places
from tests.cloud.checkout import changes

pytestmark = pytest.mark.live

STATES = sorted((Path(__file__).parent / "states").glob("*.json"))
PREFIX = "pulumi-python:dynamic/prefect:"


class Local:
    """The local stack's program, from the root of the repository, with a state of its own."""

    def __init__(self, home: Path, api_url: str, engine: Path) -> None:
        self.home = home
        told = environment(Places(ROOT), api_url, engine)
        del told["PREFECT_ADOPT"]  # what is made anew is to be refused
        (home / "state").mkdir()
        self.environment = {
            **told,
            "PULUMI_BACKEND_URL": f"file://{home}/state",
            "PULUMI_DEBUG_COMMANDS": "true",  # --event-log is one of these
            "PULUMI_HOME": str(home / "pulumi-home"),
            "PULUMI_STACK": "local",
        }
        self.run("stack", "init", "local")

    def run(self, *command: str, told: str = "") -> str:
        done = subprocess.run(
            ["pulumi", *command, "--non-interactive"],
            cwd=ROOT,
            env=self.environment,
            input=told,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def changes(self, *command: str) -> dict[str, str]:
        log = self.home / f"{command[0]}.log"
        log.unlink(missing_ok=True)
        self.run(*command, "--yes", "--skip-preview", "--event-log", str(log))
        return changes([json.loads(line) for line in log.read_text().splitlines()])

    def ids(self) -> dict[str, str]:
        """By URN, the ids of Prefect's objects."""
        resources = json.loads(self.run("stack", "export"))["deployment"]["resources"]
        return {r["urn"]: r["id"] for r in resources if r["type"].startswith(PREFIX)}

    def take(self, state: Path, ids: dict[str, str]) -> None:
        """Have the stack's state be ``state``, about the objects that there are."""
        text = state.read_text().replace("ROOT", str(ROOT))
        for resource in json.loads(text)["deployment"]["resources"]:
            if resource["urn"] in ids:
                text = text.replace(resource["id"], ids[resource["urn"]])
        self.run("stack", "import", told=text)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.stem)
def test_a_stack_of_an_earlier_version_goes_over(
    tmp_path: Path, api_url: str, pulumi_bin: Path, prefect: httpx.Client, state: Path
) -> None:
    local = Local(tmp_path, api_url, pulumi_bin)
    local.changes("up")
    ids = local.ids()
    local.take(state, ids)
    assert local.ids() == ids, "it is the state of another program: record what this one makes"
    done = local.changes("up")
    assert not set(done.values()) & {"create", "replace", "delete"}, done
    assert local.ids() == ids
    # Deleted and read by what the older state says of their providers, as nothing has changed.
    local.take(state, ids)
    assert set(local.changes("refresh").values()) <= {"update"}
    assert local.ids() == ids
    assert set(local.changes("destroy").values()) == {"delete"}
    left = prefect.post("/deployments/filter", json={}).raise_for_status().json()
    assert not {each["id"] for each in left} & {*ids.values()}
