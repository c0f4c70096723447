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
from local.commands import Commands, Told
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


class Local(Commands):
    """Of the stack of processes."""

    def __init__(self, places: Places, console: Console) -> None:
        super().__init__(console)
        self.places = places

    def up(self, told: Told) -> int:
        return 0 if up(self.places, self.console, proof=told.runs) else 1

    def down(self, told: Told) -> int:
        if not self.places.base.exists():
            self.console.print("There is no local stack.")
            return 0
        with watched(self.places.root):
            self._stop()
        return 0

    def _stop(self) -> None:
        services = Services(self.places, self.console.print)
        for name in reversed(SERVICES):  # the worker first: it still has something to report
            self.console.print(f"{name}: {'stopped' if services.stop(name) else 'was not running'}")

    def status(self, told: Told) -> int:
        """Fails when a service has died, so that a script can ask."""
        died = 0
        services = Services(self.places)
        table = Table("service", "state", "pid", "for", "log", box=box.SIMPLE)
        addresses: dict[str, str] = {}
        for name in SERVICES:
            record, log = services.running(name), self.places.shown(self.places.log(name))
            if record:
                since = str(timedelta(seconds=round(time.time() - record.created)))
                site = record.api_url.removesuffix("/api")
                own = f"http://{HOST}:{record.port}/health"
                addresses[name] = site if name == "server" else own
                table.add_row(name, "[green]running[/green]", str(record.pid), since, log)
            else:
                left = read(self.places.record(name)) is not None
                died += left
                state = "[red]died[/red]: make up" if left else "stopped"
                table.add_row(name, state, "", "", log)
        self.console.print(table)
        # Below, as a link that a narrow table cuts is no link.
        for name, address in addresses.items():
            self.console.print(f"{name:8}{address}", soft_wrap=True)
        return 1 if died else 0

    def logs(self, told: Told) -> int:
        wanted = [told.service] if told.service else LOGS
        logs = [str(log) for name in wanted if (log := self.places.log(name)).exists()]
        if not logs:
            self.console.print("There are no logs yet: make up")
            return 1
        follow = ["-F"] if told.follow else []
        return subprocess.run(["tail", "-n", str(told.lines), *follow, *logs]).returncode

    def destroy(self, told: Told) -> int:
        what = f"This removes all of the local stack, its data and run history: {self.places.base}"
        if not self.agreed(told, what, "make destroy"):
            return 1
        if not self.places.base.exists():
            self.console.print("There is no local stack.")
            return 0
        services = Services(self.places, self.console.print)
        others = exclusive(self.places.lock("up"), self.waiting)
        with others, watched(self.places.root):
            if Stack(places=self.places, environment={}).file:
                server = services.ensure(
                    "server", lambda known: prefect.server(self.places, known, self.console.print)
                )
                ours = environment(self.places, server.api_url, engine.find().bin)
                Stack(places=self.places, environment=ours, say=self.console.print).destroy()
            self._stop()
            shutil.rmtree(self.places.base)
        self.console.print("The local stack is gone.")
        return 0

    def env(self, told: Told) -> int:
        if told.command and not Stack(places=self.places, environment={}).file:
            self.console.print("There is no local stack yet: make up")
            return 1
        self.places.make()
        known = read(self.places.record("server"))
        url = known.api_url if known else prefect.api_url(prefect.DEFAULT_PORT)
        wanted = environment(self.places, url, engine.find().bin)
        if told.command:
            with watched(self.places.root):
                return command.run(told.command, say=self.console.print, environment=wanted)
        print(*exports(wanted, os.environ), sep="\n")
        return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    return commands.add(made, LOGS)


def main(arguments: Sequence[str] | None = None) -> int:
    told, console = parser().parse_args(arguments), Console()
    return status_of(lambda: Local(Places(), console).carry_out(told), console)


if __name__ == "__main__":
    sys.exit(main())
