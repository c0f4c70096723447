"""A VM of the story: it boots with user data, and keeps the unit in it running.

What is real: the text that the instance has, the words that systemd would make of it, the
container. What is not: the machine. Of its programs there are `docker`, less the log driver of
Google's and with this machine's network, and `docker-credential-gcr`, whose word opens a
repository if the VM's service account may read it.
"""

import re
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import yaml

from tests.story.google.cloud_run.containers import Surroundings
from tests.story.google.cloud_run.inside import Inside
from tests.story.google.grants import Grants
from tests.story.vm.unit import Command, Unit, parsed

_UNITS = "/etc/systemd/system/"
_IMAGE = re.compile(
    r"(?P<host>(?P<location>[\w-]+)-docker\.pkg\.dev)/(?P<project>[^/]+)/(?P<id>[^/]+)/\S+@sha256:\w+"
)
_DOWNLOAD = "artifactregistry.repositories.downloadArtifacts"


class BootError(Exception):
    """cloud-init, or what it starts, would fail."""


@dataclass
class Machine:
    """``name`` is its host's; ``email`` its service account's. ``docker`` is the client, ``called``
    says what an image of Google's is called here; ``port`` is where its worker shows its health.
    """

    name: str
    user_data: str
    email: str
    inside: Inside
    docker: str
    called: Callable[[str], str]
    port: int
    said: list[str] = field(default_factory=list)
    starts: int = 0
    _files: dict[str, str] = field(default_factory=dict)
    _opened: set[str] = field(default_factory=set)  # registries whose credentials docker asks for
    _down: threading.Event = field(default_factory=threading.Event)
    _held: ExitStack = field(default_factory=ExitStack)

    def boot(self) -> None:
        """Everything in its user data, in cloud-init's order."""
        self._around = self._held.enter_context(self.inside.around(self.email))
        if not self.user_data.startswith("#cloud-config\n"):
            raise BootError("cloud-init takes it for no cloud-config")
        told = yaml.safe_load(self.user_data)
        for file in told.get("write_files", []):
            self._files[file["path"]] = file["content"]
        for command in told.get("runcmd", []):
            self._run(command)

    def shut_down(self) -> None:
        """As Google does it: the unit is stopped, then what is left is killed."""
        self._down.set()
        if self.starts:
            self._command(self._unit.stop, self._unit.stop_seconds)
            self._thread.join(self._unit.restart_seconds + 30)
        self._held.close()

    def lose(self) -> None:
        """It is gone at once, and tells nobody."""
        self._down.set()
        subprocess.run([self.docker, "rm", "--force", self._container], capture_output=True)
        self._held.close()

    def kill_container(self) -> None:
        subprocess.run([self.docker, "kill", self._container], capture_output=True, check=True)

    def log(self) -> str:
        """What its programs have said, those too that still run."""
        told = [self.docker, "logs", "--tail", "40", self._container]
        done = subprocess.run(told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return "\n".join([*self.said[-5:], done.stdout])

    @property
    def _container(self) -> str:
        """VMs have an engine each, and here they share one."""
        return f"{self.name}-prefect-worker"

    def _run(self, words: Sequence[str]) -> None:
        match list(words):
            case ["systemctl", "daemon-reload"]:
                pass
            case ["systemctl", "start", "--no-block", unit]:
                self._unit = parsed(self._files[f"{_UNITS}{unit}"], self.name)
                self._thread = threading.Thread(target=self._keep, args=(self._unit,), daemon=True)
                self._thread.start()
            case other:
                raise BootError(f"runcmd {other} is not known here")

    def _keep(self, unit: Unit) -> None:
        while not self._down.is_set():
            self.starts += 1
            if all(self._command(each) or each.may_fail for each in unit.before):
                self._command(unit.start)
            self._down.wait(unit.restart_seconds)

    def _command(self, command: Command, seconds: float | None = None) -> bool:
        program, *words = command.words
        match program:
            case "/bin/mkdir":
                return True
            case "/usr/bin/docker-credential-gcr":
                return self._configure(words)
            case "/usr/bin/docker":
                return self._docker(words, seconds)
        self.said.append(f"{program}: no such file")
        return False

    def _configure(self, words: Sequence[str]) -> bool:
        match words:
            case ["configure-docker", registries] if registries.startswith("--registries="):
                self._opened |= set(registries.partition("=")[2].split(","))
                return True
        self.said.append(f"docker-credential-gcr knows no {' '.join(words)}")
        return False

    def _docker(self, words: Sequence[str], seconds: float | None) -> bool:
        told = [self._container if each == "prefect-worker" else each for each in words]
        if told[0] == "run":
            images = [each for each in told if _IMAGE.fullmatch(each)]
            if len(images) != 1 or not self._may_pull(images[0]):
                self.said.append(f"docker: cannot pull {images}: denied, or no image's digest")
                return False
            told = self._surrounded(told, images[0])
        done = subprocess.run(
            [self.docker, *told],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
        )
        self.said.append(done.stdout)
        return not done.returncode

    def _surrounded(self, told: Sequence[str], image: str) -> list[str]:
        around: Surroundings = self._around
        env = {
            **around.env,
            "PREFECT_WORKER_WEBSERVER_HOST": "127.0.0.1",
            "PREFECT_WORKER_WEBSERVER_PORT": str(self.port),
        }
        options = [
            f"--network={around.network}",
            *(f"--env={name}={value}" for name, value in env.items()),
            *(f"--add-host={each}" for each in around.hosts),
            *(f"--volume={each}" for each in around.binds),
        ]
        kept = [
            self.called(w) if w == image else w for w in told[1:] if w != "--log-driver=gcplogs"
        ]
        return ["run", *options, *kept]

    def _may_pull(self, image: str) -> bool:
        found = _IMAGE.fullmatch(image)
        if found is None or found["host"] not in self._opened:
            return False
        project, location, id_ = found["project"], found["location"], found["id"]
        where = f"projects/{project}/locations/{location}/repositories/{id_}"
        grants: Grants = self.inside.google.grants
        return grants.may(f"serviceAccount:{self.email}", _DOWNLOAD, where)
