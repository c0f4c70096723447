"""What was started, and whether a process with that number is still the one we started."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

MARK = "DATAFLOWS_SERVICE"  # in the environment of a service, and so of all that it starts
FLOW_RUN = "PREFECT__FLOW_RUN_ID"  # Prefect's, in the environment of a flow run's processes
CLOCK_SLACK = 2.0  # seconds; the kernel tells a process's age, psutil adds the time of boot


@dataclass(frozen=True, kw_only=True)
class Record:
    """A service that was started. The process number alone says little: numbers come back."""

    pid: int
    created: float
    command: list[str]
    port: int
    api_url: str
    version: str
    answered: bool = False  # once it did

    def process(self) -> psutil.Process | None:
        """The process, unless it has ended or its number now belongs to a stranger."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < CLOCK_SLACK
            if same and process.cmdline()[1:] == self.command[1:]:  # a zombie has no command
                return process
        except psutil.Error:
            pass
        return None

    def write(self, path: Path) -> None:
        scratch = path.with_suffix(".new")
        scratch.write_text(json.dumps(asdict(self), indent=2) + "\n")
        scratch.replace(path)


def read(path: Path) -> Record | None:
    """The record at ``path``; none where it is missing or not of our making."""
    try:
        return Record(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def mark(name: str, base: Path) -> Mapping[str, str]:
    return {MARK: f"{name}@{base}"}


def marked(name: str, base: Path) -> Iterator[tuple[psutil.Process, str | None]]:
    """Every living process that the service is or has started, and which flow run it executes."""
    wanted = mark(name, base)[MARK]
    for process in psutil.process_iter():
        try:
            told = process.environ()
            if told.get(MARK) == wanted and process.status() != psutil.STATUS_ZOMBIE:
                yield process, told.get(FLOW_RUN)
        except psutil.Error:
            continue
