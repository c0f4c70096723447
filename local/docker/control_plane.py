"""Prefect's server and its database, by docker-compose.yml."""

import os
import secrets
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from local import ports, prefect
from local.docker.engine import Engine, compose
from local.places import Places
from local.services import LOG_LINES_SHOWN, POLL_SECONDS, Say, ServiceError

SERVICES = ("postgres", "prefect")
SECONDS_TO_START = 600.0  # it makes its database; the images are pulled before
_PORT, _PASSWORD = prefect.PORT_VARIABLE, "POSTGRES_PASSWORD"


@dataclass(frozen=True)
class ControlPlane:
    """``project`` is Compose's name for it, on all that it makes."""

    places: Places
    engine: Engine
    project: str
    say: Say = print

    @property
    def settings(self) -> Path:
        """What Compose is told, the password too."""
        return self.places.base / "compose.env"

    def check(self) -> None:
        """See that what Compose has of this project is this checkout's.

        Raises:
            ServiceError: it is another's, or its password is gone.
        """
        form = '{{.Label "com.docker.compose.project.working_dir"}}'
        if others := {*self.containers(form)} - {str(self.places.root), ""}:
            raise ServiceError(
                f"another checkout has {self.project} on this host: {', '.join(sorted(others))}. "
                "`make destroy` there makes room."
            )
        volume = f"{self.project}_database"
        if not self.settings.exists() and volume in self.engine.lines("volume", "ls", "--quiet"):
            raise ServiceError(
                f"the volume {volume} has a database whose password was in {self.settings}, which "
                f"is gone. Put the file back, or give the database up: `docker volume rm {volume}`"
            )

    def up(self) -> str:
        """The URL of the server's API, once it answers.

        Raises:
            ServiceError: it does not; with the end of its log.
        """
        port = self._port()
        self._note({_PASSWORD: self._told().get(_PASSWORD) or secrets.token_hex(24), _PORT: port})
        self._compose("up", "--detach", "--remove-orphans")
        url = prefect.api_url(int(port))
        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline:
            if _answers(f"{url}/health"):
                return url
            time.sleep(POLL_SECONDS)
        raise ServiceError(
            f"Prefect's server did not answer within {SECONDS_TO_START:.0f} s. {self.tail()}"
        )

    def url(self) -> str | None:
        """Where it was last."""
        port = self._told().get(_PORT)
        return prefect.api_url(int(port)) if port else None

    def stop(self) -> None:
        if self.settings.exists():  # else nothing was begun
            self._compose("stop")

    def remove(self) -> None:
        """With the volumes."""
        if self.settings.exists():
            self._compose("down", "--volumes", "--remove-orphans")

    def containers(self, form: str = "{{.Names}}") -> list[str]:
        return self.engine.containers(f"label=com.docker.compose.project={self.project}", form=form)

    def tail(self) -> str:
        done = self._call("logs", "--tail", str(LOG_LINES_SHOWN), "prefect")
        return f"The end of its log:\n{done.stdout}{done.stderr}"

    def _port(self) -> str:
        """What the user says, else where the server was last seen, so that links stay good."""
        told = os.environ.get(_PORT) or self._told().get(_PORT)
        if told:
            return told
        if ports.is_free(prefect.DEFAULT_PORT):
            return str(prefect.DEFAULT_PORT)
        free = ports.next_free(prefect.DEFAULT_PORT)
        holder = ports.holder(prefect.DEFAULT_PORT)
        self.say(f"port {prefect.DEFAULT_PORT} is taken by {holder}: the server takes {free}")
        return str(free)

    def _told(self) -> dict[str, str]:
        if not self.settings.exists():
            return {}
        lines = self.settings.read_text().splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    def _note(self, told: dict[str, str]) -> None:
        scratch = self.settings.with_suffix(".new")
        scratch.touch(mode=0o600)
        scratch.write_text("".join(f"{name}={value}\n" for name, value in told.items()))
        scratch.replace(self.settings)

    def _compose(self, *words: str) -> None:
        """Its words are shown, as it may have to pull."""
        done = self._call(*words)
        if done.returncode:
            raise ServiceError(f"`compose {words[0]}` failed: {done.stderr.strip()}\n{self.tail()}")

    def _call(self, *words: str) -> "subprocess.CompletedProcess[str]":
        # What the file says counts, whatever the user's shell has under these names.
        environment = {**self.engine.environment, **self._told()}
        file = str(self.places.root / "docker-compose.yml")
        told = ["--project-name", self.project, "--file", file]
        return subprocess.run(
            [*compose(), *told, *words],
            cwd=self.places.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False
