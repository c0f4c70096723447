"""A file that plays the cloud: what stands there, what goes wrong next, and what was asked for."""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SECRET = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270")


class CloudError(Exception):
    """What the cloud answers when it will not."""


@dataclass
class World:
    """``objects`` by id: ``type``, ``name``, ``inputs`` and ``outputs``, secrets still marked.

    A fault is ``{"type": ..., "left": ..., "when": "before"}``: creations of the type fail that
    many times, before or ``after`` the object stands; in the latter case the engine is told so.
    """

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
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


def secret(value: Any) -> dict[str, Any]:
    """The value with the mark of a secret."""
    return {_SECRET[0]: _SECRET[1], "value": value}


def plain(value: Any) -> Any:
    """The value without the marks of its secrets."""
    if isinstance(value, Mapping):
        if value.get(_SECRET[0]) == _SECRET[1]:
            return plain(value["value"])
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def in_clear(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in it that is no secret, with where it stands."""
    if isinstance(value, Mapping):
        if value.get(_SECRET[0]) != _SECRET[1]:
            for key, each in value.items():
                yield from in_clear(each, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from in_clear(each, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, value


def texts(value: Any) -> Iterator[str]:
    for _, text in in_clear(plain(value)):
        yield text
