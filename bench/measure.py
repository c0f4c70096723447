"""Times a command as a whole: wall seconds, and the memory of its process tree."""

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, kw_only=True)
class Measured:
    """``seconds`` of wall time; ``megabytes`` at the peak, over all processes of the command."""

    seconds: float
    megabytes: float


class CommandFailedError(Exception):
    """The measured command failed; the text is the end of what it printed."""


def measure(command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Measured:
    """Run a command to its end.

    Raises:
        CommandFailedError: it ended with another status than 0.
    """
    log = cwd / "measured.log"
    started = time.monotonic()
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=cwd, env=dict(env), stdout=out, stderr=out)
        peak = _Peak(process.pid)
        status = process.wait()
    seconds = time.monotonic() - started
    peak.ended.set()
    peak.join()
    if status:
        raise CommandFailedError(f"{' '.join(command)}\n{log.read_text()[-3000:]}")
    return Measured(seconds=seconds, megabytes=peak.bytes / 1e6)


class _Peak(threading.Thread):
    """Looks four times a second at how much memory a process and its children hold."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.bytes, self.ended = pid, 0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self.ended.wait(0.25):
            self.bytes = max(self.bytes, self._now())

    def _now(self) -> int:
        total = 0
        try:
            root = psutil.Process(self.pid)
            for process in [root, *root.children(recursive=True)]:
                total += process.memory_info().rss
        except psutil.NoSuchProcess:
            pass
        return total
