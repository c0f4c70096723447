"""A command that can be interrupted at any moment, and leaves nothing running.

Interrupts are SIGINT (Ctrl-C), SIGTERM, SIGHUP (the terminal was closed), and the end of the `make`
that has called us. Kills, which nobody can heed, are the watcher's: see `tools.leftovers`.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TextIO

import psutil

from tools import leftovers

ROOT = Path(__file__).resolve().parents[1]
SECONDS_TO_FINISH = 8.0  # for Pulumi to finish the step in hand
HEEDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
POLL_SECONDS = 0.2


class Interrupt(KeyboardInterrupt):
    """One of the signals that are heeded has come."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.strsignal(number))
        self.status = 128 + number


@contextmanager
def watched(folder: Path = ROOT, patience: float = SECONDS_TO_FINISH) -> Iterator[None]:
    """Whatever is started inside is gone afterwards, also when this very process is killed.

    What an earlier command of the checkout in ``folder`` has left running, as its watcher was
    killed with it, is ended first.

    Raises:
        Interrupt: wherever the command is; again only for a second SIGINT.
    """
    with _heeding() as heed:
        leftovers.end(leftovers.of_the_dead(folder), patience)
        mark = leftovers.mark(folder)
        watcher = subprocess.Popen(
            [sys.executable, "-m", "tools.leftovers", mark, str(patience)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.environ[leftovers.MARK] = mark
        try:
            yield
        finally:
            heed.nothing_more()
            del os.environ[leftovers.MARK]
            watcher.communicate()  # ends its input, which is its sign, and waits for it


def run(
    command: Sequence[str],
    *,
    say: Callable[[str], object],
    environment: Mapping[str, str] = os.environ,
    folder: Path | None = None,
    log: Path | None = None,
    heard: Callable[[str], object] = lambda line: None,
    patience: float = SECONDS_TO_FINISH,
) -> int:
    """The exit status of ``command``.

    With a ``log``, what it says is added there instead of being printed, and each line of it is
    given to ``heard``. It goes to the file by itself: a pipe that ends with us would end Pulumi.
    Interrupted, it is asked to end, and has ``patience`` seconds; or until the next Ctrl-C.
    """
    program = shutil.which(command[0], path=environment["PATH"]) or command[0]
    with ExitStack() as opened:
        output = opened.enter_context(log.open("a")) if log else None
        # A session of its own, or Ctrl-C would reach it beside us, and a second time through us.
        process = subprocess.Popen(
            [program, *command[1:]],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL if log else None,
            stdout=output,
            stderr=subprocess.STDOUT if log else None,
            start_new_session=True,
        )
        lines = opened.enter_context(log.open(errors="replace")) if log else None
        if lines and output:
            lines.seek(output.tell())
        try:
            while (status := process.poll()) is None:
                if lines:
                    _hear(lines, heard)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(POLL_SECONDS if lines else None)
        except Interrupt:
            _stop(process, say, patience)
            raise
        if lines:
            _hear(lines, heard)
    return status


def _hear(lines: TextIO, heard: Callable[[str], object]) -> None:
    """Tell of the lines that are whole by now."""
    while True:
        begun = lines.tell()
        line = lines.readline()
        if not line.endswith("\n"):
            lines.seek(begun)
            return
        heard(line)


def _stop(
    process: "subprocess.Popen[bytes]", say: Callable[[str], object], patience: float
) -> None:
    name = Path(str(process.args[0])).name  # type: ignore[index]
    with suppress(OSError, SystemExit):
        say(
            f"Interrupted: waiting for {name} to finish what it is at"
            f" (at most {patience:.0f} s; Ctrl-C again ends it at once)"
        )
    mine = os.environ.get(leftovers.MARK, "")
    asked = leftovers.interrupt_pulumi(mine.__eq__)
    if process.pid not in [each.pid for each in asked]:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(patience)
    except (Interrupt, subprocess.TimeoutExpired):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


class _Heed:
    """Turns the first signal into an exception, and further ones if they are Ctrl-C."""

    def __init__(self) -> None:
        self.seen = self.deaf = False

    def nothing_more(self) -> None:
        self.deaf = True

    def __call__(self, number: int, frame: FrameType | None) -> None:
        # `make` hands SIGTERM on that the whole group has got already.
        if self.deaf or (self.seen and number != signal.SIGINT):
            return
        self.seen = True
        raise Interrupt(number)


@contextmanager
def _heeding() -> Iterator[_Heed]:
    heed = _Heed()
    before = {number: signal.getsignal(number) for number in HEEDED}
    for number, how in before.items():
        if how != signal.SIG_IGN or number != signal.SIGHUP:  # nohup
            signal.signal(number, heed)
    left = threading.Event()
    if "MAKELEVEL" in os.environ:
        threading.Thread(target=_heed_make, args=(_make(), left), daemon=True).start()
    try:
        yield heed
    finally:
        left.set()
        for number, how in before.items():
            signal.signal(number, how)


def _make() -> psutil.Process | None:
    """The one that has called us, if one has."""
    with suppress(psutil.Error):
        for ancestor in psutil.Process().parents():
            if ancestor.name() in ("make", "gmake"):
                return ancestor
    return None


def _heed_make(make: psutil.Process | None, left: threading.Event) -> None:
    """Interrupt us when `make` is gone, or has been interrupted alone: it waits for us then.

    Either may have been so before we were there to see.
    """
    if make is None and not _orphaned():
        return  # whoever has called us was called by a `make`
    while not left.wait(POLL_SECONDS):
        if make is None or not leftovers.goes_on(make) or _was_interrupted(make.pid):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
            return


def _orphaned() -> bool:
    """Whether we are with those who take what is left of others."""
    with suppress(psutil.Error):
        parent = psutil.Process(os.getppid())
        return parent.pid == 1 or parent.name() == "systemd"
    return True


def _was_interrupted(pid: int) -> bool:
    """Of a `make`, which handles each of the heeded signals that it was not told to ignore, until
    it comes. Known only where there is a `/proc`.
    """
    with suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        masks = [int(mask, 16) for mask in re.findall(r"^Sig(?:Cgt|Ign):\s*(\w+)", status, re.M)]
        return bool(masks) and any(not sum(masks) & 1 << number - 1 for number in HEEDED)
    return False
