"""A copy of the repository with its stack filled in, driven by Pulumi's command line."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.cloud.cloud import Cloud, World
from tests.live.stack import environment
from tests.places.google.stacks import ROOT, filled

_PARTS = (
    "Pulumi.yaml",
    "__main__.py",
    "flows",
    "images",
    "prefect_as_code",
    "promotion",
    "stacks",
    "tools",
)
_LAUNCHER = """\
#!/bin/sh
PYTHONPATH={root} exec {python} -m tests.cloud.plugin {name} "$@"
"""

# In the copy, all of Google's registries are the one on this machine, which asks nobody who he is.
_REDIRECT = """

import os

Reference.is_google = False
Reference.url = property(lambda self: f"http://{os.environ['STAND_IN_REGISTRY']}/v2/{self.repository}")
"""

_NOT_OURS = ("PREFECT_", "PULUMI_", "PYTHONDONTWRITEBYTECODE")

Changes = dict[str, str]  # by resource, what became of it


@dataclass
class Checkout:
    """``said`` is all that was ever printed; secrets must not be in it.

    Several stacks may have one home: each has its own settings, state and cloud. ``registry`` is
    a real one on this machine, which plays all of Google's.
    """

    home: Path
    stack: str
    api_url: str
    engine: Path
    bytecode: Path  # where Python keeps what it compiled, for all checkouts
    registry: str = ""
    machine: dict[str, str] = field(default_factory=dict)  # what else its environment says
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.repository = self.home / "repository"
        if not self.repository.exists():
            self._check_out()
        sections = filled(self.stack)
        self.key = sections.pop("prefect_api_key")
        sections["prefect"] |= {"api_url": self.api_url}
        config = {f"dataflows:{name}": value for name, value in sections.items()}
        self.settings.write_text(yaml.safe_dump({"config": config}))
        self.run("stack", "init", self.stack)
        self.give_key(self.key)

    def _check_out(self) -> None:
        self.repository.mkdir(parents=True)
        (self.home / "state").mkdir()
        for part in _PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, self.repository / part)
        if self.registry:
            with (self.repository / "stacks/oci/reference.py").open("a") as file:
                file.write(_REDIRECT)
        (self.repository / ".venv").symlink_to(sys.prefix)
        write_launchers(self.home / "bin")

    @property
    def cloud(self) -> Cloud:
        return Cloud(self.home / f"cloud-{self.stack}.json")

    def world(self) -> World:
        with self.cloud.open() as world:
            return world

    def fail(self, type_: str, when: str = "before") -> None:
        """The next creation of one of that type fails, once."""
        with self.cloud.open() as world:
            world.faults.append({"type": type_, "when": when, "left": 1})

    @property
    def settings(self) -> Path:
        return self.repository / f"Pulumi.{self.stack}.yaml"

    @property
    def state(self) -> str:
        return (self.home / f"state/.pulumi/stacks/dataflows/{self.stack}.json").read_text()

    def give_key(self, key: str) -> None:
        self.key = key
        self.run("config", "set", "--secret", "prefect_api_key", told=key)

    def change(self, section: str, **values: object) -> None:
        """Other values in the stack's YAML."""
        told = yaml.safe_load(self.settings.read_text())
        told["config"][f"dataflows:{section}"] |= values
        self.settings.write_text(yaml.safe_dump(told))

    def preview(self, *options: str) -> Changes:
        return self._changes("preview", *options)

    def up(self, *options: str) -> Changes:
        return self._changes("up", "--yes", "--skip-preview", *options)

    def refresh(self) -> Changes:
        return self._changes("refresh", "--yes", "--skip-preview")

    def destroy(self) -> Changes:
        return self._changes("destroy", "--yes", "--skip-preview")

    def failing(self, command: str) -> str:
        """What Pulumi says of a command that fails."""
        options = () if command == "preview" else ("--yes", "--skip-preview")
        return self.run(command, *options, succeeds=False)

    def run(self, *command: str, told: str = "", succeeds: bool = True) -> str:
        return self.call("pulumi", *command, "--non-interactive", told=told, succeeds=succeeds)

    def call(self, *command: str, told: str = "", succeeds: bool = True) -> str:
        """What a command in the repository prints."""
        status, said = called(command, self.repository, self.environment, told)
        self.said.append(said)
        assert (status == 0) == succeeds, f"{' '.join(command)}\n{said}"
        return said

    def _changes(self, *command: str) -> Changes:
        log = self.home / f"events-{self.stack}-{len(self.said)}.json"
        self.run(*command, "--event-log", str(log))
        return changes(json.loads(line) for line in log.read_text().splitlines())

    @property
    def environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_OURS)}
        told = environment(self.home, self.engine, self.api_url)
        path = [str(self.home / "bin"), str(Path(sys.executable).parent), told["PATH"]]
        return (
            clean
            | told
            | {
                "PATH": os.pathsep.join(path),
                "PULUMI_BACKEND_URL": f"file://{self.home}/state",
                "PULUMI_STACK": self.stack,
                "PULUMI_DEBUG_COMMANDS": "true",  # --event-log is one of these
                "PYTHONPATH": str(self.repository),
                "PYTHONPYCACHEPREFIX": str(self.bytecode),
                "STAND_IN_CLOUD": str(self.cloud.path),
                "STAND_IN_REGISTRY": self.registry,
                "VIRTUAL_ENV": sys.prefix,
            }
            | self.machine
        )


def called(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], told: str = ""
) -> tuple[int, str]:
    """How a command in ``folder`` ended, and what it printed."""
    done = subprocess.run(
        command, cwd=folder, env=environment, input=told, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def write_launchers(folder: Path) -> None:
    """The stand-ins under the names by which the engine looks for plugins."""
    folder.mkdir()
    for name in ("docker", "docker-build", "gcp"):
        launcher = folder / f"pulumi-resource-{name}"
        launcher.write_text(_LAUNCHER.format(root=ROOT, python=sys.executable, name=name))
        launcher.chmod(0o755)


def changes(events: Sequence[dict]) -> Changes:
    """What became of each resource that did not stay the same, by its name."""
    found: Changes = {}
    for event in events:
        told = event.get("resOutputsEvent") or event.get("resOpFailedEvent")
        if told and (op := told["metadata"]["op"]) not in ("same", "read", "refresh"):
            name = told["metadata"]["urn"].rpartition("::")[2]
            found[name] = "replace" if "replace" in op else op
    return found
