"""The executor that is one: each task is a container of a Docker engine.

What it is kinder in than Cloud Run: files are written to disk, not to the task's memory; and the
engine's word on a container (`docker inspect`) has its environment, secrets included.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from tests.story.google.cloud_run.executor import Ended, Task

SOCKET = "/var/run/docker.sock"
LABEL = "dataflows.story.task"
_KILLED = 137


@dataclass(frozen=True)
class Surroundings:
    """What a container meets besides its task: where Google is, and whom it is to trust.

    ``hosts`` are such as ``run.googleapis.com:10.0.0.1``, ``binds`` such as ``/ca.pem:/ca.pem:ro``.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()
    network: str = "bridge"


def engine(socket: str = "") -> httpx.Client:
    """Each container that runs holds two connections."""
    told = socket or os.environ.get("DOCKER_HOST", "").removeprefix("unix://") or SOCKET
    transport = httpx.HTTPTransport(uds=told, limits=httpx.Limits(max_connections=None))
    return httpx.Client(transport=transport, base_url="http://docker", timeout=120)


@dataclass
class Containers:
    """``name`` says what an image of Google's registries is called here; it is pulled if it is not
    there. ``started`` are all tasks, ``printed`` what those that are gone had said, by their names.
    """

    http: httpx.Client
    name: Callable[[str], str] = lambda image: image
    around: Callable[[Task], AbstractContextManager[Surroundings]] = lambda task: nullcontext(
        Surroundings()
    )
    printed: dict[str, str] = field(default_factory=dict)
    started: list[Task] = field(default_factory=list)

    def missing(self, image: str) -> bool:
        here = quote(self.name(image), safe="")
        if self.http.get(f"/images/{here}/json").status_code != 404:
            return False
        asked = {"fromImage": self.name(image)}
        pulled = self.http.post("/images/create", params=asked, timeout=600)
        if pulled.is_error and pulled.status_code != 404:
            pulled.raise_for_status()
        return self.http.get(f"/images/{here}/json").status_code == 404

    def start(self, task: Task) -> "Container":
        self.started.append(task)
        return Container(self, task)


@dataclass
class Container:
    of: Containers
    task: Task
    out_of_memory: bool = False
    id: str = ""
    _runs: bool = False
    _stopped: bool = False
    _held: ExitStack = field(default_factory=ExitStack)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, seconds: float | None) -> Ended | None:
        if not self._started():
            return Ended(_KILLED)
        try:
            self.of.http.post(f"/containers/{self.id}/wait", timeout=seconds).raise_for_status()
        except httpx.ReadTimeout:
            return None
        state = self._told("GET", "json")["State"]
        code = int(state["ExitCode"])
        return Ended(code, bool(code) and (self.out_of_memory or bool(state["OOMKilled"])))

    def stop(self, grace: float) -> None:
        with self._lock:
            self._stopped = True
        if self.id:
            params = {"t": str(max(1, round(grace)))}
            asked = lambda: self.of.http.post(f"/containers/{self.id}/stop", params=params)  # noqa: E731
            threading.Thread(target=asked, daemon=True).start()

    def remove(self) -> None:
        if self.id:
            logs = self.of.http.get(
                f"/containers/{self.id}/logs", params={"stdout": "1", "stderr": "1"}
            )
            self.of.printed[self.task.name] = _text(logs.content)
            self.of.http.delete(f"/containers/{self.id}", params={"force": "true", "v": "true"})
        self._held.close()

    def _started(self) -> bool:
        """Once; unless it was stopped before."""
        if self.id:
            return self._runs
        surroundings = self._held.enter_context(self.of.around(self.task))
        body = described(self.task, self.of.name(self.task.image), surroundings)
        made = self.of.http.post("/containers/create", json=body)
        made.raise_for_status()
        with self._lock:
            self.id = made.json()["Id"]
            self._runs = not self._stopped
        if self._runs:
            threading.Thread(target=self._watch, args=(time.time(),), daemon=True).start()
            self._told("POST", "start")
        return self._runs

    def _watch(self, since: float) -> None:
        """Docker kills the process that takes too much; Cloud Run ends the whole container."""
        told = {
            "since": f"{since - 1:.3f}",  # it may have ended before anybody listened
            "filters": json.dumps({"container": [self.id], "event": ["oom", "die"]}),
        }
        with self.of.http.stream("GET", "/events", params=told, timeout=None) as events:
            for line in filter(None, events.iter_lines()):
                if json.loads(line)["Action"] == "die":
                    return
                self.out_of_memory = True
                self.of.http.post(f"/containers/{self.id}/kill")

    def _told(self, verb: str, what: str) -> Any:
        answer = self.of.http.request(verb, f"/containers/{self.id}/{what}")
        answer.raise_for_status()
        return answer.json() if answer.content else None


def described(task: Task, image: str, surroundings: Surroundings) -> dict[str, Any]:
    """The body that makes the container. No swap: what is over the limit is over it."""
    env = {**task.env, **surroundings.env}
    made: dict[str, Any] = {
        "Image": image,
        "Env": [f"{name}={value}" for name, value in env.items()],
        "Labels": {LABEL: task.name},
        "HostConfig": {
            "Memory": task.memory,
            "MemorySwap": task.memory,
            # No more than there are; the engine would refuse it.
            "NanoCpus": min(task.cpu, os.cpu_count() or 1) * 10**9,
            "NetworkMode": surroundings.network,
            "ExtraHosts": list(surroundings.hosts),
            "Binds": list(surroundings.binds),
        },
    }
    made |= {"Entrypoint": list(task.command)} if task.command else {}
    return made | ({"Cmd": list(task.args)} if task.args else {})


def _text(frames: bytes) -> str:
    """What is in Docker's stream, which has a head of eight bytes before each piece."""
    found = b""
    while len(frames) >= 8:
        size = int.from_bytes(frames[4:8], "big")
        found += frames[8 : 8 + size]
        frames = frames[8 + size :]
    return found.decode(errors="replace")
