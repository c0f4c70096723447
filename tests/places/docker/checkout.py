"""A copy of the repository with a docker stack of its own name, driven by its commands."""

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.cloud.checkout import called, write_launchers
from tests.live.server import free_port
from tests.places.google.stacks import ROOT, written
from tools.containers.engine import Docker

_PARTS = (
    "Pulumi.yaml",
    "__main__.py",
    "docker-compose.yml",
    "flows",
    "images",
    "local",
    "prefect_as_code",
    "stacks",
    "tools",
)
_NOT_OURS = ("DATAFLOWS_", "DOCKER_", "PREFECT_", "PULUMI_", "PYTHONDONTWRITEBYTECODE")
# A run that takes as long as a test needs, of its own size.
_SLOW = '''\
"""For a test."""

import time

from prefect import flow


@flow
def slow(seconds: int = 60) -> None:
    """Take so long."""
    for _ in range(seconds):
        time.sleep(1)
'''
_DEPLOYED = '    FlowDeployment(entrypoint="flows/slow.py:slow", cpu="2000m", memory="1Gi"),\n'


@dataclass
class Checkout:
    """``said`` is what each command has printed; ``networks`` of Compose bears the stack's name."""

    home: Path
    docker: Docker
    base: str
    images: Mapping[str, str]  # of docker-compose.yml, by the variable that names each
    stack: str = "e2e"
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.repository = self.home / "repository"
        self.repository.mkdir(parents=True)
        for part in _PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, self.repository / part)
        (self.repository / ".venv").symlink_to(sys.prefix)
        (self.repository / "flows/slow.py").write_text(_SLOW)
        self.edit("flows/deployments.py", "DEPLOYMENTS = (\n", f"DEPLOYMENTS = (\n{_DEPLOYED}")
        write_launchers(self.home / "bin")
        self.port = str(free_port())
        sections = written("docker")
        sections["host"] |= {"base_image": self.base, "networks": [f"dataflows-{self.stack}"]}
        sections["prefect"]["schedules"] = "paused"
        told = yaml.safe_load((ROOT / "Pulumi.docker.yaml").read_text())
        told["config"] = {f"dataflows:{name}": value for name, value in sections.items()}
        self.settings.write_text(yaml.safe_dump(told))

    @property
    def settings(self) -> Path:
        return self.repository / f"Pulumi.{self.stack}.yaml"

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def agent(self) -> str:
        return f"df-{self.stack}-agent"

    def change(self, section: str, **values: object) -> None:
        """Other values in the stack's YAML."""
        told = yaml.safe_load(self.settings.read_text())
        told["config"][f"dataflows:{section}"] |= values
        self.settings.write_text(yaml.safe_dump(told))

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.repository / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def up(self, *options: str) -> dict[str, str]:
        """By resource that did not stay the same, what became of it."""
        log = self.repository / ".docker/logs/pulumi.log"
        before = log.stat().st_size if log.exists() else 0
        self.run("up", *options)
        with log.open() as lines:
            lines.seek(before)
            told = lines.read()
        # One that failed has no word of its own; then the command has failed.
        done = r"^ [~+-]+ +\S+ (\S+) (created|updated|replaced|deleted)( original| replacement)?"
        found = re.findall(done, told, re.MULTILINE)
        return {name: "replaced" if whose else what for name, what, whose in found}

    def run(self, *command: str, succeeds: bool = True) -> str:
        """What `python -m local.docker` prints."""
        words = [sys.executable, "-m", "local.docker", "--stack", self.stack, *command]
        status, said = called(words, self.repository, self.environment)
        self.said.append(said)
        assert (status == 0) == succeeds, f"{' '.join(command)}\n{said}"
        return said

    def inspect(self, container: str) -> dict[str, Any]:
        [told] = json.loads(self.docker.run("container", "inspect", container))
        return dict(told)

    @property
    def environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_OURS)}
        return {
            **clean,
            **self.images,
            "COLUMNS": "200",
            "DATAFLOWS_NETWORK": f"dataflows-{self.stack}",
            "DATAFLOWS_PORT": self.port,
            "PATH": os.pathsep.join([str(self.home / "bin"), os.environ["PATH"]]),
            "PULUMI_HOME": str(self.home / "pulumi-home"),
            "STAND_IN_CLOUD": str(self.home / "cloud.json"),
            "STAND_IN_DOCKER": self.docker.client,
        }
