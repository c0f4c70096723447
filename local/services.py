"""Starts, finds and stops background services: one record, one log and one lock for each stack."""

import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version

import psutil

from local.places import ROOT, Places
from local.records import Record, mark, marked, read
from tools import leftovers
from tools.locks import exclusive

Say = Callable[[str], None]

LOG_BYTES = 5_000_000
LOG_LINES_SHOWN = 15
POLL_SECONDS = 0.2
SECONDS_TO_ANSWER = 10.0  # a running service that is silent for longer is started anew
SECONDS_TO_FINISH = 15.0  # a worker stops its flow runs first, and they report that


class ServiceError(Exception):
    """A service does not run; the message says why and where its log is."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A program to keep running, and how to tell that it works."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    port: int
    api_url: str
    healthy: Callable[[], bool]
    seconds_to_start: float = 120.0


@dataclass(frozen=True)
class Services:
    places: Places
    say: Say = print

    def running(self, name: str) -> Record | None:
        record = read(self.places.record(name))
        return record if record and record.process() else None

    def ensure(self, name: str, make: Callable[[Record | None], Service]) -> Record:
        """The service runs and answers when this returns; one that already does is kept.

        ``make`` is given the last known record, running or not, so that ports can stay.
        """
        self.places.make()
        with self._alone():
            known = read(self.places.record(name))
            runs = known is not None and known.process() is not None
            if not runs:
                self._end(self._own(name), [])  # one whose record was lost
            service = make(known)
            if known and runs and self._fits(known, service):
                return known if known.answered else self._answered(known, service)
            self._end(self._own(name), [])
            return self._start(service)

    def stop(self, name: str) -> bool:
        """End the service and all that it started; whether anything was there to end."""
        self.places.make()
        with self._alone():
            record = read(self.places.record(name))
            main = record.process() if record else None
            everything = [process for process, _ in marked(name, self.places.base)]
            self._end([main] if main else everything, everything)
            self.places.record(name).unlink(missing_ok=True)
            return bool(main or everything)

    def tail(self, name: str, lines: int = LOG_LINES_SHOWN) -> str:
        log = self.places.log(name)
        if not log.exists():
            return f"Its log, {self.places.shown(log)}, is gone."
        with log.open(errors="replace") as text:
            shown = "".join(f"    {line}" for line in deque(text, lines))
        return f"The end of {self.places.shown(log)}:\n{shown}"

    def _alone(self) -> AbstractContextManager[None]:
        return exclusive(
            self.places.lock("services"),
            lambda pid: self.say(f"process {pid} starts or stops services: waiting for it"),
        )

    def _fits(self, record: Record, service: Service) -> bool:
        wanted = (service.command, service.api_url, version("prefect"))
        if (record.command, record.api_url, record.version) != wanted:
            return False
        # An interrupted command may have left it starting: it is not slower for being waited for.
        start = 0.0 if record.answered else record.created + service.seconds_to_start - time.time()
        deadline = time.monotonic() + max(SECONDS_TO_ANSWER, start)
        while time.monotonic() < deadline and record.process():
            if service.healthy():
                return True
            time.sleep(POLL_SECONDS)
        self.say(f"the {service.name} (pid {record.pid}) does not answer: starting it anew")
        return False

    def _own(self, name: str) -> list[psutil.Process]:
        """The service's own processes, without the flow runs it started: those may finish."""
        return [process for process, run in marked(name, self.places.base) if not run]

    def _start(self, service: Service) -> Record:
        # It outlives the command that starts it, so it does not bear that one's mark.
        environment = {k: v for k, v in service.environment.items() if k != leftovers.MARK}
        log = self.places.log(service.name)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("a") as output:
            output.write(f"--- {datetime.now():%Y-%m-%d %H:%M:%S} {' '.join(service.command)}\n")
            output.flush()
            started = subprocess.Popen(
                self._launch(service),
                cwd=ROOT,
                env={**environment, **mark(service.name, self.places.base)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # outlives our terminal and its Ctrl-C
            )
        self._await_health(service, started)
        record = read(self.places.record(service.name))
        if record is None or record.pid != started.pid:
            raise ServiceError(f"the {service.name} runs, and its record was taken away")
        return self._answered(record, service)

    def _launch(self, service: Service) -> list[str]:
        told = {
            "command": service.command,
            "port": service.port,
            "api_url": service.api_url,
            "version": version("prefect"),
        }
        where = [str(self.places.record(service.name)), json.dumps(told), str(self.places.root)]
        return [sys.executable, "-m", "local.launch", *where]

    def _answered(self, record: Record, service: Service) -> Record:
        known = replace(record, answered=True)
        known.write(self.places.record(service.name))
        return known

    def _await_health(self, service: Service, started: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + service.seconds_to_start
        while time.monotonic() < deadline:
            if (status := started.poll()) is not None:
                why = f"stopped while starting (exit status {status})"
                raise ServiceError(f"the {service.name} {why}. {self.tail(service.name)}")
            if service.healthy():
                return
            time.sleep(POLL_SECONDS)
        self._end(self._own(service.name), [])
        why = f"did not answer within {service.seconds_to_start:.0f} s"
        raise ServiceError(f"the {service.name} {why}. {self.tail(service.name)}")

    def _end(self, first: list[psutil.Process], rest: list[psutil.Process]) -> None:
        """Ask ``first`` to end, which may end ``rest`` in order; then ask, and then force, all."""
        for processes, patience in ((first, SECONDS_TO_FINISH), (rest, SECONDS_TO_FINISH / 3)):
            _signal(processes, "terminate")
            _wait(processes, patience)
        left = [process for process in {*first, *rest} if _lives(process)]
        _signal(left, "kill")
        _wait(left, SECONDS_TO_FINISH)


def _signal(processes: Sequence[psutil.Process], how: str) -> None:
    for process in processes:  # psutil refuses a number that meanwhile means someone else
        try:
            getattr(process, how)()
        except psutil.NoSuchProcess:
            continue


def _wait(processes: Sequence[psutil.Process], patience: float) -> None:
    deadline = time.monotonic() + patience
    while any(map(_lives, processes)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS / 4)


def _lives(process: psutil.Process) -> bool:
    """Not so a zombie, which has ended and waits for a parent that may never look."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
