"""The Docker engine of this machine, or one that is started here and stopped by its id."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60.0
KEPT_CACHE = "8GB"  # of layers built before, when an engine of our own ends


class NoEngineError(Exception):
    """Nothing here can build and run containers; the message says what to install."""


@dataclass(frozen=True)
class Docker:
    """A client that can build, with an engine that answers it."""

    client: str

    def run(self, *words: str, told: str | None = None, check: bool = True) -> str:
        """What the client prints; its complaint is the error."""
        done = self.call(*words, told=told)
        if check and done.returncode:
            raise subprocess.SubprocessError(
                f"docker {' '.join(words)}\n{done.stdout}{done.stderr}"
            )
        return done.stdout.strip()

    def call(self, *words: str, told: str | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.client, *words],
            env=os.environ | {"DOCKER_BUILDKIT": "1"},
            input=told,
            capture_output=True,
            text=True,
            check=False,
        )

    def build(self, name: str, *words: str) -> None:
        """The image ``name``; the one that had this name before goes, unless others need it."""
        before = self.call("image", "inspect", "--format", "{{.Id}}", name).stdout.strip()
        made = self.run("build", "--quiet", "--tag", name, *words)  # quiet, it prints the id
        if before not in ("", made) and not self._names(before):
            self.call("rmi", before)  # with a name left, this would take the name away

    def _names(self, image: str) -> str:
        return self.call(
            *("image", "inspect", "--format", '{{join .RepoTags " "}}', image)
        ).stdout.strip()

    def has(self, image: str) -> bool:
        return not self.call("image", "inspect", image).returncode


def client() -> str:
    """The first client on PATH that can build with BuildKit: newer ones need a plugin for it."""
    seen = []
    for folder in os.get_exec_path():
        found = shutil.which("docker", path=folder)
        if not found or found in seen:
            continue
        seen.append(found)
        version = re.search(r"\d+", _printed(found, "--version"))
        if version and (int(version[0]) < 23 or _printed(found, "buildx", "version")):
            return found
    if seen:
        raise NoEngineError(
            f"{' and '.join(seen)} cannot build: install its plugin buildx"
            " (https://docs.docker.com/go/buildx/)"
        )
    raise NoEngineError(
        "there is no docker on PATH: https://docs.docker.com/get-docker/, or on Debian"
        " `apt-get install docker.io`"
    )


@contextmanager
def running() -> Iterator[Docker]:
    """The engine that answers, else one of our own for as long as the context lasts."""
    docker = Docker(client())
    if _answers(docker):
        yield docker
        return
    daemon, log = start()
    try:
        _wait(docker, daemon, log)
        yield docker
        # Whoever has Docker running has its own rule of what is kept; here nothing else would end
        # what each build adds.
        docker.call("builder", "prune", "--force", "--keep-storage", KEPT_CACHE)
    finally:
        daemon.terminate()
        try:
            daemon.wait(30)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def start() -> "tuple[subprocess.Popen[bytes], Path]":
    """An engine at Docker's own socket, with its log; whoever starts it ends it."""
    path = os.pathsep.join([*os.get_exec_path(), "/usr/sbin", "/sbin"])
    program = shutil.which("dockerd", path=path)
    if not program or os.geteuid():
        why = "only root can start one" if program else "there is no dockerd to start one"
        raise NoEngineError(f"no Docker engine answers, and {why}: start Docker, then repeat")
    log = Path(tempfile.mkdtemp(prefix="dataflows-dockerd-")) / "dockerd.log"
    with log.open("wb") as out:
        daemon = subprocess.Popen(
            [program],
            env=os.environ | {"PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    return daemon, log


def _wait(docker: Docker, daemon: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and daemon.poll() is None:
        if _answers(docker):
            return
        time.sleep(0.3)
    raise NoEngineError(f"dockerd does not come up:\n{log.read_text()[-2000:]}")


def _answers(docker: Docker) -> bool:
    return not docker.call("version", "--format", "{{.Server.Version}}").returncode


def _printed(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode else done.stdout
