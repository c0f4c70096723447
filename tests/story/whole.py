"""All that the story has on stage: a stack of the program's, and what stands around it."""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.cloud.checkout import Changes, Checkout
from tests.cloud.values import plain
from tests.live.gateway import KEY, Gateway
from tests.live.proxy import forwarding, listening
from tests.live.server import PatientClient, free_port
from tests.story.connect import connecting
from tests.story.google import bigquery, storage
from tests.story.google.authority import Authority
from tests.story.google.bigquery import BigQuery
from tests.story.google.cloud_run.containers import Containers, engine
from tests.story.google.cloud_run.inside import Inside
from tests.story.google.declared import take_over
from tests.story.google.google import Google
from tests.story.google.google import google as everything
from tests.story.google.storage import Storage
from tests.story.vm.machine import Machine
from tools.containers.engine import Docker

PROJECT, NUMBER = "acme-data", 123456789012
PREFECT = "api.prefect.cloud"
_VM = "gcp:compute/instance:Instance"
_BUCKET, _DATASET = "gcp:storage/bucket:Bucket", "gcp:bigquery/dataset:Dataset"
_ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass
class Whole:
    """``prefect`` is a client with a person's key. ``machines`` are the VMs that run, by what makes
    another of them: name and user data.
    """

    checkout: Checkout
    google: Google
    containers: Containers
    inside: Inside
    storage: Storage
    bigquery: BigQuery
    prefect: httpx.Client
    docker: Docker
    machines: dict[str, Machine] = field(default_factory=dict)

    def up(self) -> Changes:
        """As Google would go on from there: grants hold, VMs boot."""
        changed = self.checkout.up()
        self.follow()
        return changed

    def destroy(self) -> None:
        self.checkout.destroy()
        self.follow()

    def follow(self) -> None:
        world, google = self.checkout.world(), self.google
        take_over(world, PROJECT, google.grants, google.identities, google.secrets)
        self.storage.have({_told(each, "name") for each in world.of(_BUCKET)})
        self.bigquery.have({_told(each, "datasetId") for each in world.of(_DATASET)})
        declared = {f"{_told(vm, 'name')}\n{_user_data(vm)}": vm for vm in world.of(_VM)}
        for gone in self.machines.keys() - declared.keys():
            self.machines.pop(gone).shut_down()
        for id_ in declared.keys() - self.machines.keys():
            self.machines[id_] = self._booted(declared[id_])

    def run(self, deployment: str, **parameters: Any) -> str:
        """The id of a run that somebody starts in the UI."""
        found = self.prefect.get(f"/deployments/name/{deployment}").raise_for_status().json()
        asked = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        path = f"/deployments/{found['id']}/create_flow_run"
        return str(self.prefect.post(path, json=asked).raise_for_status().json()["id"])

    def set_state(self, run: str, type_: str) -> None:
        asked = {"state": {"type": type_, "name": type_.title()}}
        self.prefect.post(f"/flow_runs/{run}/set_state", json=asked).raise_for_status()

    def ended(self, run: str, seconds: float = 180) -> dict[str, Any]:
        """The run's last state, once nothing of it is left at Google."""
        state = self.until(lambda: (s := self.state(run))["type"] in _ENDED and s, seconds)
        self.until(lambda: not self.google.cloud_run.jobs)
        return dict(state)

    def complete(self, run: str, seconds: float = 180) -> None:
        state = self.ended(run, seconds)
        assert state["type"] == "COMPLETED", f"{state}\n{self.said()}"

    def state(self, run: str) -> dict[str, Any]:
        told = self.prefect.get(f"/flow_runs/{run}").raise_for_status().json()
        return dict(told["state"])

    def logs(self, run: str) -> list[str]:
        asked = {"logs": {"flow_run_id": {"any_": [run]}}, "sort": "TIMESTAMP_ASC"}
        told = self.prefect.post("/logs/filter", json=asked).raise_for_status().json()
        return [each["message"] for each in told]

    def until(self, question: Callable[[], Any], seconds: float = 60) -> Any:
        """What a question answers, once the answer is true."""
        deadline = time.monotonic() + seconds
        while not (answer := question()):
            assert time.monotonic() < deadline, f"it never came about\n{self.said()}"
            time.sleep(0.5)
        return answer

    def said(self) -> str:
        """By all that could say why."""
        machines = [machine.log() for machine in self.machines.values()]
        asked = [str(each) for each in self.google.cloud_run.asked[-20:]]
        printed = [f"{name}: {text}" for name, text in self.containers.printed.items()]
        return "\n".join([*machines, *asked, *printed, *self.google.strangers])

    def end(self) -> None:
        for machine in self.machines.values():
            machine.lose()
        self.google.cloud_run.end()

    def _booted(self, vm: dict[str, Any]) -> Machine:
        machine = Machine(
            name=_told(vm, "name"),
            user_data=_user_data(vm),
            email=plain(vm["inputs"])["serviceAccount"]["email"],
            inside=self.inside,
            docker=self.docker.client,
            called=self.containers.name,
            port=free_port(),
        )
        machine.boot()
        return machine


@contextmanager
def whole(
    make: Callable[[str], Checkout], api_url: str, docker: Docker, base: str, folder: Path
) -> Iterator[Whole]:
    """With nothing up yet. ``make`` gives a checkout whose Prefect is at a URL; ``api_url`` is of
    the real server behind Prefect Cloud's gateway.
    """
    with ExitStack() as held:
        cloud = Gateway(root=f"https://{PREFECT}")
        forward = held.enter_context(forwarding(api_url))
        checkout = make(cloud.url())
        containers = Containers(
            held.enter_context(engine()), lambda image: _called(image, checkout.registry)
        )
        google = everything(containers, {PROJECT: NUMBER})
        objects = Storage(
            google.grants, google.identities, PROJECT, held.enter_context(storage.kept())
        )
        warehouse = BigQuery(google.grants, google.identities)
        google.others = {
            storage.HOST: objects.answer,
            bigquery.HOST: warehouse.answer,
            PREFECT: lambda asked: cloud.answer(asked, forward),
        }
        authority = Authority(folder, list(google.services))
        containers.around = inside = Inside(google, PROJECT, authority)
        there = (inside.address, 443)
        held.enter_context(
            listening(google.answer, there, authority.tls, lambda ws: cloud.upgraded(ws, api_url))
        )
        proxy = held.enter_context(connecting({f"{PREFECT}:443": there}))
        prefect = PatientClient(
            base_url=cloud.url(),
            headers={"Authorization": f"Bearer {KEY}"},
            proxy=proxy,
            verify=ssl.create_default_context(cafile=str(authority.bundle)),
            timeout=60,
        )
        checkout.machine |= {
            "STAND_IN_DOCKER": docker.client,
            "STAND_IN_CREDENTIALS": "cached",
            "HTTPS_PROXY": proxy,
            "NO_PROXY": "127.0.0.1,localhost",
            "SSL_CERT_FILE": str(authority.bundle),
        }
        checkout.change("images", base_image=base)
        checkout.give_key(KEY)
        made = Whole(
            checkout,
            google,
            containers,
            inside,
            objects,
            warehouse,
            held.enter_context(prefect),
            docker,
        )
        held.callback(made.end)
        yield made


def _called(image: str, registry: str) -> str:
    """An image of Google's registry by the name of ours, which has all of its images."""
    host, _, repository = image.partition("/")
    return f"{registry}/{repository}" if host.endswith("-docker.pkg.dev") else image


def _told(declared: dict[str, Any], output: str) -> str:
    return str(plain(declared["outputs"])[output])


def _user_data(vm: dict[str, Any]) -> str:
    return str(plain(vm["inputs"])["metadata"]["user-data"])
