"""The `local` stack, driven through the Pulumi CLI: short on screen, whole in its log."""

import json
import re
import shutil
import socket
import subprocess
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psutil

from local.places import Places
from local.services import Say

NAME = "local"
SHOWN = re.compile(r"^\s*(Resources:|[+~-]+ \d|\d+ (unchanged|errored)|Duration:)")
ERROR_LINES = 40


class StackError(Exception):
    """Pulumi refused; the message has its last words and where all of them are."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    places: Places
    environment: Mapping[str, str]
    say: Say = print

    def up(self) -> None:
        """Make the stack if there is none, and bring it in line with the program.

        With a refresh, so that what was removed in Prefect's UI comes back, and without a
        preview: what is at stake is this machine's own server.
        """
        self._select()
        self._pulumi("up", "--yes", "--skip-preview", "--refresh", "--suppress-outputs")

    def outputs(self) -> dict[str, Any]:
        outputs: dict[str, Any] = json.loads(self._pulumi("stack", "output", "--json"))
        return outputs

    def destroy(self) -> None:
        self._select()
        self._pulumi("destroy", "--yes", "--skip-preview")
        self._pulumi("stack", "rm", "--yes", "--preserve-config")

    def _select(self) -> None:
        self._pulumi("stack", "select", "--create")
        self._free_lock()

    def _free_lock(self) -> None:
        """A killed Pulumi leaves its lock behind; one that still runs keeps it."""
        for lock in (self.places.state / ".pulumi" / "locks").rglob("*.json"):
            holder = json.loads(lock.read_text())
            here = holder.get("hostname") == socket.gethostname()
            if not here or psutil.pid_exists(holder["pid"]):
                who = f"process {holder['pid']} on {holder.get('hostname')}"
                raise StackError(f"{who} is changing the stack: wait for it, or end it")
            self.say(f"  freeing the lock of process {holder['pid']}, which is gone")
            self._pulumi("cancel", "--yes")

    def _pulumi(self, *arguments: str) -> str:
        """Run one command and return what it printed; its log also has what it complained of."""
        quiet = ["--non-interactive", "--color", "never"]
        command = [self._program(), *arguments, "--stack", NAME, *quiet]
        log = self.places.log("pulumi")
        lines: list[str] = []
        with log.open("a") as output:
            print(f"--- {datetime.now():%Y-%m-%d %H:%M:%S} {' '.join(command)}", file=output)
            process = subprocess.Popen(
                command,
                cwd=self.places.root,
                env=dict(self.environment),
                text=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            for line in process.stdout or ():
                print(line, end="", file=output, flush=True)
                lines.append(line)
                if SHOWN.match(line):
                    self.say(f"  {line.strip()}")
        if status := process.wait():
            where = self.places.shown(log)
            what = f"`{' '.join(['pulumi', *arguments[:2]])}`"
            told = _essence(lines)
            raise StackError(
                f"{what} failed (exit status {status}); all it said is in {where}:\n{told}"
            )
        return "".join(lines)

    def _program(self) -> str:
        """The environment's own, as our PATH may have another."""
        return shutil.which("pulumi", path=self.environment["PATH"]) or "pulumi"


def _essence(lines: Sequence[str]) -> str:
    """The diagnostics, where Pulumi came so far as to have some; else its last words."""
    text = "".join(lines)
    _, found, after = text.partition("\nDiagnostics:\n")
    told = after.partition("\nResources:\n")[0] if found else "".join(lines[-ERROR_LINES:])
    return textwrap.indent(told.strip("\n"), "    ")
