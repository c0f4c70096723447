"""A stack of this machine, driven through the Pulumi CLI: short on screen, whole in its log."""

import json
import re
import socket
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from local.places import Places
from local.services import Say
from tools import command, leftovers

SHOWN = re.compile(r"^\s*(Resources:|[+~-]+ ?\d|\d+ (unchanged|errored)|Duration:)")
ERROR_LINES = 40
CLOCK_SLACK = 2.0  # seconds; the kernel tells a process's age, psutil adds the time of boot


class StackError(Exception):
    """Pulumi refused; the message has its last words and where all of them are."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    places: Places
    environment: Mapping[str, str]
    say: Say = print
    name: str = "local"

    def up(self, *options: str) -> None:
        """Make the stack if there is none, and bring it in line with the program.

        With a refresh, so that what was removed in Prefect's UI comes back, and without a
        preview: what is at stake is this machine's own server.
        """
        killed = self._was_killed()
        if self.file is None:
            self._make()
        elif killed:
            self.say("  taking up what a killed one has left")
            recover = ("-m", "prefect_as_code.recover", "--stack", self.name, "--yes", "--prune")
            self._run([sys.executable, *recover])
            return
        brief = ("--skip-preview", "--refresh", "--suppress-outputs")
        self._pulumi("up", "--yes", *brief, *options)

    def outputs(self) -> dict[str, Any]:
        outputs: dict[str, Any] = json.loads(self._pulumi("stack", "output", "--json"))
        return outputs

    def destroy(self) -> None:
        """Remove all that the stack has made, and the stack."""
        if self.file is None:
            return
        if self._was_killed():
            self._pulumi("cancel", "--yes")
            self._pulumi("refresh", "--clear-pending-creates", "--yes", "--skip-preview")
        self._pulumi("destroy", "--yes", "--skip-preview")
        self._pulumi("stack", "rm", "--yes", "--preserve-config")

    @property
    def file(self) -> Path | None:
        """Its state, once it is made."""
        return next((self.places.state / ".pulumi" / "stacks").glob(f"*/{self.name}.json"), None)

    def resources(self, type_: str) -> list[dict[str, Any]]:
        """Those of one type, as its state has them."""
        latest = self._latest().get("resources") or []
        return [each for each in latest if each["type"] == type_ and not each.get("delete")]

    def _latest(self) -> dict[str, Any]:
        if self.file is None:
            return {}
        return json.loads(self.file.read_text())["checkpoint"].get("latest") or {}

    def _make(self) -> None:
        for lock in self._locks():  # of an `init` or an `rm`: `pulumi cancel` knows no such stack
            lock.unlink()
        # Every command names the stack: which one is selected is the user's own business.
        self._pulumi("stack", "init", "--no-select")

    def _was_killed(self) -> bool:
        """Whether an update ended without putting away its lock, or its note of what it was at.

        Raises:
            StackError: it may still be at it.
        """
        found = False
        for lock in self._locks():
            found = True
            try:
                holder = json.loads(lock.read_text())
            except ValueError:  # cut off
                continue
            if _may_live(holder):
                who = f"process {holder['pid']} on {holder.get('hostname')}"
                raise StackError(f"{who} is changing the stack: wait for it, or end it")
        return found or self._has_pending_operations()

    def _locks(self) -> Sequence[Path]:
        return [*(self.places.state / ".pulumi" / "locks").rglob("*.json")]

    def _has_pending_operations(self) -> bool:
        return bool(self._latest().get("pending_operations"))

    def _pulumi(self, *arguments: str) -> str:
        """Run one command of Pulumi's on the stack, and return what it printed."""
        quiet = ["--non-interactive", "--color", "never"]
        return self._run(["pulumi", *arguments, "--stack", self.name, *quiet])

    def _run(self, call: Sequence[str]) -> str:
        """What ``call`` printed, and what it complained of; its log has that too."""
        log = self.places.log("pulumi")
        lines: list[str] = []

        def heard(line: str) -> None:
            lines.append(line)
            if SHOWN.match(line):
                self.say(f"  {line.strip()}")

        with log.open("a") as output:
            print(f"--- {datetime.now():%Y-%m-%d %H:%M:%S} {' '.join(call)}", file=output)
        status = command.run(
            call,
            say=self.say,
            environment=self.environment,
            folder=self.places.root,
            log=log,
            heard=heard,
        )
        if status:
            where = self.places.shown(log)
            what = f"`{' '.join(call[:3])}`"
            told = _essence(lines)
            raise StackError(
                f"{what} failed (exit status {status}); all it said is in {where}:\n{told}"
            )
        return "".join(lines)


def _may_live(holder: Mapping[str, Any]) -> bool:
    """Whether the process is still there that took a lock, as far as can be told from here."""
    if holder.get("hostname") != socket.gethostname():
        return True
    try:
        process = psutil.Process(holder["pid"])
        began = process.create_time()
    except psutil.Error:
        return False
    if not leftovers.goes_on(process):
        return False
    locked = datetime.fromisoformat(holder["timestamp"]).timestamp()
    return began < locked + CLOCK_SLACK


def _essence(lines: Sequence[str]) -> str:
    """The diagnostics, where Pulumi came so far as to have some; else its last words."""
    text = "".join(lines)
    _, found, after = text.partition("\nDiagnostics:\n")
    told = after.partition("\nResources:\n")[0] if found else "".join(lines[-ERROR_LINES:])
    return textwrap.indent(told.strip("\n"), "    ")
