"""`python -m local`: the local stack's commands, which the Makefile calls."""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import timedelta

from rich import box
from rich.console import Console
from rich.table import Table

from local import commands, prefect
from local.environment import environment, exports
from local.places import Places
from local.ports import HOST
from local.records import read
from local.services import Services
from local.stack import Stack
from local.steps import status_of
from local.up import up
from tools import command, engine
from tools.command import watched
from tools.locks import exclusive

SERVICES = ("server", "worker")
LOGS = (*SERVICES, "pulumi")


def run_up(places: Places, console: Console, told: argparse.Namespace) -> int:
    return 0 if up(places, console, proof=told.runs) else 1


def run_down(places: Places, console: Console, told: argparse.Namespace) -> int:
    if not places.base.exists():
        console.print("There is no local stack.")
        return 0
    with watched(places.root):
        _stop(places, console)
    return 0


def _stop(places: Places, console: Console) -> None:
    services = Services(places, console.print)
    for name in reversed(SERVICES):  # the worker first: it still has something to report
        console.print(f"{name}: {'stopped' if services.stop(name) else 'was not running'}")


def run_status(places: Places, console: Console, told: argparse.Namespace) -> int:
    """Fails when a service has died, so that a script can ask."""
    died = 0
    services = Services(places)
    table = Table("service", "state", "pid", "for", "log", box=box.SIMPLE)
    addresses: dict[str, str] = {}
    for name in SERVICES:
        record, log = services.running(name), places.shown(places.log(name))
        if record:
            since = str(timedelta(seconds=round(time.time() - record.created)))
            site = record.api_url.removesuffix("/api")
            own = f"http://{HOST}:{record.port}/health"
            addresses[name] = site if name == "server" else own
            table.add_row(name, "[green]running[/green]", str(record.pid), since, log)
        else:
            left = read(places.record(name)) is not None
            died += left
            state = "[red]died[/red]: make up" if left else "stopped"
            table.add_row(name, state, "", "", log)
    console.print(table)
    for name, address in addresses.items():  # below, as a link that a narrow table cuts is no link
        console.print(f"{name:8}{address}", soft_wrap=True)
    return 1 if died else 0


def run_logs(places: Places, console: Console, told: argparse.Namespace) -> int:
    wanted = [told.service] if told.service else LOGS
    logs = [str(log) for name in wanted if (log := places.log(name)).exists()]
    if not logs:
        console.print("There are no logs yet: make up")
        return 1
    follow = ["-F"] if told.follow else []
    return subprocess.run(["tail", "-n", str(told.lines), *follow, *logs]).returncode


def run_destroy(places: Places, console: Console, told: argparse.Namespace) -> int:
    what = f"This removes all of the local stack, its data and run history: {places.base}"
    if not told.yes:
        console.print(what)
        if not sys.stdin.isatty() or input("Type yes to go on: ").strip() != "yes":
            console.print("Nothing was removed. (`make destroy YES=1` does not ask.)")
            return 1
    if not places.base.exists():
        console.print("There is no local stack.")
        return 0
    services = Services(places, console.print)
    others = exclusive(places.lock("up"), lambda pid: console.print(f"waiting for process {pid}"))
    with others, watched(places.root):
        if Stack(places=places, environment={}).file:
            server = services.ensure("server", lambda k: prefect.server(places, k, console.print))
            ours = environment(places, server.api_url, engine.find().bin)
            Stack(places=places, environment=ours, say=console.print).destroy()
        _stop(places, console)
        shutil.rmtree(places.base)
    console.print("The local stack is gone.")
    return 0


def run_env(places: Places, console: Console, told: argparse.Namespace) -> int:
    if told.command and not Stack(places=places, environment={}).file:
        console.print("There is no local stack yet: make up")
        return 1
    places.make()
    known = read(places.record("server"))
    url = known.api_url if known else prefect.api_url(prefect.DEFAULT_PORT)
    wanted = environment(places, url, engine.find().bin)
    if told.command:
        with watched(places.root):
            return command.run(told.command, say=console.print, environment=wanted)
    print(*exports(wanted, os.environ), sep="\n")
    return 0


ACTIONS = {
    "up": run_up,
    "status": run_status,
    "logs": run_logs,
    "down": run_down,
    "destroy": run_destroy,
    "env": run_env,
}


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands.add(parser, ACTIONS, LOGS)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    told = parser().parse_args(arguments)
    console = Console()
    return status_of(lambda: int(told.action(Places(), console, told)), console)


if __name__ == "__main__":
    sys.exit(main())
