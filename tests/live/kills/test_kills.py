"""`kill -9` of a whole `pulumi up`, its providers included, wherever it happens to be.

``DATAFLOWS_KILLS=50`` kills that many times. One stack goes through all of them: each `up` is to
make it another random world, and is killed at a random request (before Prefect saw it, or after
Prefect has done it and before the answer), or at a random moment.
"""

import contextlib
import json
import os
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import psutil
import pytest

from tests.live.project import Project
from tests.live.proxy import Asked, Reset, forwarding, listening

pytestmark = pytest.mark.live

KILLS = int(os.environ.get("DATAFLOWS_KILLS", "5"))
PROGRAM = Path(__file__).with_name("program.py").read_text()
POOL = "killed-pool"
KINDS = (
    "queues",
    "variables",
    "block_documents",
    "concurrency_limits",
    "automations",
    "deployments",
)


def random_world(chance: random.Random) -> dict:
    world = {"pool": POOL}
    for kind in KINDS:
        names = [f"killed-{kind.replace('_', '-')}-{n}" for n in range(3)]
        world[kind] = {name: chance.randrange(1, 9) for name in names if chance.random() < 0.6}
    return world


def on_server(prefect: httpx.Client) -> dict[str, Counter]:
    """The names of what is there, each as often as it is."""
    paths = {kind: f"/{kind}/filter" for kind in KINDS}
    paths["queues"] = f"/work_pools/{POOL}/queues/filter"
    paths["concurrency_limits"] = "/v2/concurrency_limits/filter"
    found = {}
    for kind, path in paths.items():
        told = prefect.post(path, json={"limit": 200}).raise_for_status().json()
        found[kind] = Counter(o["name"] for o in told if str(o["name"]).startswith("killed-"))
    limits = prefect.post(paths["concurrency_limits"], json={"limit": 200}).json()
    deployments = prefect.post(paths["deployments"], json={"limit": 200}).json()
    left = [d["name"] for d in deployments if d["paused"] and d["name"].startswith("killed-")]
    assert not left, "paused for a successor, and left so"
    ids = {d["id"] for d in deployments}
    own = {o["name"].removeprefix("deployment:") for o in limits if ":" in o["name"]}
    assert own <= ids, "a limit of a deployment that is no more"
    return found


def declared_by(world: dict) -> dict[str, Counter]:
    """The same of what the program declares."""
    names = {kind: list(world[kind]) for kind in KINDS}
    names["deployments"] = [f"{n}-{value % 2}" for n, value in world["deployments"].items()]
    return {kind: Counter(told) for kind, told in names.items()}


class Killer:
    """Lets an `up` pass until its moment has come; kills every process of it then."""

    def __init__(self, project: Project, chance: random.Random) -> None:
        self.project, self.chance = project, chance
        self.how = ""

    def kill_an_up(self, forward, longest: float) -> None:
        self.how = self.chance.choice(["before", "after", "after", "moment"])
        left = self.chance.randrange(1, 9)
        counting = threading.Lock()
        dead = threading.Event()

        def answer(asked: Asked) -> httpx.Response:
            nonlocal left
            if asked.method != "GET":
                with counting:
                    left -= 1
                    mine = left == 0 and self.how != "moment"
                if mine and self.how == "before":
                    kill()
                    raise Reset
                if mine:
                    forward(asked)
                    kill()
                    raise Reset
            if dead.is_set():
                raise Reset
            return forward(asked)

        def kill() -> None:
            dead.set()
            with contextlib.suppress(psutil.NoSuchProcess):
                family = [root, *root.children(recursive=True)]
                for process in family:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()

        with listening(answer) as url:
            command = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
            up = self.project.start(*command, api_url=f"{url}/api")
            root = psutil.Process(up.pid)
            if self.how == "moment":
                time.sleep(self.chance.uniform(0.2, longest))
                kill()
            with contextlib.suppress(Exception):
                up.wait(120)
            if not dead.is_set():
                self.how = "too late"  # it had fewer requests to send


@pytest.mark.timeout(60 + 60 * KILLS)
def test_after_each_kill_one_command_puts_everything_right(
    tmp_path: Path, api_url: str, pulumi_bin: Path, prefect: httpx.Client, python_first: None
) -> None:
    project = Project(tmp_path / "project", api_url, pulumi_bin, PROGRAM)
    chance = random.Random(os.environ.get("DATAFLOWS_KILLS_SEED", "1"))  # noqa: S311
    killer = Killer(project, chance)
    kills: Counter[str] = Counter()
    longest = 6.0
    with forwarding(api_url) as forward:
        while kills.total() - kills["too late"] < KILLS:
            world = random_world(chance)
            (project.home / "world.json").write_text(json.dumps(world))
            killer.kill_an_up(forward, longest)
            kills[killer.how] += 1
            began = time.monotonic()
            project.run(sys.executable, "-m", "prefect_as_code.recover", "--yes")
            recovered = time.monotonic() - began
            assert on_server(prefect) == declared_by(world), f"kill {kills.total()}: {killer.how}"
            nothing = ("--yes", "--skip-preview", "--expect-no-changes")
            project.run("pulumi", "refresh", *nothing)
            if kills.total() % 5 == 1:
                project.run("pulumi", "up", *nothing)
            [state] = project.home.rglob("stacks/project/test.json")
            assert not json.loads(state.read_text())["checkpoint"]["latest"].get(
                "pending_operations"
            )
            print(f"kill {kills.total()} ({killer.how}): right again in {recovered:.1f} s")
    print(dict(kills))
