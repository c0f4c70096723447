"""The whole life of a docker stack: real containers of real images on a real engine.

The tests are one story, in the order in which they stand.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.places.docker.checkout import Checkout
from tools.containers.engine import Docker

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

KINDS = {
    "containers": ("ps", "--all", "--quiet", "--no-trunc"),
    "images": ("images", "--all", "--quiet", "--no-trunc"),
    "networks": ("network", "ls", "--quiet", "--no-trunc"),
    "volumes": ("volume", "ls", "--quiet"),
}
FLOWS = ("hello", "ingest", "report")


def on_the_host(docker: Docker) -> dict[str, set[str]]:
    return {kind: set(docker.run(*words).split()) for kind, words in KINDS.items()}


def until(found: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (told := found()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.5)
    return told


@pytest.fixture(scope="module")
def others(docker: Docker, base: str, checkout: Checkout) -> Iterator[dict[str, set[str]]]:
    """What is on the host before the stack, others' things with names like its own among it."""
    name = f"df-{checkout.stack}x-warehouse"
    docker.run("network", "create", name)
    docker.run("volume", "create", name)
    mounted = ("--network", name, "--volume", f"{name}:/data")
    docker.run("run", "--detach", "--name", name, *mounted, base, "sleep", "infinity")
    docker.run("tag", base, f"localhost/{name}/runner:latest")
    yield on_the_host(docker)
    docker.run("rm", "--force", name)
    docker.run("network", "rm", name)
    docker.run("volume", "rm", name)
    docker.run("rmi", f"localhost/{name}/runner:latest")


@pytest.fixture(scope="module")
def prefect(checkout: Checkout) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=checkout.api_url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
def start(prefect: httpx.Client, checkout: Checkout) -> Callable[..., str]:
    """A run of the slow flow; its id, once it goes on."""

    def started(**parameters: Any) -> str:
        path = f"/deployments/name/slow/slow-{checkout.stack}"
        deployment = prefect.get(path).raise_for_status().json()["id"]
        path = f"/deployments/{deployment}/create_flow_run"
        told = {"state": {"type": "SCHEDULED"}, "parameters": parameters}
        run = prefect.post(path, json=told).raise_for_status().json()["id"]
        until(lambda: state(prefect, run) != "SCHEDULED" and state(prefect, run) != "PENDING")
        return str(run)

    return started


def state(prefect: httpx.Client, run: str) -> str:
    return str(prefect.get(f"/flow_runs/{run}").raise_for_status().json()["state_type"])


def container_of(checkout: Checkout, run: str) -> str:
    told = f"--filter=label=io.prefect.flow-run-id={run}"
    return checkout.docker.run("ps", "--quiet", "--no-trunc", told)


def images_of(checkout: Checkout, prefect: httpx.Client) -> set[str]:
    told = prefect.post("/deployments/filter", json={}).raise_for_status().json()
    return {each["job_variables"]["image"] for each in told}


@pytest.mark.parametrize(
    ("volume", "why"),
    [
        ("df-e2e-landing", "the volumes df-e2e-landing are there, and this stack has not made"),
        ("dataflows-e2e_database", "has a database whose password was in"),
    ],
)
def test_a_volume_that_is_not_its_own_is_not_taken_over(others, checkout, docker, volume, why):
    docker.run("volume", "create", volume)
    before = on_the_host(docker)
    assert why in checkout.run("up", succeeds=False)
    checkout.run("down")
    checkout.run("destroy", "--yes")
    assert on_the_host(docker) == before
    docker.run("volume", "rm", volume)


def test_the_first_up_runs_the_flows_as_containers(others, checkout, prefect, docker):
    checkout.up()
    told = prefect.post("/flow_runs/filter", json={}).raise_for_status().json()
    ended = {each["name"]: each for each in told if each["state_type"] == "COMPLETED"}
    assert len(ended) == len(FLOWS), checkout.said[-1]
    # Each was a container of the host, which is gone with it.
    pids = [each["infrastructure_pid"].rpartition(":")[2] for each in ended.values()]
    assert all(len(pid) == 64 for pid in pids)
    until(lambda: not set(pids) & on_the_host(docker)["containers"])
    runner = docker.run("image", "inspect", "--format", "{{.Id}}", "localhost/df-e2e/runner:latest")
    assert images_of(checkout, prefect) == {runner}


def test_a_second_up_changes_nothing(checkout, docker):
    before = on_the_host(docker)
    assert checkout.up("--no-runs") == {}
    assert on_the_host(docker) == before


def test_another_checkout_does_not_take_the_stack_over(checkout, docker, tmp_path):
    other = replace(checkout, home=tmp_path, said=[])
    before = on_the_host(docker)
    said = other.run("up", "--no-runs", succeeds=False)
    assert f"another checkout has dataflows-e2e on this host: {checkout.repository}." in said
    assert on_the_host(docker) == before


def test_the_password_is_in_no_file_of_the_repository_and_is_nobody_elses_to_read(checkout):
    told = checkout.repository / ".docker/compose.env"
    assert told.stat().st_mode & 0o077 == 0
    [password] = [
        line.partition("=")[2]
        for line in told.read_text().splitlines()
        if line.startswith("POSTGRES_PASSWORD=")
    ]
    assert len(password) == 48
    assert password not in "".join(checkout.said)


def test_only_this_machine_reaches_the_server_and_nobody_the_database(checkout, docker):
    form = "{{.Names}} {{.Ports}}"
    told = docker.run(
        "ps", "--filter=label=com.docker.compose.project=dataflows-e2e", "--format", form
    )
    published = [part for part in told.split() if "->" in part]
    assert published == [f"127.0.0.1:{checkout.port}->4200/tcp"]


def test_a_run_has_its_own_size_and_nothing_of_the_host(checkout, prefect, start):
    run = start(seconds=30)
    told = checkout.inspect(container_of(checkout, run))
    host = told["HostConfig"]
    assert (host["NanoCpus"], host["Memory"], host["MemorySwap"]) == (2 * 10**9, 2**30, 2**30)
    assert {*told["NetworkSettings"]["Networks"]} == {"df-e2e", "dataflows-e2e"}
    mounted = {each["Name"]: each["Destination"] for each in told["Mounts"]}
    assert mounted == {
        "df-e2e-landing": "/data/landing",
        "df-e2e-warehouse": "/data/warehouse",
    }
    assert told["Config"]["User"] == "10001:10001"
    assert (host["Privileged"], host["ReadonlyRootfs"], host["CapDrop"]) == (False, True, ["ALL"])
    assert told["Image"] in images_of(checkout, prefect)


def test_the_agent_has_the_socket_and_no_other_right(checkout):
    told = checkout.inspect(checkout.agent)
    host = told["HostConfig"]
    assert [each["Source"] for each in told["Mounts"]] == ["/var/run/docker.sock"]
    assert host["GroupAdd"] == [str(os.stat("/var/run/docker.sock").st_gid)]
    assert told["Config"]["User"] == "10001:10001"
    assert (host["Privileged"], host["ReadonlyRootfs"], host["CapDrop"]) == (False, True, ["ALL"])
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["LogConfig"]["Config"] == {"max-file": "3", "max-size": "10m"}
    until(lambda: checkout.inspect(checkout.agent)["State"]["Health"]["Status"] == "healthy")


def test_a_killed_agent_comes_back_and_its_runs_go_on(checkout, prefect, start):
    run = start(seconds=30)
    before = checkout.inspect(checkout.agent)["State"]
    os.kill(before["Pid"], signal.SIGKILL)

    def another() -> bool:
        now = checkout.inspect(checkout.agent)["State"]
        return now["Running"] and now["Pid"] != before["Pid"]

    until(another)
    until(lambda: state(prefect, run) == "COMPLETED")
    later = start(seconds=1)
    until(lambda: state(prefect, later) == "COMPLETED")


def test_runs_go_on_while_the_agent_is_replaced(checkout, prefect, start):
    run, before = start(seconds=90), checkout.inspect(checkout.agent)["Id"]
    checkout.change("host", agent_concurrency_limit=10)
    assert checkout.up("--no-runs") == {"agent": "replaced"}
    assert checkout.inspect(checkout.agent)["Id"] != before
    until(lambda: state(prefect, run) == "COMPLETED")


def test_a_changed_flow_is_another_runner_and_nothing_else(checkout, prefect, docker):
    before, agent = images_of(checkout, prefect), checkout.inspect(checkout.agent)["Id"]
    checkout.edit("flows/hello.py", "GREETINGS = {", 'GREETINGS = {"latin": "Salve", ')
    deployments = {f"{flow}/{flow}-e2e": "updated" for flow in (*FLOWS, "slow")}
    assert checkout.up("--no-runs") == {"runner-image": "updated", **deployments}
    assert checkout.inspect(checkout.agent)["Id"] == agent
    assert images_of(checkout, prefect).isdisjoint(before)
    assert not [image for image in before if docker.has(image)], "the old one is nobody's"


def test_an_image_that_was_removed_is_built_again(checkout, docker):
    docker.run("rmi", "localhost/df-e2e/runner:latest")
    assert "runner-image" in checkout.up("--no-runs")
    assert docker.has("localhost/df-e2e/runner:latest")


def test_status_and_logs_show_the_containers(checkout):
    told = checkout.run("status")
    for name in ("postgres", "prefect", checkout.agent):
        assert name in told
    assert "Worker" in checkout.run("logs", "agent")
    assert f"export PREFECT_API_URL={checkout.api_url}" in checkout.run("env")


def test_what_is_taken_down_comes_up_again_with_its_history(checkout, prefect):
    counted = prefect.post("/flow_runs/count", json={}).json()
    checkout.run("down")
    names = ("ps", "--format", "{{.Names}}", "--filter=name=e2e-")
    assert checkout.docker.run(*names) == ""
    checkout.up("--no-runs")
    assert checkout.inspect(checkout.agent)["State"]["Running"]
    assert prefect.post("/flow_runs/count", json={}).json() == counted


def test_destroy_leaves_nothing_of_it_and_all_of_others(others, checkout, docker):
    checkout.run("destroy", "--yes")
    assert on_the_host(docker) == others
    assert not (checkout.repository / ".docker").exists()
