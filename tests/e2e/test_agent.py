"""The agent's image, started as its VM starts it, beside a Prefect that asks for the key."""

import json
import shlex
from types import SimpleNamespace

import httpx
import pytest

from stacks.places.google.cloud_init import Worker, systemd_unit
from tests.images.google import VERSION, google
from tests.live.gateway import KEY, gateway
from tests.live.server import free_port

pytestmark = pytest.mark.e2e

CLIENT = """
from google.auth.credentials import AnonymousCredentials
from googleapiclient import discovery
run = discovery.build("run", "v2", credentials=AnonymousCredentials()).projects().locations()
print(run.jobs().run(name="projects/p/locations/l/jobs/j", body={}).uri)
"""


@pytest.fixture
def cloud(api_url):
    """Prefect Cloud, which knows the key, and Google, which holds it for the VM."""
    with gateway(api_url) as there, google(KEY.encode()) as holder:
        yield SimpleNamespace(prefect=there, google=holder)


@pytest.fixture
def unit(cloud, pool):
    """What the VM's unit says: the container's environment and its command."""
    worker = Worker(
        image="the-image",
        registry="europe-west1-docker.pkg.dev",
        api_url=cloud.prefect.url(),
        api_key_secret=VERSION,
        work_pool=pool,
        work_pool_type="cloud-run-v2",
        concurrency_limit=10,
    )
    [start] = [
        line
        for line in systemd_unit(worker).replace("\\\n", " ").splitlines()
        if line.startswith("ExecStart=")
    ]
    words = [word.replace("%H", "vm-1") for word in shlex.split(start)]
    at = words.index("the-image")
    env = dict(words[n + 1].split("=", 1) for n, word in enumerate(words[:at]) if word == "-e")
    port = str(free_port())  # 8080 may be taken on the machine whose network this shares
    ours = {"PREFECT_WORKER_WEBSERVER_HOST": "127.0.0.1", "PREFECT_WORKER_WEBSERVER_PORT": port}
    return SimpleNamespace(env=env | cloud.google.env | ours, command=words[at + 1 :], port=port)


def test_the_agent_serves_its_pool_with_the_key_that_only_the_vm_may_read(
    agent, unit, pool, prefect
):
    def answers():
        try:
            return httpx.get(f"http://127.0.0.1:{unit.port}/health").is_success
        except httpx.TransportError:
            return False

    def online():
        told = prefect.post(f"/work_pools/{pool}/workers/filter", json={}).json()
        return [each["name"] for each in told if each["status"] == "ONLINE"] == ["vm-1"]

    with agent.started(*unit.command, env=unit.env) as container:
        container.wait(answers)
        container.wait(online)
        check = agent.config["Healthcheck"]["Test"]
        assert check[0] == "CMD"
        container.docker.run("exec", container.name, *check[1:])

        took = container.stop(60)
        assert took < 20, container.logs()
        told = container.inspect()
        assert told["State"]["ExitCode"] == 0, container.logs()
        assert KEY not in json.dumps(told)
        assert KEY not in container.logs()


def test_an_agent_whose_vm_may_not_read_the_key_says_so_and_ends(agent, unit, cloud):
    cloud.google.instead["secrets"] = httpx.Response(403)
    status, said = agent.run(*unit.command, env=unit.env)
    assert status == 1
    assert said.splitlines() == [
        f"agent: Secret Manager, {VERSION} answers 403: grant the VM's service account"
        " roles/secretmanager.secretAccessor on the secret"
    ]


def test_the_health_check_fails_where_no_worker_answers(agent):
    check = agent.config["Healthcheck"]["Test"][1:]
    env = {"PREFECT_WORKER_WEBSERVER_PORT": str(free_port())}
    status, said = agent.run(*check, env=env)
    assert status == 1
    assert "Connection refused" in said


def test_the_worker_can_make_its_client_of_cloud_run_without_asking_google_for_its_description(
    agent,
):
    options = ("--rm", "--network=none", "--read-only", "--tmpfs=/tmp")
    said = agent.docker.run("run", *options, agent.name, "python3", "-c", CLIENT)
    assert said.startswith("https://run.googleapis.com/v2/projects/p/locations/l/jobs/j:run")
