"""`python -m local.docker`: the commands of a stack on a Docker host, which the Makefile calls."""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from local import commands
from local.docker.control_plane import SERVICES
from local.docker.host import FOLDER, Host
from local.docker.up import up
from local.environment import exports
from local.places import Places
from local.steps import status_of
from tools import command, engine
from tools.command import watched
from tools.locks import exclusive

_FORM = "{{.Names}}\t{{.State}}\t{{.Status}}"


def run_up(host: Host, console: Console, told: argparse.Namespace) -> int:
    return 0 if up(host, console, proof=told.runs) else 1


def run_down(host: Host, console: Console, told: argparse.Namespace) -> int:
    if not host.places.base.exists():
        console.print(f"There is no stack {host.stack}.")
        return 0
    host.engine.check()
    with watched(host.places.root):
        host.stop()  # while the server is there to be told of it
        host.control_plane.stop()
    console.print(f"{' and '.join(SERVICES)}: stopped")
    return 0


def run_status(host: Host, console: Console, told: argparse.Namespace) -> int:
    """Fails when a container has died, so that a script can ask."""
    host.engine.check()
    died = 0
    table = Table("container", "state", "", box=box.SIMPLE)
    own = host.engine.containers(f"label={host.label}", form=_FORM)
    for line in (*host.control_plane.containers(_FORM), *own):
        name, state, status = line.split("\t")
        ill = state in ("restarting", "dead") or "(unhealthy)" in status
        died += ill
        table.add_row(name, f"[red]{state}[/red]" if ill else state, status)
    console.print(table)
    if url := host.control_plane.url():
        console.print(f"Prefect: {url.removesuffix('/api')}", soft_wrap=True)
    return 1 if died else 0


def run_logs(host: Host, console: Console, told: argparse.Namespace) -> int:
    host.engine.check()
    known = {"agent": host.engine.containers(f"name=^{host.agent}$")}
    for service in SERVICES:
        label = f"label=com.docker.compose.service={service}"
        project = f"label=com.docker.compose.project={host.control_plane.project}"
        known[service] = host.engine.containers(label, project)
    names = [n for s, found in known.items() if told.service in (None, s) for n in found]
    if not names:
        console.print(f"There are no logs yet: make up STACK={host.stack}")
        return 1
    options = ["--tail", str(told.lines), *(["--follow"] if told.follow else [])]
    at_once = []
    for name in names:
        console.print(f"==> {name} <==", style="bold")
        process = subprocess.Popen(
            ["docker", "logs", *options, name], env=host.engine.environment, stderr=sys.stdout
        )
        if not told.follow:
            process.wait()
        at_once.append(process)
    return max(process.wait() for process in at_once)


def run_destroy(host: Host, console: Console, told: argparse.Namespace) -> int:
    if not host.places.base.exists():
        console.print(f"There is no stack {host.stack}.")
        return 0
    if not told.yes:
        console.print(f"This removes all of the stack {host.stack}, its run history and its state.")
        if not sys.stdin.isatty() or input("Type yes to go on: ").strip() != "yes":
            console.print(f"Nothing was removed. (`make destroy STACK={host.stack} YES=1`)")
            return 1
    host.engine.check()
    others = exclusive(
        host.places.lock("up"), lambda pid: console.print(f"waiting for process {pid}")
    )
    with others, watched(host.places.root):
        host.stop()
        stack = host.pulumi("", engine.find().bin)
        if stack.file:
            host.pulumi(host.control_plane.up(), engine.find().bin).destroy()
        kept = host.remove_left()
        host.control_plane.remove()
        shutil.rmtree(host.places.base)
    console.print(f"The stack {host.stack} is gone.")
    if kept:
        console.print(f"Kept, as host.on_destroy is: the volumes {', '.join(kept)}")
    return 0


def run_env(host: Host, console: Console, told: argparse.Namespace) -> int:
    url = host.control_plane.url()
    if not url:
        console.print(f"There is no stack {host.stack} yet: make up STACK={host.stack}")
        return 1
    ours = host.pulumi(url, engine.find().bin).environment
    if not told.command:
        print(*exports(ours, os.environ), sep="\n")
        return 0
    with watched(host.places.root):
        return command.run(told.command, say=console.print, environment=ours)


ACTIONS = {
    "up": run_up,
    "status": run_status,
    "logs": run_logs,
    "down": run_down,
    "destroy": run_destroy,
    "env": run_env,
}


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.docker", description=__doc__)
    parser.add_argument("--stack", default="docker", help="one whose runner.kind is docker")
    commands.add(parser, ACTIONS, ("agent", *SERVICES))
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    told = parser().parse_args(arguments)
    console = Console()
    host = Host(Places(folder=FOLDER), told.stack, console.print)
    return status_of(lambda: int(told.action(host, console, told)), console)


if __name__ == "__main__":
    sys.exit(main())
