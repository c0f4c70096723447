"""The Docker host, and Compose on it, by their command lines."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.services import ServiceError

DEFAULT = "unix:///var/run/docker.sock"


@dataclass(frozen=True)
class Engine:
    """The engine at ``host``, the very one that Pulumi's plugins are told of."""

    host: str

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Engine":
        """That of a stack's configuration."""
        return cls(str(config.get("docker:host") or DEFAULT))

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name != "DOCKER_CONTEXT"}
        return {**kept, "DOCKER_HOST": self.host}

    def check(self) -> None:
        """See that it answers.

        Raises:
            ServiceError: it does not, or there is no client.
        """
        if not shutil.which("docker"):
            raise ServiceError("there is no docker on PATH: https://docs.docker.com/get-docker/")
        done = self.call("version", "--format", "{{.Server.Version}}")
        if done.returncode:
            raise ServiceError(
                f"no Docker engine answers at {self.host}: {done.stderr.strip()}\n"
                "Start it, or say in docker:host of the stack's YAML where it is."
            )

    def call(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["docker", *words], env=self.environment, capture_output=True, text=True, check=False
        )

    def run(self, *words: str) -> str:
        """What it prints.

        Raises:
            ServiceError: it fails; with what it complained of.
        """
        done = self.call(*words)
        if done.returncode:
            raise ServiceError(f"`docker {' '.join(words[:3])}` failed: {done.stderr.strip()}")
        return done.stdout.strip()

    def lines(self, *words: str) -> list[str]:
        return [line for line in self.run(*words).splitlines() if line]

    def containers(self, *filters: str, form: str = "{{.Names}}", all_: bool = True) -> list[str]:
        """Those that fit all filters, running or not, a line each."""
        told = [f"--filter={each}" for each in filters]
        return self.lines("ps", *(["--all"] if all_ else []), "--format", form, *told)

    def remove_left(self, label: str) -> None:
        """Images with the label that are nobody's any more: no name is left, and no container."""
        self.call("image", "prune", "--force", f"--filter=label={label}")


def compose() -> Sequence[str]:
    """The command that Compose is here: Docker's plugin, else the program of its own.

    Raises:
        ServiceError: there is neither.
    """
    plugin = ["docker", "compose"]
    try:
        done = subprocess.run([*plugin, "version"], capture_output=True, check=False)
    except FileNotFoundError:
        done = None
    if done and not done.returncode:
        return plugin
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise ServiceError(
        "there is no Docker Compose: https://docs.docker.com/compose/install/, or on Debian "
        "`apt-get install docker-compose`"
    )
