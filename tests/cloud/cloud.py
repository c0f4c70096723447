"""A file that plays the cloud: what stands there, what goes wrong next, and what was asked for."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class CloudError(Exception):
    """What the cloud answers when it will not."""


@dataclass
class World:
    """``objects`` by id: ``type``, ``name``, ``inputs`` and ``outputs``, as they were told.

    ``manifests`` are the references of the images that were pushed to registries. Ids in ``filled``
    are of buckets and datasets that hold something, those in ``lasting`` of what was deleted and
    keeps its id from others for a month.

    A fault is ``{"type": ..., "left": ..., "when": "before"}``: creations of the type fail that
    many times, before or ``after`` the object stands; in the latter case the engine is told so.
    """

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    manifests: list[str] = field(default_factory=list)
    filled: list[str] = field(default_factory=list)
    lasting: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    faults: list[dict[str, Any]] = field(default_factory=list)

    def count(self, what: str) -> int:
        self.counts[what] = self.counts.get(what, 0) + 1
        return self.counts[what]

    def fails(self, type_: str, when: str) -> bool:
        for fault in self.faults:
            if fault["type"] == type_ and fault["when"] == when and fault["left"]:
                fault["left"] -= 1
                return True
        return False

    def of(self, type_: str) -> list[dict[str, Any]]:
        return [each for each in self.objects.values() if each["type"] == type_]


@dataclass(frozen=True)
class Cloud:
    """Several plugin processes, and the test, take turns with the file."""

    path: Path

    @contextmanager
    def open(self) -> Iterator[World]:
        """The world as it is; what is done to it stays, even when the turn ends in an error."""
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            told = self.path.read_text() if self.path.exists() else "{}"
            world = World(**json.loads(told))
            try:
                yield world
            finally:
                self.path.write_text(json.dumps(vars(world), indent=1))
