"""What starts an execution's container: a protocol, so that not every test needs Docker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Task:
    """One container to run; ``env`` has the secrets in it. ``command`` and ``args`` that are empty
    are the image's own.
    """

    name: str
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cpu: int = 1
    memory: int = 512 * 2**20  # bytes
    service_account: str = ""


@dataclass(frozen=True)
class Ended:
    """How a container ended; ``out_of_memory``: it was killed for what it took."""

    code: int
    out_of_memory: bool = False


class Handle(Protocol):
    def wait(self, seconds: float | None) -> Ended | None:
        """How it ended; None when it runs on after that time."""

    def stop(self, grace: float) -> None:
        """Ask it to end, kill it ``grace`` seconds later; wait for neither."""

    def remove(self) -> None:
        """Leave nothing of it."""


class Executor(Protocol):
    def missing(self, image: str) -> bool:
        """Whether there is no such image to be had."""

    def start(self, task: Task) -> Handle:
        """At once; what is slow about it is the first ``wait``."""
