"""A copy of the checkout with a local stack of its own, whose every process is known.

By a mark of our own in the environment: what is looked at must not be what the product looks at.
"""

import fcntl
import os
import pty
import random
import select
import shutil
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psutil

from local import ports, records
from local.places import ROOT, Places
from tools import interrupts

MARK = "DATAFLOWS_STORM"
POLL_SECONDS = 0.1


class Place:
    """The copy is in ``folder``; its virtual environment is ours."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        self.places = Places(folder)
        self.mark = str(uuid4())
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in listed.stdout.splitlines():
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(sys.prefix)
        for told in folder.glob("requirements*.txt"):  # what we run with is new enough for `make`
            os.utime(told, (0, 0))
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "DATAFLOWS_"))},
            # Below those that an outgoing connection may be given while the server is down.
            "DATAFLOWS_PORT": str(ports.next_free(random.randrange(20_000, 30_000))),  # noqa: S311
            MARK: self.mark,
        }

    def start(self, *command: str) -> "Terminal":
        return Terminal(self, command)

    def processes(self) -> Iterator[psutil.Process]:
        """All of ours that live."""
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                ours = process.environ().get(MARK) == self.mark
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    yield process

    def left(self) -> list[psutil.Process]:
        """Those that no record owns: neither a service nor started by one."""
        owned = {name for name in ("server", "worker") if self._runs(name)}
        return [process for process in self.processes() if _service(process) not in owned]

    def _runs(self, name: str) -> bool:
        record = records.read(self.places.record(name))
        return record is not None and record.process() is not None

    def kill(self, service: str = "") -> None:
        """All of ours, or those of one service, record and all."""
        for process in list(self.processes()):
            with suppress(psutil.Error):
                if not service or _service(process) == service:
                    process.kill()
        if service:
            self.places.record(service).unlink(missing_ok=True)


class Terminal:
    """One command in a terminal of its own, as a person has it."""

    def __init__(self, place: Place, command: tuple[str, ...]) -> None:
        self.place = place
        self.began = time.monotonic()
        self.ended: float | None = None
        self._said: list[bytes] = []
        self._closing = threading.Event()
        self.keyboard, screen = pty.openpty()
        self.make = subprocess.Popen(
            command,
            cwd=place.root,
            env=place.environment,
            stdin=screen,
            stdout=screen,
            stderr=screen,
            start_new_session=True,
            preexec_fn=_at_a_terminal,
        )
        os.close(screen)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def said(self) -> str:
        return b"".join(self._said).decode(errors="replace")

    def _read(self) -> None:
        with suppress(OSError):  # the last that had it open is gone
            while not self._closing.is_set():
                if select.select([self.keyboard], [], [], POLL_SECONDS)[0]:
                    self._said.append(os.read(self.keyboard, 4096))
        os.close(self.keyboard)

    def wait(self, seconds: float) -> int | None:
        """The exit status; nothing if it goes on."""
        with suppress(subprocess.TimeoutExpired):
            status = self.make.wait(seconds)
            self.ended = self.ended or time.monotonic()
            return status
        return None

    def named(self, *words: str) -> psutil.Process | None:
        """The first of this place's processes that is called by ``words``, one after the other."""
        for process in self.place.processes():
            with suppress(psutil.Error):
                program, *told = process.cmdline() or [""]  # one that has just ended says nothing
                if Path(program).name == words[0] or told[: len(words)] == list(words):
                    return process
        return None

    def close(self) -> None:
        self._closing.set()
        self._reader.join()


def _at_a_terminal() -> None:
    """With a terminal that rules it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    interrupts.as_in_a_shell()


def _service(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return process.environ().get(records.MARK, "").partition("@")[0]
    return ""
