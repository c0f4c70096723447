"""The commands of a stack of this machine, as they are called; what each does is the stack's."""

import argparse
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence

from rich.console import Console

Told = argparse.Namespace


class Commands(ABC):
    """Of one stack; each gives its exit status."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @abstractmethod
    def up(self, told: Told) -> int: ...

    @abstractmethod
    def status(self, told: Told) -> int: ...

    @abstractmethod
    def logs(self, told: Told) -> int: ...

    @abstractmethod
    def down(self, told: Told) -> int: ...

    @abstractmethod
    def destroy(self, told: Told) -> int: ...

    @abstractmethod
    def env(self, told: Told) -> int: ...

    def carry_out(self, told: Told) -> int:
        """The command that is ``told``, as ``add`` has it parsed."""
        return int(getattr(self, told.action)(told))

    def waiting(self, pid: str) -> None:
        self.console.print(f"waiting for process {pid}")

    def agreed(self, told: Told, what: str, again: str) -> bool:
        """Whether ``what`` may be done, which is asked on a terminal unless it is told."""
        if told.yes:
            return True
        self.console.print(what)
        if sys.stdin.isatty() and input("Type yes to go on: ").strip() == "yes":
            return True
        self.console.print(f"Nothing was removed. (`{again} YES=1` does not ask.)")
        return False


def add(parser: argparse.ArgumentParser, logs: Sequence[str]) -> argparse.ArgumentParser:
    """Add the commands to ``parser``; ``logs`` are the services that have one."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(action=name)
        return added

    bring = command("up", "Bring the stack up and run its flows; safe to repeat.")
    bring.add_argument("--no-runs", dest="runs", action="store_false", help="start no flows")
    command("status", "Show what runs; fails when something has died.")
    shown = command("logs", "Show the end of the logs.")
    shown.add_argument("service", nargs="?", choices=logs, help="one log only")
    shown.add_argument("-f", "--follow", action="store_true", help="go on as they grow")
    shown.add_argument("-n", "--lines", type=int, default=40, help="how many lines (40)")
    command("down", "Stop what runs; data and run history stay.")
    destroy = command("destroy", "Remove everything that `up` made, data included.")
    destroy.add_argument("--yes", action="store_true", help="do not ask")
    text = 'Print shell exports, for eval "$(make -s env)"; or run one COMMAND among them.'
    env = command("env", text)
    env.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    return parser
