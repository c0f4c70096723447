"""The life of a stack's Prefect objects, on the real engine and a real Prefect server."""

import asyncio
import contextlib
import time

import psutil
import pulumi
import pytest

from prefect_as_code import (
    Block,
    BlockArgs,
    Deployment,
    DeploymentArgs,
    Variable,
    VariableArgs,
    WorkPool,
    WorkPoolArgs,
    WorkQueue,
    WorkQueueArgs,
    flow_of,
    remembered,
)
from tests.live.recorder import recording
from tests.live.stack import FailedError

pytestmark = pytest.mark.live

DAILY = {"slug": "daily", "cron": "0 6 * * *", "timezone": "Europe/Paris", "active": True}
SECRET = "hunter2-in-no-clear-text"


def deployment(name="orders", *, pool, depends_on=(), **fields):
    told = {
        "flow_name": "orders",
        "name": name,
        "entrypoint": "flows/orders.py:orders",
        "work_pool_name": pool,
        "parameters": {"day": 1, "until": None},
        "parameter_openapi_schema": {
            "type": "object",
            "properties": {"day": {"type": "integer"}, "until": {}},
        },
        "tags": ["shop"],
        "schedules": [DAILY],
        "pull_steps": [{"any.step.of.mine": {"directory": "/code"}}],
    }
    options = pulumi.ResourceOptions(depends_on=list(depends_on))
    return Deployment(name, DeploymentArgs(**(told | fields)), options)


class Shop:
    """A program of one object of each kind, named apart for each test."""

    def __init__(self, prefix):
        self.pool = f"{prefix}-pool"
        self.prefix = prefix
        self.fields = {}
        self.others = True
        self.pool_fields = {"concurrency_limit": 3, "description": "shop"}
        self.value = {"landing": "gs://x", "n": 2**60, "none": None}
        self.secret = SECRET

    def __call__(self):
        pool = WorkPool("pool", WorkPoolArgs(name=self.pool, type="process", **self.pool_fields))
        queue = WorkQueue(
            "queue", WorkQueueArgs(work_pool_name=pool.name, name="urgent", priority=1)
        )
        Variable("variable", VariableArgs(name=f"{self.prefix}-data", value=self.value))
        Block(
            "block",
            BlockArgs(
                type_slug="secret", name=f"{self.prefix}-key", secret_data={"value": self.secret}
            ),
        )
        flow = f"{self.prefix}-orders"
        deployment(pool=pool.name, depends_on=[queue], flow_name=flow, **self.fields)
        if self.others:
            deployment("returns", pool=pool.name, depends_on=[queue], flow_name=flow)


@pytest.fixture
def shop(request):
    """Named after the test, as all tests share one server."""
    return Shop(request.node.name.removeprefix("test_").replace("_", "-")[:40])


def read(prefect, shop, name="orders"):
    return prefect.get(f"/deployments/name/{shop.prefix}-orders/{name}").json()


def scheduled(prefect, deployment_id):
    wanted = {
        "deployments": {"id": {"any_": [deployment_id]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
    }
    return {run["id"] for run in prefect.post("/flow_runs/filter", json=wanted).json()}


def schedule_now(prefect, deployment_id):
    """What the scheduler's loop would do in its time."""
    prefect.post(f"/deployments/{deployment_id}/schedule", json={}).raise_for_status()
    assert scheduled(prefect, deployment_id)


def test_up_makes_everything_and_a_second_up_nothing(stack, shop):
    assert stack.up(shop) == {"create": 7}
    assert stack.up(shop) == {}
    assert stack.refresh(shop) == {}
    assert stack.preview(shop) == {}
    assert stack.destroy() == {"delete": 7}


def test_one_changed_parameter_is_one_patch_of_just_that_field(stack, shop, api_url):
    with recording(api_url) as recorder:
        stack.api_url = recorder.url
        stack.up(shop)
        recorder.requests.clear()
        shop.fields = {"parameters": {"day": 2, "until": None}}
        assert stack.up(shop) == {"update": 1}
        [(method, path, body)] = recorder.writes()
        assert (method, body) == ("PATCH", {"parameters": {"day": 2, "until": None}})
        assert path.startswith("/deployments/")
        recorder.requests.clear()
        assert stack.up(shop) == {}
        assert recorder.requests == [], "an up without a change asks nothing of Prefect"


def test_a_change_to_one_deployment_leaves_the_scheduled_runs_of_others(stack, shop, prefect):
    stack.up(shop)
    other = read(prefect, shop, "returns")["id"]
    schedule_now(prefect, other)
    before = scheduled(prefect, other)
    shop.fields = {"tags": ["shop", "new"]}
    assert stack.up(shop) == {"update": 1}
    assert scheduled(prefect, other) == before


def test_fields_that_are_declared_empty_are_cleared_in_place(stack, shop, prefect):
    stack.up(shop)
    before = read(prefect, shop)
    shop.fields = {"parameters": {}, "tags": [], "pull_steps": [], "description": None}
    shop.pool_fields = {"concurrency_limit": None, "description": None}
    assert stack.up(shop) == {"update": 2}
    said = "".join(stack.said)
    assert "description" in said
    assert "cleared" not in said, "what is ours is shown to users"
    assert "owner" not in said
    after = read(prefect, shop)
    assert (after["parameters"], after["tags"], after["pull_steps"]) == ({}, [], [])
    assert after["id"] == before["id"]
    pool = prefect.get(f"/work_pools/{shop.pool}").json()
    assert (pool["concurrency_limit"], pool["description"]) == (None, None)
    assert stack.refresh(shop) == {}
    assert stack.up(shop) == {}


def test_a_schedule_that_is_taken_out_is_removed_and_others_keep_their_ids(stack, shop, prefect):
    hourly = {"slug": "hourly", "interval": 3600}
    rule = {"slug": "rule", "rrule": "FREQ=DAILY;BYHOUR=6"}
    shop.fields = {"schedules": [DAILY, hourly, rule]}
    stack.up(shop)
    ids = {s["slug"]: s["id"] for s in read(prefect, shop)["schedules"]}
    shop.fields = {"schedules": [rule, DAILY | {"cron": "0 7 * * *"}]}
    assert stack.up(shop) == {"update": 1}
    after = {s["slug"]: s for s in read(prefect, shop)["schedules"]}
    assert {slug: s["id"] for slug, s in after.items()} == {
        slug: ids[slug] for slug in ("daily", "rule")
    }
    assert after["daily"]["schedule"]["cron"] == "0 7 * * *"
    assert stack.refresh(shop) == {}


def test_a_schedule_made_in_the_ui_is_left_alone(stack, shop, prefect):
    stack.up(shop)
    id_ = read(prefect, shop)["id"]
    theirs = {"slug": "theirs", "schedule": {"cron": "0 1 * * *"}, "active": True}
    prefect.post(f"/deployments/{id_}/schedules", json=[theirs]).raise_for_status()
    shop.fields = {"schedules": []}
    assert stack.refresh(shop) == {}
    assert stack.up(shop) == {"update": 1}
    assert [s["slug"] for s in read(prefect, shop)["schedules"]] == ["theirs"]


def test_a_deployment_paused_in_the_ui_stays_paused(stack, shop, prefect):
    stack.up(shop)
    id_ = read(prefect, shop)["id"]
    prefect.post(f"/deployments/{id_}/pause_deployment").raise_for_status()
    shop.fields = {"tags": ["changed"]}
    assert stack.refresh(shop) == {}
    assert stack.up(shop) == {"update": 1}
    assert read(prefect, shop)["paused"] is True


def test_what_was_changed_behind_the_back_is_shown_and_put_right(stack, shop, prefect):
    stack.up(shop)
    id_ = read(prefect, shop)["id"]
    prefect.patch(f"/deployments/{id_}", json={"tags": ["drifted"]}).raise_for_status()
    prefect.patch(f"/work_pools/{shop.pool}", json={"concurrency_limit": 9}).raise_for_status()
    variable = prefect.get(f"/variables/name/{shop.prefix}-data").json()
    prefect.delete(f"/variables/{variable['id']}").raise_for_status()
    path = f"/block_types/slug/secret/block_documents/name/{shop.prefix}-key"
    block = prefect.get(path).json()
    prefect.patch(f"/block_documents/{block['id']}", json={"data": {"value": "drifted"}})
    assert stack.refresh(shop) == {"update": 3, "delete": 1}
    assert stack.up(shop) == {"update": 3, "create": 1}
    assert read(prefect, shop)["tags"] == ["shop"]
    told = prefect.get(path, params={"include_secrets": True}).json()
    assert told["data"]["value"] == SECRET
    assert stack.refresh(shop) == {}


def test_a_deployment_taken_out_goes_with_its_schedule_and_comes_back(stack, shop, prefect):
    stack.up(shop)
    shop.others = False
    assert stack.up(shop) == {"delete": 1}
    assert "detail" in read(prefect, shop, "returns")
    shop.others = True
    assert stack.up(shop) == {"create": 1}
    assert [s["slug"] for s in read(prefect, shop, "returns")["schedules"]] == ["daily"]


def test_a_deployment_of_somebody_else_is_not_taken_over(stack, shop, prefect):
    flow = prefect.post("/flows/", json={"name": f"{shop.prefix}-orders"}).json()
    theirs = {"flow_id": flow["id"], "name": "orders", "tags": ["theirs"]}
    prefect.post("/deployments/", json=theirs).raise_for_status()
    with pytest.raises(FailedError, match="exists already, and this resource has not made"):
        stack.up(shop)
    assert read(prefect, shop)["tags"] == ["theirs"]
    stack.destroy()
    assert read(prefect, shop)["tags"] == ["theirs"]


def test_a_limit_shared_with_other_deployments_survives(stack, shop, prefect):
    shop.fields = {"concurrency_limit": 2}
    stack.up(shop)
    id_ = read(prefect, shop)["id"]
    limit = {"name": f"{shop.prefix}-shared", "limit": 5}
    shared = prefect.post("/v2/concurrency_limits/", json=limit).json()
    linked = {"global_concurrency_limit_id": shared["id"]}
    prefect.patch(f"/deployments/{id_}", json=linked).raise_for_status()
    assert stack.refresh(shop) == {"update": 1}
    assert stack.up(shop) == {"update": 1}
    assert prefect.get(f"/v2/concurrency_limits/{limit['name']}").json()["limit"] == 5
    prefect.patch(f"/deployments/{id_}", json=linked).raise_for_status()
    stack.destroy()
    assert prefect.get(f"/v2/concurrency_limits/{limit['name']}").json()["limit"] == 5


def test_a_pool_with_somebody_elses_deployment_is_not_deleted(stack, shop, prefect):
    stack.up(shop)
    flow = prefect.post("/flows/", json={"name": f"{shop.prefix}-other"}).json()
    theirs = {"flow_id": flow["id"], "name": "theirs", "work_pool_name": shop.pool}
    made = prefect.post("/deployments/", json=theirs).json()
    with pytest.raises(FailedError, match="still holds deployments: theirs"):
        stack.destroy()
    prefect.delete(f"/deployments/{made['id']}").raise_for_status()
    stack.destroy()
    assert prefect.get(f"/work_pools/{shop.pool}").status_code == 404


def test_what_is_gone_already_is_no_obstacle_to_destroy(stack, shop, prefect):
    stack.up(shop)
    prefect.delete(f"/deployments/{read(prefect, shop)['id']}").raise_for_status()
    assert stack.destroy() == {"delete": 7}


def test_a_secret_is_in_clear_nowhere(stack, shop, prefect):
    stack.up(shop)
    said = [*stack.said]
    shop.secret = f"{SECRET}-2"
    assert stack.preview(shop) == {"update": 1}
    said += stack.said
    assert stack.up(shop) == {"update": 1}
    said += stack.said
    assert stack.up(shop) == {}
    path = f"/block_types/slug/secret/block_documents/name/{shop.prefix}-key"
    id_ = prefect.get(path).json()["id"]
    body = {"data": {"value": f"{SECRET}-by-hand"}}
    prefect.patch(f"/block_documents/{id_}", json=body).raise_for_status()
    assert stack.refresh(shop) == {"update": 1}
    said += stack.said
    assert SECRET not in stack.state()
    assert stack.up(shop) == {"update": 1}
    said += stack.said
    assert "secret_data" in stack.state()
    assert "secret_data" in "".join(said)
    assert SECRET not in stack.state()
    assert SECRET not in "".join(said)


def test_time_does_not_grow_by_the_square_of_how_many_there_are(stack, monkeypatch):
    """It would if all outputs of the program were asked anew at each that is known."""
    asked = []
    wait = asyncio.wait

    def counted(outputs, **told):
        asked.append(len(outputs))
        return wait(outputs, **told)

    def program():
        for number in range(10):
            Variable(f"v{number}", VariableArgs(name=f"squared-{number}", value=number))

    monkeypatch.setattr(asyncio, "wait", counted)
    stack.up(program)
    assert sum(asked) < 10, asked


def declare():
    Variable("v", VariableArgs(name="sooner", value=1))


def ask():
    flow_of("flows/hello.py:hello")


def test_the_program_asks_about_its_schedules_where_it_has_asked_about_its_flow(stack, monkeypatch):
    """Prefect takes a second to import: not in the provider's process, too."""
    questions, process = [], remembered._process
    monkeypatch.setattr(remembered, "_process", lambda q: (questions.append(q), process(q))[1])
    monkeypatch.setattr(remembered, "_read", lambda _path: {})  # as if never asked before
    schedule = DAILY | {"cron": "23 5 * * *"}

    def program():
        WorkPool("pool", WorkPoolArgs(name="asked", type="process"))
        deployment(pool="asked", schedules=[schedule])

    stack.up(program)
    assert "schedule" in questions


@pytest.mark.parametrize("begin", [declare, ask])
def test_the_provider_starts_while_the_program_goes_on(stack, begin, monkeypatch):
    monkeypatch.setattr(remembered, "_read", lambda _path: {})  # as if never asked before
    monkeypatch.setattr(remembered, "_processes", {})

    def provider_runs():
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if "pulumi.dynamic" in process.cmdline():
                    return True
        return False

    def program():
        assert not provider_runs()
        begin()
        deadline = time.monotonic() + 30
        while not provider_runs():
            assert time.monotonic() < deadline, "it waits for the end of the program"
            time.sleep(0.1)

    stack.up(program)
