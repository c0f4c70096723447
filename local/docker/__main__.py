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
from local.commands import Commands, Told
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


class OnDocker(Commands):
    """Of a stack on a Docker host."""

    def __init__(self, host: Host, console: Console) -> None:
        super().__init__(console)
        self.host = host

    def up(self, told: Told) -> int:
        return 0 if up(self.host, self.console, proof=told.runs) else 1

    def down(self, told: Told) -> int:
        if not self.host.places.base.exists():
            self.console.print(f"There is no stack {self.host.stack}.")
            return 0
        self.host.engine.check()
        with watched(self.host.places.root):
            self.host.stop()  # while the server is there to be told of it
            self.host.control_plane.stop()
        self.console.print(f"{' and '.join(SERVICES)}: stopped")
        return 0

    def status(self, told: Told) -> int:
        """Fails when a container has died, so that a script can ask."""
        self.host.engine.check()
        died = 0
        table = Table("container", "state", "", box=box.SIMPLE)
        own = self.host.engine.containers(f"label={self.host.label}", form=_FORM)
        for line in (*self.host.control_plane.containers(_FORM), *own):
            name, state, status = line.split("\t")
            ill = state in ("restarting", "dead") or "(unhealthy)" in status
            died += ill
            table.add_row(name, f"[red]{state}[/red]" if ill else state, status)
        self.console.print(table)
        if url := self.host.control_plane.url():
            self.console.print(f"Prefect: {url.removesuffix('/api')}", soft_wrap=True)
        return 1 if died else 0

    def logs(self, told: Told) -> int:
        self.host.engine.check()
        known = {"agent": self.host.engine.containers(f"name=^{self.host.agent}$")}
        for service in SERVICES:
            label = f"label=com.docker.compose.service={service}"
            project = f"label=com.docker.compose.project={self.host.control_plane.project}"
            known[service] = self.host.engine.containers(label, project)
        names = [n for s, found in known.items() if told.service in (None, s) for n in found]
        if not names:
            self.console.print(f"There are no logs yet: make up STACK={self.host.stack}")
            return 1
        options = ["--tail", str(told.lines), *(["--follow"] if told.follow else [])]
        at_once = []
        for name in names:
            self.console.print(f"==> {name} <==", style="bold")
            process = subprocess.Popen(
                ["docker", "logs", *options, name],
                env=self.host.engine.environment,
                stderr=sys.stdout,
            )
            if not told.follow:
                process.wait()
            at_once.append(process)
        return max(process.wait() for process in at_once)

    def destroy(self, told: Told) -> int:
        if not self.host.places.base.exists():
            self.console.print(f"There is no stack {self.host.stack}.")
            return 0
        what = f"This removes all of the stack {self.host.stack}, its run history and its state."
        if not self.agreed(told, what, f"make destroy STACK={self.host.stack}"):
            return 1
        self.host.engine.check()
        others = exclusive(self.host.places.lock("up"), self.waiting)
        with others, watched(self.host.places.root):
            self.host.stop()
            found = engine.find().bin
            if self.host.pulumi("", found).file:
                self.host.pulumi(self.host.control_plane.up(), found).destroy()
            kept = self.host.remove_left()
            self.host.control_plane.remove()
            shutil.rmtree(self.host.places.base)
        self.console.print(f"The stack {self.host.stack} is gone.")
        if kept:
            self.console.print(f"Kept, as host.on_destroy is: the volumes {', '.join(kept)}")
        return 0

    def env(self, told: Told) -> int:
        url, stack = self.host.control_plane.url(), self.host.stack
        if not url:
            self.console.print(f"There is no stack {stack} yet: make up STACK={stack}")
            return 1
        ours = self.host.pulumi(url, engine.find().bin).environment
        if not told.command:
            print(*exports(ours, os.environ), sep="\n")
            return 0
        with watched(self.host.places.root):
            return command.run(told.command, say=self.console.print, environment=ours)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m local.docker", description=__doc__)
    made.add_argument("--stack", default="docker", help="one whose runner.kind is docker")
    return commands.add(made, ("agent", *SERVICES))


def main(arguments: Sequence[str] | None = None) -> int:
    told, console = parser().parse_args(arguments), Console()
    host = Host(Places(folder=FOLDER), told.stack, console.print)
    return status_of(lambda: OnDocker(host, console).carry_out(told), console)


if __name__ == "__main__":
    sys.exit(main())
