"""What the engine is told of a docker stack."""

import json
import re
from types import SimpleNamespace

import pulumi_docker
import pytest
from prefect_docker.worker import DockerWorkerJobConfiguration

from prefect_as_code import worker_of
from stacks.config.docker import Containers, Host
from stacks.config.prefect import Prefect
from stacks.places.docker.host import DockerHost
from stacks.places.docker.runner import WORKER
from stacks.places.docker.size import size
from tests.places.docker.graph import IDS, SOCKET_GROUP, built, one

CONTAINER, IMAGE = "docker:index/container:Container", "docker-build:index:Image"
POOL = "pulumi-python:dynamic/prefect:WorkPool"


def template(resources):
    return json.loads(one(resources, POOL, "pool")["base_job_template"])


def variables(resources):
    told = template(resources)["variables"]["properties"]
    return {name: each["default"] for name, each in told.items() if "default" in each}


def deployments(resources):
    return {
        each.name: each.inputs | {"job_variables": json.loads(each.inputs["job_variables"])}
        for each in resources
        if each.type == "pulumi-python:dynamic/prefect:Deployment"
    }


def test_all_of_the_host_goes_through_providers_that_say_which_host_it_is():
    resources, _ = built()
    providers = {each.name: each.inputs for each in resources if "providers" in each.type}
    host = {"host": "unix:///var/run/docker.sock"}
    assert providers == {"docker-host": host, "docker": host}
    theirs = [each for each in resources if each.type.startswith(("docker:", "docker-build:"))]
    assert {each.provider for each in theirs} == {"docker-host", "docker"}


def test_images_are_built_by_the_engine_that_runs_them_under_a_name_of_no_registry():
    resources, engine = built()
    for name in IDS:
        image = one(resources, IMAGE, f"{name}-image")
        assert image["builder"] == {"name": "default"}
        assert (image["load"], image["push"]) == (True, False)
        assert image["tags"] == [f"localhost/df-docker/{name}:latest"]
        assert "exports" not in image
        assert image["tags"][0] in engine.asked


def test_the_agent_and_the_runs_are_of_the_images_ids():
    resources, _ = built()
    assert one(resources, CONTAINER, "agent")["image"] == IDS["agent"]
    for each in deployments(resources).values():
        assert each["job_variables"]["image"] == IDS["runner"]
        assert each["version"] == IDS["runner"]


def test_in_a_preview_of_changed_files_no_image_is_looked_for():
    _, engine = built(preview=True, digest="")
    assert engine.asked == []


def test_a_run_can_have_nothing_of_the_host():
    told = template(built()[0])
    assert told["job_configuration"]["privileged"] is False
    kwargs = told["job_configuration"]["container_create_kwargs"]
    assert (kwargs["read_only"], kwargs["cap_drop"]) == (True, ["ALL"])
    assert kwargs["security_opt"] == ["no-new-privileges"]
    assert not {"privileged", "container_create_kwargs"} & told["variables"]["properties"].keys()


def test_the_template_has_all_that_the_worker_asks_for_and_no_more():
    packaged = worker_of(WORKER)["base_job_template"]["job_configuration"]
    told = template(built()[0])
    assert told["job_configuration"].keys() == packaged.keys()
    assert told["job_configuration"].keys() <= DockerWorkerJobConfiguration.model_fields.keys()
    asked = set(re.findall(r"{{ (\w+) }}", json.dumps(told["job_configuration"])))
    assert asked == told["variables"]["properties"].keys()


def test_a_run_is_limited_mounts_the_volumes_and_ends_in_time():
    values = variables(built(runner={"cpu": "1500m", "memory": "1Gi", "timeout": 60})[0])
    assert values["nano_cpus"] == 1_500_000_000
    assert values["mem_limit"] == values["memswap_limit"] == str(2**30)
    assert values["command"] == "timeout --kill-after=30 60 python3 /opt/runner/execute.py"
    assert values["networks"] == ["df-docker", "dataflows-prefect"]
    assert values["volumes"] == [
        "df-docker-landing:/data/landing",
        "df-docker-warehouse:/data/warehouse",
    ]
    assert (values["image_pull_policy"], values["auto_remove"]) == ("Never", True)


def test_what_a_flow_asks_for_itself_counts():
    told = deployments(built()[0])
    own = told["ingest/ingest-docker"]["job_variables"]
    assert (own["mem_limit"], own["memswap_limit"]) == (str(2 * 2**30), str(2 * 2**30))
    assert "nano_cpus" not in own
    assert told["hello/hello-docker"]["job_variables"] == {"image": IDS["runner"]}


@pytest.mark.parametrize(
    ("cpu", "billionths"),
    [("1", 10**9), ("2000m", 2 * 10**9), ("1.5", 1_500_000_000), ("250m", 250_000_000)],
)
def test_cpus_are_told_in_billionths(cpu, billionths):
    assert size(cpu, None) == {"nano_cpus": billionths}


def test_the_agent_has_the_sockets_group_and_no_other_right():
    agent = one(built()[0], CONTAINER, "agent")
    assert agent["groupAdds"] == [str(SOCKET_GROUP)]
    assert agent["user"] == "10001:10001"
    assert (agent["readOnly"], agent["capabilities"]) == (True, {"drops": ["ALL"]})
    assert [each["hostPath"] for each in agent["volumes"]] == ["/var/run/docker.sock"]
    assert (agent["restart"], agent["memory"]) == ("unless-stopped", 512)
    assert agent["memory"] == agent["memorySwap"], "else it looks changed ever after"
    assert agent["destroyGraceSeconds"] > 0, "else it is killed"


def test_the_volumes_bear_the_label_by_which_they_are_known_as_the_stacks():
    resources, _ = built()
    for name in ("landing-volume", "warehouse-volume"):
        told = one(resources, "docker:index/volume:Volume", name)
        assert told["labels"] == [{"label": "dataflows.docker", "value": ""}]


@pytest.mark.parametrize(("on_destroy", "kept"), [("keep", True), ("delete", False)])
def test_volumes_outlive_the_stack_unless_it_says_otherwise(monkeypatch, on_destroy, kept):
    made, volume = [], pulumi_docker.Volume

    def noted(*args, opts, **told):
        made.append(opts.retain_on_delete)
        return volume(*args, opts=opts, **told)

    monkeypatch.setattr("stacks.places.docker.host.docker.Volume", noted)
    built(host={"on_destroy": on_destroy})
    assert made == [kept, kept]


@pytest.mark.parametrize(
    ("address", "socket", "why"),
    [
        ("ssh://me@vm.example", "/var/run/docker.sock", "ssh://me@vm.example is another machine"),
        ("unix:///x", "/nobody/has/this.sock", "/nobody/has/this.sock cannot be looked at here"),
    ],
)
def test_a_group_that_cannot_be_looked_up_has_to_be_said(monkeypatch, address, socket, why):
    told = SimpleNamespace(get=lambda key: {"host": address}[key])
    monkeypatch.setattr("stacks.places.docker.host.pulumi.Config", lambda name: told)
    host = DockerHost(Prefect(work_pool="x"), Containers(kind="docker"), Host(socket=socket))
    with pytest.raises(Exception, match=f"host.socket_group is missing, and {re.escape(why)}"):
        host._socket_group()
