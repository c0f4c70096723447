"""The ways to interrupt a command."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil

from bench.interrupts.place import POLL_SECONDS, Terminal
from local import records

Kind = Callable[[Terminal, random.Random], bool]  # whether there was anything to interrupt


def _ctrl_c(terminal: Terminal, chance: random.Random) -> bool:
    with suppress(OSError):  # it has just ended
        os.write(terminal.keyboard, b"\x03")
    return True


def _ctrl_c_twice(terminal: Terminal, chance: random.Random) -> bool:
    pause = chance.uniform(0.05, 1.5)
    _ctrl_c(terminal, chance)
    if terminal.wait(pause) is None:
        _ctrl_c(terminal, chance)
    return True


def _closed(terminal: Terminal, chance: random.Random) -> bool:
    terminal.close()
    return True


def _to_group(number: int) -> Kind:
    def kind(terminal: Terminal, chance: random.Random) -> bool:
        os.killpg(terminal.make.pid, number)
        return True

    return kind


def _to_make(number: int) -> Kind:
    def kind(terminal: Terminal, chance: random.Random) -> bool:
        terminal.make.send_signal(number)
        return True

    return kind


def _kill(*words: str) -> Kind:
    """Once there is one of that name: Pulumi comes and goes."""

    def kind(terminal: Terminal, chance: random.Random) -> bool:
        while terminal.wait(POLL_SECONDS) is None:
            if process := terminal.named(*words):
                time.sleep(chance.uniform(0.0, 0.5))
                return _killed([process]) > 0
        return False

    return kind


def _kill_all(terminal: Terminal, chance: random.Random) -> bool:
    """All at once, the watcher too; but no service, and nothing that is born meanwhile."""
    return _killed(p for p in terminal.place.processes() if not _is_service(p)) > 0


def _killed(processes: Iterable[psutil.Process]) -> int:
    count = 0
    for process in list(processes):
        with suppress(psutil.Error):
            process.kill()
            count += 1
    return count


def _is_service(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return records.MARK in process.environ()
    return True


KINDS: dict[str, Kind] = {
    "ctrl-c": _ctrl_c,
    "ctrl-c-twice": _ctrl_c_twice,
    "closed-terminal": _closed,
    "term-group": _to_group(signal.SIGTERM),
    "int-make": _to_make(signal.SIGINT),
    "term-make": _to_make(signal.SIGTERM),
    "kill-make": _to_make(signal.SIGKILL),
    "kill-command": _kill("-m", "local"),
    "kill-pulumi": _kill("pulumi"),
    "kill-group": _to_group(signal.SIGKILL),
    "kill-all": _kill_all,
}
