"""A stack's things on the Docker host, and the order in which they come and go."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from local.docker.control_plane import ControlPlane
from local.docker.engine import Engine
from local.environment import environment
from local.places import Places
from local.services import POLL_SECONDS, Say, ServiceError
from local.stack import Stack
from tools import plugins, readiness

SECONDS_TO_START = 120.0
SECONDS_TO_FINISH = 40  # a run says what became of it before it is gone
FOLDER = ".docker"
VOLUMES = ("landing", "warehouse")  # as stacks/places/docker names them


@dataclass(frozen=True)
class Host:
    """``stack``: the name of one whose `runner.kind` is `docker`."""

    places: Places
    stack: str
    say: Say = print

    @cached_property
    def config(self) -> Mapping[str, Any]:
        return readiness.config_of(self.stack, self.places.root)

    @cached_property
    def engine(self) -> Engine:
        return Engine.of(self.config)

    @cached_property
    def control_plane(self) -> ControlPlane:
        return ControlPlane(self.places, self.engine, f"dataflows-{self.stack}", self.say)

    @property
    def agent(self) -> str:
        return f"df-{self.stack}-agent"

    @property
    def label(self) -> str:
        """Of the containers, images and volumes that are not Compose's."""
        return f"dataflows.{self.stack}"

    def pulumi(self, api_url: str, engine: Path) -> Stack:
        told = environment(self.places, api_url, engine)
        # Its plugins are fetched, where they are not there.
        del told["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"]
        told["PREFECT_RECOVER"] = f"make up STACK={self.stack}"
        return Stack(places=self.places, environment=told, say=self.say, name=self.stack)

    def fetch_plugins(self, stack: Stack) -> None:
        """Raises:
        ServiceError: one cannot be had.
        """
        if lacking := list(plugins.unavailable(self.config, stack.environment)):
            raise ServiceError("\n".join(lacking))

    def check_volumes(self) -> None:
        """The docker plugin takes a volume of the same name for the stack's, and deletes it later.

        Raises:
            ServiceError: there is one that no stack of this name has made.
        """
        named = {f"df-{self.stack}-{what}" for what in VOLUMES}
        there = named.intersection(self.engine.lines("volume", "ls", "--quiet"))
        if foreign := sorted(there.difference(self._volumes())):
            raise ServiceError(
                f"the volumes {', '.join(foreign)} are there, and this stack has not made them. "
                "Give the stack another name, or remove them: "
                f"`docker volume rm {' '.join(foreign)}`"
            )

    def lost_images(self, stack: Stack) -> list[str]:
        """The resources of images that the state knows and the engine has no more."""
        told = stack.resources("docker-build:index:Image")
        gone = self.engine.call
        return [
            each["urn"]
            for each in told
            if any(gone("image", "inspect", tag).returncode for tag in each["inputs"]["tags"])
        ]

    def is_running(self) -> bool:
        return bool(self.engine.containers(f"name=^{self.agent}$", all_=False))

    def alive(self) -> set[str]:
        """The flow runs whose containers run."""
        form = '{{.Label "io.prefect.flow-run-id"}}'
        return set(self.engine.containers(f"label={self.label}", form=form, all_=False))

    def await_agent(self, api_url: str, pool: str) -> None:
        """Return when it has reported to the pool after now, which it does every few seconds.

        Raises:
            ServiceError: it does not; with the end of its log.
        """
        since, deadline = datetime.now(UTC), time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline:
            if self.is_running() and _online(api_url, pool, self.agent, since):
                return
            time.sleep(POLL_SECONDS)
        raise ServiceError(
            f"the agent did not report within {SECONDS_TO_START:.0f} s. {self.tail()}"
        )

    def tail(self) -> str:
        done = self.engine.call("logs", "--tail", "15", self.agent)
        return f"The end of the agent's log:\n{done.stdout}{done.stderr}"

    def stop(self) -> None:
        """The agent first, so that it starts nothing more; then the runs, which report that."""
        if self.is_running():
            self.engine.run("stop", "--time", str(SECONDS_TO_FINISH), self.agent)
            self.say("agent: stopped")
        if runs := self._runs():
            self.engine.call("stop", "--time", str(SECONDS_TO_FINISH), *runs)
            self.say(f"runs: {len(runs)} stopped")

    def remove_left(self) -> list[str]:
        """What Pulumi has no state of goes; the volumes that are left, as the stack keeps them."""
        if runs := self._runs():
            self.engine.call("rm", "--force", *runs)
        self.engine.remove_left(self.label)
        return self._volumes()

    def _volumes(self) -> list[str]:
        return self.engine.lines("volume", "ls", "--quiet", f"--filter=label={self.label}")

    def _runs(self) -> list[str]:
        return [
            name for name in self.engine.containers(f"label={self.label}") if name != self.agent
        ]


def _online(api_url: str, pool: str, agent: str, since: datetime) -> bool:
    try:
        path = f"{api_url}/work_pools/{quote(pool, safe='')}/workers/filter"
        told = httpx.post(path, json={}, timeout=5, trust_env=False).raise_for_status().json()
    except httpx.HTTPError:
        return False
    return any(
        each["name"] == agent
        and each["status"] == "ONLINE"
        and datetime.fromisoformat(each["last_heartbeat_time"]) >= since
        for each in told
    )
