"""Images as the stacks build them, and containers of them that end with the test."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from stacks.images import CONTEXTS, labels
from tools.containers.engine import Docker

ROOT = Path(__file__).parents[2]
SOURCE = "https://github.com/acme/flows"
# As Cloud Run and the agent's VM could run it: nothing can be written but what is in memory.
READ_ONLY = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--network", "host")


@dataclass(frozen=True)
class Container:
    docker: Docker
    name: str

    def logs(self) -> str:
        done = self.docker.call("logs", self.name)
        return done.stdout + done.stderr

    def inspect(self) -> dict[str, Any]:
        [told] = json.loads(self.docker.run("container", "inspect", self.name))
        return dict(told)

    def stop(self, patience: int) -> float:
        """How many seconds it took to end; ``patience`` later it would have been killed."""
        started = time.monotonic()
        self.docker.run("stop", "--time", str(patience), self.name)
        return time.monotonic() - started

    def wait(self, until: Callable[[], Any], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not until():
            assert self.inspect()["State"]["Running"], self.logs()
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.3)


@dataclass(frozen=True)
class Built:
    """An image in the engine. ``layers`` are those on top of the base, by their content."""

    docker: Docker
    name: str
    base: str

    def inspect(self, image: str = "") -> dict[str, Any]:
        [told] = json.loads(self.docker.run("image", "inspect", image or self.name))
        return dict(told)

    @property
    def config(self) -> dict[str, Any]:
        return dict(self.inspect()["Config"])

    @property
    def layers(self) -> list[str]:
        below = self.inspect(self.base)["RootFS"]["Layers"]
        all_ = self.inspect()["RootFS"]["Layers"]
        assert all_[: len(below)] == below
        return list(all_[len(below) :])

    def run(
        self, *command: str, env: Mapping[str, str] | None = None, options: Sequence[str] = ()
    ) -> tuple[int, str]:
        """The exit status of a command, and all that it printed."""
        told = [*READ_ONLY, *options, *_env(env)]
        done = self.docker.call("run", "--rm", *told, self.name, *command)
        return done.returncode, done.stdout + done.stderr

    @contextmanager
    def started(self, *command: str, env: Mapping[str, str] | None = None) -> Iterator[Container]:
        name = f"dataflows-e2e-{uuid4().hex[:8]}"
        options = ["--detach", "--name", name, *READ_ONLY, *_env(env)]
        self.docker.run("run", *options, self.name, *command)
        try:
            yield Container(self.docker, name)
        finally:
            self.docker.call("rm", "--force", "--volumes", name)


@dataclass(frozen=True)
class Images:
    docker: Docker
    base: str

    def build(self, image: str, root: Path = ROOT, tag: str = "e2e", *options: str) -> Built:
        """As `pulumi up` tells the builder, from the repository at ``root``."""
        context, dockerfile = CONTEXTS[image]
        name = f"dataflows-{image}:{tag}"
        labelled = [f"--label={key}={value}" for key, value in labels(image, SOURCE).items()]
        self.docker.build(
            name,
            *labelled,
            *options,
            *("--build-arg", f"BASE_IMAGE={self.base}"),
            *("--file", str(root / dockerfile), str(root / context)),
        )
        return Built(self.docker, name, self.base)


def _env(env: Mapping[str, str] | None) -> list[str]:
    return [f"--env={name}={value}" for name, value in (env or {}).items()]
