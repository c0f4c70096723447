"""The Cloud Run job that the worker would ask Google for, made by the worker's own code."""

import asyncio
import json
import re
from pathlib import Path
from uuid import uuid4

import google.auth
import pytest
from google.auth.credentials import AnonymousCredentials
from prefect.client.schemas.objects import Flow, FlowRun
from prefect.server.schemas.actions import WorkPoolCreate
from prefect.utilities.schema_tools import ValidationError, validate
from prefect_gcp.workers.cloud_run_v2 import CloudRunWorkerJobV2Configuration

from tests.places.google.discovery import problems
from tests.places.google.graph import API_KEY, RUNNER_DIGEST
from tests.places.google.variants import VARIANTS, graph

JOB_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")  # Cloud Run's own rule


@pytest.fixture(autouse=True)
def identity(monkeypatch):
    """The VM's, as the metadata server would say."""
    monkeypatch.setattr(google.auth, "default", lambda **_: (_Identity(), "acme-data"))


class _Identity(AnonymousCredentials):
    quota_project_id = None


def template_of(variant):
    [pool] = [r for r in graph(variant) if r.type.endswith(":WorkPool")]
    return json.loads(pool.inputs["base_job_template"])


def job(template, job_variables, flow="ingest", run="2026-01-01 run"):
    """What the worker would do with one run; Prefect's own settings of the worker come on top."""
    made = CloudRunWorkerJobV2Configuration.from_template_and_values(
        template,
        job_variables,
        client=object(),  # of no use, as the template refers to no block and no variable
    )
    configuration = asyncio.run(made)
    flow_id = uuid4()
    configuration.prepare_for_flow_run(
        FlowRun(flow_id=flow_id, name=run), flow=Flow(id=flow_id, name=flow)
    )
    return configuration


def jobs(variant):
    template = template_of(variant)
    for deployment in graph(variant):
        if deployment.type.endswith(":Deployment"):
            variables = json.loads(deployment.inputs["job_variables"])
            yield deployment, job(template, variables, deployment.inputs["flow_name"])


def container(configuration):
    [found] = configuration.job_body["template"]["template"]["containers"]
    return found


def command_of(image):
    """What the image itself starts, of which the job is to know as well."""
    dockerfile = Path(__file__).parents[3] / "images" / image / "Dockerfile"
    [command] = re.findall(r"^CMD (\[.*\])$", dockerfile.read_text(), re.MULTILINE)
    return json.loads(command)


def wrong(body):
    return problems("run.v2", "GoogleCloudRunV2Job", body)


@pytest.mark.parametrize("variant", VARIANTS)
def test_google_would_take_the_job_of_every_deployment(variant):
    found = [f"{d}: {p}" for d, made in jobs(variant) for p in wrong(made.job_body)]
    assert not found


@pytest.mark.parametrize("variant", VARIANTS)
def test_prefect_would_take_the_template_and_what_each_deployment_says_of_its_jobs(variant):
    template = template_of(variant)
    WorkPoolCreate(name="pool", type="cloud-run-v2", base_job_template=template)
    schema = template["variables"]
    defaults = {k: v["default"] for k, v in schema["properties"].items() if v.get("default")}
    validate(defaults, schema, raise_on_error=True)
    for deployment in graph(variant):
        if deployment.type.endswith(":Deployment"):
            validate(json.loads(deployment.inputs["job_variables"]), schema, raise_on_error=True)


def test_prefect_sees_what_a_deployment_may_not_say_of_its_jobs():
    for wrong_value in ({"cpu": "two"}, {"memory": "2gb"}, {"timeout": 604_801}):
        with pytest.raises(ValidationError):
            validate(wrong_value, template_of("dev")["variables"], raise_on_error=True)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_job_has_a_name_that_cloud_run_takes(variant):
    for _, made in jobs(variant):
        assert JOB_NAME.fullmatch(made.job_name)
        assert made.job_name.startswith(f"df-{VARIANTS[variant][0]}-")


def test_a_flow_with_a_long_and_strange_name_still_gets_a_name_that_cloud_run_takes():
    made = job(template_of("dev"), {}, flow=f"Ünïcode_{'x' * 80} 9")
    assert JOB_NAME.fullmatch(made.job_name)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_job_is_of_one_image_content_and_acts_as_the_runner(variant):
    stack = VARIANTS[variant][0]
    for _, made in jobs(variant):
        inner = made.job_body["template"]["template"]
        assert "/runner@sha256:" in container(made)["image"]
        assert container(made)["command"] == command_of("runner")
        assert inner["serviceAccount"] == f"df-{stack}-runner@acme-data.iam.gserviceaccount.com"
        assert made.job_body["launchStage"] == "GA"
        assert (inner["timeout"], inner["maxRetries"]) == ("3600s", 0)
        assert made.region == "europe-west1"
        assert made.job_body["labels"].items() >= {"platform": "dataflows", "stack": stack}.items()


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_job_holds_its_secrets_as_references_and_no_variable_twice(variant):
    for _, made in jobs(variant):
        env = container(made)["env"]
        names = [each["name"] for each in env]
        assert len(names) == len(set(names))
        [key] = [each for each in env if each["name"] == "PREFECT_API_KEY"]
        assert key["valueSource"]["secretKeyRef"]["version"] == "1"
        assert API_KEY not in json.dumps(made.job_body)
        assert {"name": "DATAFLOWS_STACK", "value": VARIANTS[variant][0]} in env


def test_a_deployments_own_cpu_and_memory_win_over_the_stacks():
    limits = {d.name: container(made)["resources"]["limits"] for d, made in jobs("dev")}
    assert limits["hello/hello-dev"] == {"cpu": "1000m", "memory": "512Mi"}
    assert limits["ingest/ingest-dev"] == {"cpu": "1000m", "memory": "2Gi"}


def test_a_run_stays_outside_the_network_unless_it_is_asked_in():
    [inside] = {
        json.dumps(m.job_body["template"]["template"].get("vpcAccess"))
        for _, m in jobs("everything")
    }
    assert json.loads(inside) == {
        "networkInterfaces": [{"network": "network-vpc-id", "subnetwork": "network-subnet-id"}],
        "egress": "ALL_TRAFFIC",
    }
    assert all("vpcAccess" not in m.job_body["template"]["template"] for _, m in jobs("dev"))


def test_secrets_of_the_stack_reach_a_job_by_name_and_version():
    env = {each["name"]: each for _, made in jobs("everything") for each in container(made)["env"]}
    assert env["SHOP"]["value"] == "https://shop.example"
    reference = {"secret": "shop-token", "version": "3"}
    assert env["SHOP_TOKEN"]["valueSource"]["secretKeyRef"] == reference


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"executionEnvironment": "GEN2"}, "executionEnvironment: 'GEN2' is none of EXECUTION_"),
        ({"vpcAccess": {"egres": "ALL_TRAFFIC"}}, "vpcAccess.egres is unknown; there are connec"),
        ({"maxRetries": "none"}, "maxRetries: 'none' is no int32"),
        ({"timeout": "1 hour"}, "timeout: '1 hour' is no google-duration"),
    ],
)
def test_a_template_that_google_would_refuse_is_found(change, problem):
    body = job(template_of("dev"), {}).job_body
    body["template"]["template"] |= change
    [found] = wrong(body)
    assert problem in found


def test_the_image_of_a_job_is_the_one_that_was_built():
    assert {container(made)["image"].partition("@")[2] for _, made in jobs("dev")} == {
        RUNNER_DIGEST
    }
