"""What a command starts bears its mark in the environment, and is found and ended by it.

``python -m tools.leftovers MARK SECONDS`` is a command's watcher: in a session of its own, which no
interrupt of the command reaches, it waits for its standard input to end, which the command holds
open as long as it lives, and ends what bears MARK then. So a command that is killed leaves nothing
behind either: not Pulumi's plugins, which have process groups of their own and outlive it.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "DATAFLOWS_COMMAND"
PULUMI = "pulumi"
CLOCK_SLACK = 2.0  # seconds; the kernel tells a process's age, psutil adds the time of boot
POLL_SECONDS = 0.1

Fits = Callable[[str], bool]  # whether a mark is meant


def mark(folder: Path) -> str:
    """This process's own, as a command of the checkout in ``folder``."""
    return f"{os.getpid()}@{psutil.Process().create_time():.2f}@{folder}"


def of_the_dead(folder: Path) -> Fits:
    """The marks of commands of ``folder`` that have ended."""

    def fits(told: str) -> bool:
        pid, created, where = told.split("@", 2)
        return where == str(folder) and not _lives(int(pid), float(created))

    return fits


def marked(fits: Fits) -> list[psutil.Process]:
    """The living processes of this user whose mark is meant."""
    return [process for process in psutil.process_iter() if _bears(process, fits)]


def interrupt_pulumi(fits: Fits) -> list[psutil.Process]:
    """Have each Pulumi finish the step in hand, note it, and end; these."""
    found = [process for process in marked(fits) if _is_pulumi(process)]
    for process in found:
        with suppress(psutil.Error):
            process.send_signal(signal.SIGINT)
    return found


def end(fits: Fits, patience: float) -> None:
    """End all that bears such a mark; Pulumi has ``patience`` seconds to finish its step."""
    found = interrupt_pulumi(fits)
    deadline = time.monotonic() + patience
    while any(map(goes_on, found)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    while left := marked(fits):  # again, as one may have started another meanwhile
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        time.sleep(POLL_SECONDS)


def _bears(process: psutil.Process, fits: Fits) -> bool:
    try:
        told = process.environ().get(MARK)
        return told is not None and fits(told) and goes_on(process)
    except (psutil.Error, OSError, ValueError):
        return False  # another user's, or gone


def _is_pulumi(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(process.name() == PULUMI)
    return False


def goes_on(process: psutil.Process) -> bool:
    """Not so a zombie, which has ended and waits for a parent that may never look."""
    with suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def _lives(pid: int, created: float) -> bool:
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return abs(process.create_time() - created) < CLOCK_SLACK and goes_on(process)
    return False


def main() -> None:
    told, patience = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    end(told.__eq__, float(patience))


if __name__ == "__main__":
    main()
