"""Registering deployments: `pulumi up` with prefect_as_code beside `prefect deploy --all`.

Both against the same Prefect server (SQLite) on this machine, for 10, 100 and 1,000 deployments:
the first registration, one with nothing changed, one with one changed, and one with one removed.
Each side has its own copy of the server, as 1,000 deployments of the one, with the 100,000 runs
that are planned for them, would make it slower for the other. What takes two seconds is done again
until ten are full, and told by its median: over the half minute that the other side takes, the
machine's whims are a mean already.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
from rich.console import Console
from rich.table import Table

from bench.measure import Measured, measure
from tests.live.server import prefect_server
from tools import engine, interrupts

ROOT = Path(__file__).parents[1]
FLOW = '''
from prefect import flow

@flow
def orders(day: int = 1, shop: str = "one", limit: float = 0.5) -> None:
    """Store the orders of a day."""
'''
PROGRAM = """
import json
import pulumi
from prefect_as_code import Deployment, DeploymentArgs, flow_of

schema = flow_of("orders.py:orders")["parameter_openapi_schema"]
for name, day in json.load(open("wanted.json")).items():
    Deployment(name, DeploymentArgs(
        flow_name="orders-pulumi", name=name, entrypoint="orders.py:orders",
        work_pool_name="bench", parameters={"day": day}, parameter_openapi_schema=schema,
        tags=["bench"], schedules=[{"slug": "daily", "cron": "0 6 * * *", "timezone": "UTC"}],
        pull_steps=[{"prefect.deployments.steps.set_working_directory": {"directory": "/code"}}],
    ))
"""
Wanted = dict[str, int]


def environment() -> dict[str, str]:
    """As a user has it: Python may keep the bytecode of what it has compiled."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


class Requests:
    """How many requests the server has taken, by its own log: a proxy would slow both sides."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def __len__(self) -> int:
        return self.log.read_text().count(" | uvicorn.access - ")


class Ours:
    """A Pulumi project of its own, with a file backend as our docs advise; no previews, as the peer
    has none."""

    name = "pulumi up"

    def __init__(self, folder: Path, api_url: str) -> None:
        self.folder, bin_ = folder, engine.find().bin
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text("name: bench\nruntime: python\n")
        (folder / "__main__.py").write_text(PROGRAM)
        (folder / "orders.py").write_text(FLOW)
        (folder / "state").mkdir()
        self.env = {
            **environment(),
            "PATH": os.pathsep.join(
                [str(Path(sys.executable).parent), str(bin_), os.environ["PATH"]]
            ),
            "VIRTUAL_ENV": sys.prefix,
            "PYTHONPATH": str(ROOT),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder}/state?metadata=skip",
            "PULUMI_CONFIG_PASSPHRASE": "bench",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PREFECT_API_URL": api_url,
        }
        measure(["pulumi", "stack", "init", "bench"], cwd=folder, env=self.env)

    def register(self, wanted: Wanted) -> Measured:
        (self.folder / "wanted.json").write_text(json.dumps(wanted))
        command = [
            "pulumi",
            "up",
            "--yes",
            "--skip-preview",
            "--stack",
            "bench",
            "--suppress-outputs",
        ]
        return measure(command, cwd=self.folder, env=self.env)


class Checkpointless(Ours):
    """The same, with the state written at the end only: what the file backend costs."""

    name = "pulumi up, PULUMI_SKIP_CHECKPOINTS"

    def __init__(self, folder: Path, api_url: str) -> None:
        super().__init__(folder, api_url)
        self.env |= {"PULUMI_SKIP_CHECKPOINTS": "true", "PULUMI_EXPERIMENTAL": "true"}


class Peer:
    """`prefect deploy --all`; what is removed from its file stays on the server."""

    name = "prefect deploy --all"

    def __init__(self, folder: Path, api_url: str) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "orders.py").write_text(FLOW)
        home = {"PREFECT_HOME": str(folder / "home"), "PREFECT_API_URL": api_url}
        self.env = {**environment(), **home, "NO_COLOR": "1"}

    def register(self, wanted: Wanted) -> Measured:
        lines = ["deployments:"]
        for name, day in wanted.items():
            lines += [
                f"- name: {name}",
                "  entrypoint: orders.py:orders",
                f"  parameters: {{day: {day}}}",
                "  tags: [bench]",
                "  work_pool: {name: bench}",
                "  schedules: [{slug: daily, cron: '0 6 * * *', timezone: UTC}]",
                "  pull: [{prefect.deployments.steps.set_working_directory: {directory: /code}}]",
            ]
        (self.folder / "prefect.yaml").write_text("\n".join(lines) + "\n")
        command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
        return measure(command, cwd=self.folder, env=self.env)


def first(count: int) -> Wanted:
    return {f"d{number:04}": 1 for number in range(count)}


def unchanged(wanted: Wanted) -> Wanted:
    return wanted


def one_changed(wanted: Wanted) -> Wanted:
    name, day = next(iter(wanted.items()))
    return {**wanted, name: day + 1}


def one_removed(wanted: Wanted) -> Wanted:
    return dict(list(wanted.items())[:-1])


# What each case makes of what is registered, and whether it is the same case when done again.
CASES: dict[str, tuple[Callable[[Wanted], Wanted], bool]] = {
    "first": (unchanged, False),  # on a server that has none
    "unchanged": (unchanged, True),
    "one changed": (one_changed, True),
    "one removed": (one_removed, False),
}
ENOUGH = 10.0  # seconds of a case


@dataclass(frozen=True, kw_only=True)
class Registered(Measured):
    """``requests``: how many one registration sent."""

    requests: int


Run = dict[tuple[str, str], Registered]  # by case and side


@dataclass
class Side:
    """One way to register, with a server that has met nobody else, and what is registered there."""

    how: Peer | Ours
    requests: Requests
    wanted: Wanted

    def take(self, case: str) -> Registered:
        becomes, again = CASES[case]
        taken: list[Registered] = []
        while not taken or (again and sum(each.seconds for each in taken) < ENOUGH):
            self.wanted = becomes(self.wanted)
            before = len(self.requests)
            took = self.how.register(self.wanted)
            taken.append(Registered(**vars(took), requests=len(self.requests) - before))
        return Registered(
            seconds=median(each.seconds for each in taken),
            megabytes=median(each.megabytes for each in taken),
            requests=round(median(each.requests for each in taken)),
        )


@contextmanager
def served(how: type[Peer | Ours], count: int, folder: Path) -> Iterator[Side]:
    server = folder / "server"
    server.mkdir(parents=True)
    with prefect_server(server, logging="INFO") as api_url:
        pool = {"name": "bench", "type": "process"}
        httpx.post(f"{api_url}/work_pools/", json=pool).raise_for_status()
        yield Side(how(folder / "project", api_url), Requests(server / "server.log"), first(count))


def run(count: int, last: str, say: Callable[[str], None]) -> Run:
    """Peer and ours in turn for each case up to ``last``, so that both meet the same machine."""
    told: Run = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as servers:
        sides = [
            servers.enter_context(served(how, count, Path(name) / how.__name__))
            for how in (Peer, Ours, Checkpointless)
        ]
        for case in CASES:
            for side in sides:
                took = told[case, side.how.name] = side.take(case)
                say(f"{count} {case} {side.how.name}: {took.seconds:.1f} s")
            if case == last:
                break
    return told


def show(count: int, runs: list[Run], table: Table) -> None:
    """Medians, the ratios' too: each is of one run, in which the machine was the same to both."""
    for case, side in runs[0]:
        took = [run[case, side] for run in runs]
        ratios = [run[case, Peer.name].seconds / run[case, side].seconds for run in runs]
        table.add_row(
            f"{count:,}",
            case,
            side,
            f"{median(t.seconds for t in took):.1f}",
            f"{median(t.requests for t in took):,.0f}",
            f"{median(t.megabytes for t in took):.0f}",
            "" if side == Peer.name else f"{median(ratios):.1f} times",
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.registration", description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[10, 100], help="how many (10 100)")
    parser.add_argument("--times", type=int, default=1, help="how often, each on a new server (1)")
    names = list(CASES)
    parser.add_argument("--until", choices=names, default=names[-1], help="the last case (all)")
    told = parser.parse_args()
    interrupts.heed()
    console = Console(width=110)
    columns = ("deployments", "case", "side", "seconds", "requests", "MB", "faster than the peer")
    table = Table(*columns, title="Registration")
    for count in told.counts:
        show(count, [run(count, told.until, console.print) for _ in range(told.times)], table)
    console.print(table)


if __name__ == "__main__":
    main()
