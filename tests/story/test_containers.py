"""Tasks as containers: what the engine is asked for, without one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.story.conftest import RUNNER
from tests.story.google.cloud_run.containers import (
    Containers,
    Surroundings,
    described,
)
from tests.story.google.cloud_run.executor import Ended, Task

GIB = 2**30


def task(image="runner@sha256:2b", command=(), args=(), memory=GIB // 2, **env):
    return Task("df-x-1", image, tuple(command), tuple(args), env, 1, memory, RUNNER)


class Engine:
    """Answers as Docker would, in as many words as the executor asks for."""

    def __init__(self, code=0, *, oom=False, images=(), events=("die",)):
        self.events = "".join(json.dumps({"Action": each}) + "\n" for each in events)
        self.state = {"ExitCode": code, "OOMKilled": oom}
        self.images, self.asked, self.bodies = set(images), [], []

    def __call__(self, request):
        path = request.url.path
        self.asked.append(f"{request.method} {path}")
        if path.startswith("/images/") and path.endswith("/json"):
            there = request.url.path.split("/")[2] in self.images
            return httpx.Response(200 if there else 404, json={})
        if path == "/images/create":
            return httpx.Response(404)
        if path == "/containers/create":
            self.bodies.append(json.loads(request.content))
            return httpx.Response(201, json={"Id": "c1"})
        if path == "/events":
            return httpx.Response(200, text=self.events)
        if path.endswith("/logs"):
            return httpx.Response(200, content=b"\1\0\0\0\0\0\0\3hi\n\2\0\0\0\0\0\0\4bye\n")
        return httpx.Response(200, json={"State": self.state, "StatusCode": 0})


def containers(told, **others):
    http = httpx.Client(transport=httpx.MockTransport(told), base_url="http://docker")
    return Containers(http, **others)


def test_a_container_is_of_the_image_the_command_and_the_limits_of_its_task():
    told = task(command=["python3", "x.py"], args=["a b"], memory=2 * GIB, A="1", B="two words")
    made = described(told, "here/runner@sha256:2b", Surroundings())
    assert made["Image"] == "here/runner@sha256:2b"
    assert (made["Entrypoint"], made["Cmd"]) == (["python3", "x.py"], ["a b"])
    assert made["Env"] == ["A=1", "B=two words"]
    host = made["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (2 * GIB, 2 * GIB)
    assert host["NanoCpus"] == 10**9


def test_a_task_that_does_not_say_what_to_start_starts_what_its_image_does():
    assert not {"Entrypoint", "Cmd"} & described(task(), "runner", Surroundings()).keys()


def test_a_container_meets_what_is_around_it_until_it_is_removed():
    told, left = Engine(), []

    @contextmanager
    def around(_: Task) -> Iterator[Surroundings]:
        yield Surroundings({"GCE_METADATA_HOST": "10.0.0.1"}, ("run.googleapis.com:10.0.0.1",))
        left.append(True)

    made = containers(told, around=around, name=lambda image: f"127.0.0.1:5000/{image}").start(
        task(A="1")
    )
    assert made.wait(None) == Ended(0)
    [body] = told.bodies
    assert body["Image"] == "127.0.0.1:5000/runner@sha256:2b"
    assert body["Env"] == ["A=1", "GCE_METADATA_HOST=10.0.0.1"]
    assert body["HostConfig"]["ExtraHosts"] == ["run.googleapis.com:10.0.0.1"]
    assert not left
    made.remove()
    assert left
    assert "DELETE /containers/c1" in told.asked
    assert made.of.printed == {"df-x-1": "hi\nbye\n"}


@pytest.mark.parametrize(
    ("told", "ended"),
    [
        (Engine(3), Ended(3)),
        (Engine(137, oom=True), Ended(137, True)),
        (Engine(0, oom=True), Ended(0)),
    ],
)
def test_a_container_ends_as_the_engine_says(told, ended):
    assert containers(told).start(task()).wait(None) == ended


def test_a_container_in_which_anything_takes_too_much_memory_is_killed_as_a_whole(eventually):
    """Even if the engine would say that its first process was not killed for that."""
    told = Engine(137, events=("oom", "die"))
    made = containers(told).start(task())
    made.wait(None)
    eventually(lambda: "POST /containers/c1/kill" in told.asked)
    assert made.wait(None) == Ended(137, out_of_memory=True)


def test_a_container_that_was_stopped_before_it_was_made_is_not_started():
    told = Engine()
    made = containers(told).start(task())
    made.stop(1)
    assert [made.wait(None), made.wait(None)] == [Ended(137)] * 2
    made.remove()
    assert "POST /containers/c1/start" not in told.asked
    assert "DELETE /containers/c1" in told.asked


def test_an_image_that_is_neither_here_nor_to_be_pulled_is_missing():
    told = Engine(images=["runner"])
    made = containers(told)
    assert not made.missing("runner")
    assert "POST /images/create" not in told.asked
    assert made.missing("other")
    assert "POST /images/create" in told.asked
