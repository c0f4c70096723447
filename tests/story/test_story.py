"""The whole of it: dev comes up, runs, meets trouble, changes, goes away; chapter by chapter."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cloud.checkout import Checkout
from tests.cloud.contents import on_server
from tests.e2e.conftest import base, docker
from tests.live.conftest import api_url, prefect, pulumi_bin
from tests.live.gateway import KEY
from tests.live.server import PatientClient
from tests.registry import RealRegistry, registry
from tests.story.google.cloud_run.containers import LABEL
from tests.story.whole import PROJECT, Whole, whole
from tools.containers.engine import Docker

__all__ = ["api_url", "base", "docker", "prefect", "pulumi_bin", "registry"]

pytestmark = pytest.mark.e2e

AGENT = f"serviceAccount:df-dev-agent@{PROJECT}.iam.gserviceaccount.com"
RUNNER = f"df-dev-runner@{PROJECT}.iam.gserviceaccount.com"
TROUBLE = '''
"""What goes wrong in a flow, as it is told."""
import time
from prefect import flow


@flow
def trouble(kind: str, seconds: int = 0) -> None:
    print("trouble begins", flush=True)
    time.sleep(seconds)
    if kind == "fails":
        raise ValueError("as it was told")
    if kind == "hungry":
        kept = bytearray(2**31)
        kept[::4096] = b"1" * len(kept[::4096])
'''
DECLARED = """DEPLOYMENTS = (
    FlowDeployment(entrypoint="flows/trouble.py:trouble", parameters={"kind": "none"}),"""


@pytest.fixture(scope="module")
def before(api_url: str) -> dict:
    """What is on the server already, and nobody's of this stack."""
    with PatientClient(base_url=api_url, timeout=60) as client:
        return dict(on_server(client))


@pytest.fixture(scope="module")
def story(
    tmp_path_factory: pytest.TempPathFactory,
    api_url: str,
    before: dict,
    pulumi_bin: Path,
    registry: RealRegistry,
    docker: Docker,
    base: str,
) -> Iterator[Whole]:
    """One for all chapters, which go on from one another."""
    home, bytecode = tmp_path_factory.mktemp("story"), tmp_path_factory.mktemp("bytecode")

    def make(url: str) -> Checkout:
        made = Checkout(home / "dev", "dev", url, pulumi_bin, bytecode, registry.host)
        (made.repository / "flows/trouble.py").write_text(TROUBLE)
        declared = made.repository / "flows/deployments.py"
        declared.write_text(declared.read_text().replace("DEPLOYMENTS = (", DECLARED))
        return made

    with whole(make, api_url, docker, base, home) as made:
        yield made


def image(story: Whole, name: str) -> str:
    """Of the last build, by its digest."""
    return [each for each in story.checkout.world().manifests if f"/{name}@" in each][-1]


def test_from_nothing_to_a_pool_that_is_ready(story: Whole):
    changed = story.up()
    assert {*changed.values()} == {"create"}
    story.until(lambda: pool(story)["status"] == "READY", 120)
    assert pool(story)["type"] == "cloud-run-v2"
    assert {member for member, _ in story.google.secrets.read} == {AGENT}
    story.checkout.up("--expect-no-changes")


def pool(story: Whole) -> dict:
    return story.prefect.get("/work_pools/dataflows-dev").json()


def test_a_run_from_the_ui_is_a_job_that_is_gone_when_it_is_completed(story: Whole):
    run = story.run("hello/hello-dev")
    story.complete(run)
    [created] = [r for r in story.google.cloud_run.asked if r.method == "jobs.create"]
    assert created.member == AGENT
    [task] = story.containers.started
    assert (task.image, task.service_account) == (image(story, "runner"), RUNNER)
    assert any("Hello" in line for line in story.logs(run))
    assert KEY not in json.dumps(story.containers.printed)
    assert not story.google.strangers


def test_what_has_landed_is_ingested_and_reported(story: Whole):
    story.complete(story.run("ingest/ingest-dev"), 400)
    counted = story.bigquery.store.database.execute("SELECT COUNT(*) FROM dataflows_dev.flights")
    assert counted.fetchall() == [(336_776,)]
    story.complete(story.run("report/report-dev"))
    assert not story.google.strangers


@pytest.mark.parametrize(
    ("kind", "type_", "message"),
    [
        ("fails", "FAILED", "as it was told"),
        # Google says that it was its memory; of an execution's words prefect-gcp passes on none.
        ("hungry", "CRASHED", "non-zero status code 1"),
    ],
)
def test_what_goes_wrong_is_told(story: Whole, kind: str, type_: str, message: str):
    state = story.ended(story.run("trouble/trouble-dev", kind=kind))
    assert state["type"] == type_, f"{state}\n{story.said()}"
    assert message in state["message"]


def test_a_run_that_is_cancelled_while_it_goes_on_is_cancelled(story: Whole):
    run = story.run("trouble/trouble-dev", kind="none", seconds=600)
    story.until(lambda: story.state(run)["type"] == "RUNNING", 90)
    story.set_state(run, "CANCELLING")
    assert story.ended(run)["type"] == "CANCELLED", story.said()


def test_a_run_that_is_cancelled_before_it_starts_is_cancelled(story: Whole):
    run = story.run("trouble/trouble-dev", kind="none", seconds=600)
    story.until(lambda: story.state(run)["type"] == "PENDING", 60)
    story.set_state(run, "CANCELLING")
    assert story.ended(run)["type"] == "CANCELLED", story.said()


def test_a_changed_flow_is_another_image_for_the_next_run_and_not_for_one_that_goes_on(
    story: Whole,
):
    goes_on = story.run("trouble/trouble-dev", kind="none", seconds=60)
    story.until(lambda: story.state(goes_on)["type"] == "RUNNING", 90)
    before = image(story, "runner")
    with (story.checkout.repository / "flows/hello.py").open("a") as file:
        file.write("\nANOTHER = 1\n")
    changed = story.up()
    assert {n for n in changed if "-dev" not in n} == {"runner-image", "pool"}
    after = image(story, "runner")
    assert after != before
    next_run = story.run("hello/hello-dev")
    story.complete(next_run)
    story.complete(goes_on)
    assert [task.image for task in story.containers.started[-2:]] == [before, after]


def test_nothing_is_left(story: Whole, prefect: httpx.Client, before: dict):
    story.destroy()
    left = {each["type"] for each in story.checkout.world().objects.values()}
    assert left == {"gcp:projects/service:Service"}, "APIs stay on: others may use them"
    assert dict(on_server(prefect)) == before
    containers = story.docker.run("ps", "--all", "--format", "{{.Names}} {{.Labels}}")
    assert LABEL not in containers
    assert "prefect-worker" not in containers
    assert KEY not in "".join(story.checkout.said)
