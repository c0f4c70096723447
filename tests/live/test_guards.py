"""What Prefect would destroy or garble without a word, and does not through us.

The hooks are called as Pulumi calls them, on a real server; each test is named for the loss.
"""

import uuid
from collections.abc import Iterator

import httpx
import pulumi
import pytest

from prefect_as_code import PrefectError
from prefect_as_code.api import PrefectApi
from prefect_as_code.automation import AutomationProvider
from prefect_as_code.block import BlockProvider
from prefect_as_code.connection import Connection
from prefect_as_code.declared import Props, decode, encode
from prefect_as_code.deployment import DeploymentProvider
from prefect_as_code.global_concurrency_limit import GlobalConcurrencyLimitProvider
from prefect_as_code.provider import PrefectProvider
from prefect_as_code.work_pool import WorkPoolProvider
from prefect_as_code.work_queue import WorkQueueProvider

pytestmark = pytest.mark.live


class Kept:
    """One object in a state of one."""

    def __init__(self, kind: type[PrefectProvider], api: PrefectApi, **fields) -> None:
        self.provider = kind()
        self.provider.api = api
        self.fields = fields
        self.id = self.provider.create(self.props()).id

    def props(self, **fields) -> Props:
        self.fields |= fields
        return encode(self.fields, self.provider.structured())

    def update(self, **fields) -> None:
        olds = self.props()
        news = self.props(**fields)
        assert not self.provider.check(olds, news).failures
        self.provider.update(self.id, olds, news)
        self.is_quiet()

    def is_quiet(self) -> None:
        """A refresh and an up would find nothing to do."""
        found = self.provider.read(self.id, self.props()).inputs
        quiet = not self.provider.diff(self.id, found, self.props()).changes
        assert quiet, f"declared {self.fields}, seen {decode(found, self.provider.structured())}"

    def delete(self) -> None:
        self.provider.delete(self.id, self.props())


@pytest.fixture(scope="module")
def api(api_url: str) -> PrefectApi:
    return PrefectApi(Connection(api_url=api_url))


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return request.node.name.removeprefix("test_").replace("_", "-")[:60]


@pytest.fixture
def deployment(api: PrefectApi, name: str):
    def make(**fields) -> Kept:
        told = {"flow_name": name, "name": "d", "owner": f"p/s/{name}", "entrypoint": "a.py:f"}
        return Kept(DeploymentProvider, api, **told | fields)

    return make


@pytest.fixture
def limit(prefect: httpx.Client, name: str) -> Iterator[dict]:
    """A limit that somebody else made, for deployments to share."""
    made = prefect.post("/v2/concurrency_limits/", json={"name": name, "limit": 5}).json()
    yield made
    left = prefect.get(f"/v2/concurrency_limits/{name}")
    assert left.json()["limit"] == 5, "the shared limit is gone, or another"


def own_limits(prefect: httpx.Client, id_: str) -> int:
    return prefect.get(f"/v2/concurrency_limits/deployment:{id_}").status_code


def test_a_shared_limit_survives_every_change_of_mind(deployment, limit, prefect) -> None:
    kept = deployment(global_concurrency_limit_id=limit["id"])
    kept.is_quiet()
    kept.update(global_concurrency_limit_id=None)
    kept.update(global_concurrency_limit_id=limit["id"])
    del kept.fields["global_concurrency_limit_id"]
    kept.update(tags=["left undeclared"])
    kept.fields["global_concurrency_limit_id"] = limit["id"]
    olds = kept.props()
    del kept.fields["global_concurrency_limit_id"]
    kept.provider.update(kept.id, olds, kept.props(concurrency_limit=2))
    kept.is_quiet()
    assert own_limits(prefect, kept.id) == 200
    olds = kept.props()
    del kept.fields["concurrency_limit"]
    kept.provider.update(kept.id, olds, kept.props(global_concurrency_limit_id=limit["id"]))
    kept.is_quiet()
    assert own_limits(prefect, kept.id) == 404, "the limit of its own is left lying about"
    kept.delete()


def test_the_slots_that_runs_hold_are_not_freed_by_a_change_of_their_limit(
    api, name, prefect
) -> None:
    kept = Kept(GlobalConcurrencyLimitProvider, api, name=name, limit=3)
    body = {"names": [name], "slots": 2, "mode": "concurrency"}
    prefect.post("/v2/concurrency_limits/increment", json=body).raise_for_status()
    kept.update(limit=4)
    assert prefect.get(f"/v2/concurrency_limits/{name}").json()["active_slots"] == 2
    kept.delete()


def test_the_history_of_a_flow_outlives_its_deployments(deployment, prefect, name) -> None:
    kept = deployment()
    path = f"/deployments/{kept.id}/create_flow_run"
    run = prefect.post(path, json={"state": {"type": "COMPLETED"}}).raise_for_status().json()
    kept.delete()
    assert prefect.get(f"/flow_runs/{run['id']}").status_code == 200
    assert prefect.get(f"/flows/name/{name}").status_code == 200


def test_a_flow_goes_with_the_last_of_its_deployments(deployment, prefect, name) -> None:
    first, second = deployment(), deployment(name="second")
    for kept in (first, second):
        kept.provider.api = PrefectApi(Connection(api_url=str(prefect.base_url).rstrip("/")))
    first.delete()
    assert prefect.get(f"/flows/name/{name}").status_code == 200
    second.delete()
    assert prefect.get(f"/flows/name/{name}").status_code == 404


def test_a_flow_of_somebody_else_stays(deployment, api, prefect, name) -> None:
    prefect.post("/flows/", json={"name": name, "tags": ["theirs"]}).raise_for_status()
    kept = deployment()
    kept.provider.api = PrefectApi(Connection(api_url=api.url))
    kept.delete()
    assert prefect.get(f"/flows/name/{name}").json()["tags"] == ["theirs"]


def test_a_flow_that_is_being_given_a_deployment_stays(deployment, prefect, name) -> None:
    deployment().delete()  # by the process that has asked for the flow, to give it one
    assert prefect.get(f"/flows/name/{name}").status_code == 200


def test_a_limit_does_not_go_from_under_the_deployments_of_others(api, prefect, name) -> None:
    kept = Kept(GlobalConcurrencyLimitProvider, api, name=name, limit=1)
    flow = prefect.post("/flows/", json={"name": name}).json()
    theirs = {"name": "theirs", "flow_id": flow["id"], "global_concurrency_limit_id": kept.id}
    made = prefect.post("/deployments/", json=theirs).raise_for_status().json()
    with pytest.raises(PrefectError, match="still holds back the deployments theirs"):
        kept.delete()
    prefect.patch(f"/deployments/{made['id']}", json={"global_concurrency_limit_id": None})
    kept.delete()


def test_a_block_does_not_go_from_under_the_automations_of_others(api, prefect, name) -> None:
    block = Kept(BlockProvider, api, type_slug="secret", name=name[:40], secret_data={"value": "x"})
    action = {"type": "call-webhook", "block_document_id": block.id}
    trigger = {"type": "event", "posture": "Reactive", "expect": ["never.seen"]}
    told = {"name": name, "trigger": trigger, "actions": [action]}
    made = prefect.post("/automations/", json=told).raise_for_status().json()
    with pytest.raises(PrefectError, match=f"still used by automation {name}"):
        block.delete()
    prefect.delete(f"/automations/{made['id']}")
    block.delete()


def test_a_queue_of_the_old_pool_is_not_made_in_the_new_one(api, deployment, prefect, name) -> None:
    old, new = f"{name}-old", f"{name}-new"
    for pool in (old, new):
        Kept(WorkPoolProvider, api, name=pool, type="process")
    Kept(WorkQueueProvider, api, work_pool_name=old, name="urgent")
    kept = deployment(work_pool_name=old)
    body = {"work_pool_name": old, "work_queue_name": "urgent"}  # by hand
    prefect.patch(f"/deployments/{kept.id}", json=body).raise_for_status()
    kept.update(work_pool_name=new)
    queues = prefect.post(f"/work_pools/{new}/queues/filter", json={}).json()
    assert [queue["name"] for queue in queues] == ["default"]
    assert prefect.get(f"/deployments/{kept.id}").json()["work_queue_name"] == "default"
    kept.delete()


def test_what_is_named_and_not_there_is_refused_before_anything_is_made(api, prefect, name) -> None:
    prefect.post("/work_pools/", json={"name": name, "type": "process"}).raise_for_status()

    def refused(**fields) -> list[tuple[str, str]]:
        provider = DeploymentProvider()
        provider.api = api
        told = {"flow_name": name, "name": "d", "owner": "p/s/d"} | fields
        props = encode(told, provider.structured())
        return [(f.property, f.reason) for f in provider.check({}, props).failures]

    [(field, said)] = refused(work_pool_name=name, work_queue_name="urgnt")
    assert field == "work_queue_name"
    assert said.startswith(
        f'there is no work queue "{name}/urgnt" in Prefect, and none is declared'
    )
    [(field, said)] = refused(work_pool_name=f"{name}-typo")
    assert (field, said.partition(" in ")[0]) == (
        "work_pool_name",
        f'there is no work pool "{name}-typo"',
    )
    assert refused(work_pool_name=name, work_queue_name="default") == []
    assert len(prefect.post(f"/work_pools/{name}/queues/filter", json={}).json()) == 1


def test_what_a_restored_server_brings_back_is_told_of(api, deployment, name, monkeypatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    deployment(name="before")
    later = DeploymentProvider()  # in another process, whose state knows nothing of it
    later.api = PrefectApi(Connection(api_url=api.url))
    told = {"flow_name": name, "name": "after", "owner": f"p/s/{name}"}
    later.create(encode(told, later.structured()))
    assert f'The deployment "{name}/before" was made by this resource too' in said[0]


def test_of_an_adopted_deployment_the_schedules_do_not_run_twice(api, prefect, name) -> None:
    flow = prefect.post("/flows/", json={"name": name}).json()
    crons = ["0 6 * * *", "0 7 * * *"]  # as `prefect deploy` makes them, without slugs
    theirs = {
        "name": "d",
        "flow_id": flow["id"],
        "schedules": [{"schedule": {"cron": cron}} for cron in crons],
    }
    id_ = prefect.post("/deployments/", json=theirs).raise_for_status().json()["id"]
    provider = DeploymentProvider()
    provider.api = api
    daily = {"slug": "daily", "cron": "0 6 * * *"}
    told = {"flow_name": name, "name": "d", "owner": "p/s/adopted", "schedules": [daily]}
    props = encode(told, provider.structured())
    assert provider.create(props | {"adopt": True}).id == id_
    live = prefect.get(f"/deployments/{id_}/schedules").json()
    assert [(s["slug"], s["schedule"]["cron"]) for s in live] == [("daily", "0 6 * * *")]


def test_a_block_that_is_storage_does_not_take_its_deployments_with_it(
    api, deployment, prefect, name
) -> None:
    block = Kept(BlockProvider, api, type_slug="secret", name=name[:40], secret_data={"value": "x"})
    kept = deployment(storage_document_id=block.id)
    with pytest.raises(PrefectError, match="still used by deployment d"):
        block.delete()
    kept.update(storage_document_id=None)
    block.delete()
    assert prefect.get(f"/deployments/{kept.id}").status_code == 200
    kept.delete()


def test_a_block_inside_another_does_not_vanish_from_it(api, prefect, name) -> None:
    type_ = prefect.post("/block_types/", json={"name": name, "slug": name}).json()
    fields = {
        "title": "Outer",
        "properties": {"inner": {"$ref": "#/definitions/Secret"}, "host": {"title": "host"}},
        "block_schema_references": {},
    }
    body = {"fields": fields, "block_type_id": type_["id"], "capabilities": []}
    prefect.post("/block_schemas/", json=body).raise_for_status()
    secret = {"value": "x"}
    inner = Kept(BlockProvider, api, type_slug="secret", name=name[:40], secret_data=secret)
    data = {"inner": {"$ref": {"block_document_id": inner.id}}, "host": "a"}
    outer = Kept(BlockProvider, api, type_slug=name, name="outer", data=data)
    outer.is_quiet()
    with pytest.raises(PrefectError, match=f"still used by block {name}/outer"):
        inner.delete()
    outer.update(data={**data, "host": "b"})
    live = prefect.get(f"/block_documents/{outer.id}").json()
    assert live["block_document_references"]["inner"]["block_document"]["id"] == inner.id
    outer.delete()
    inner.delete()


def test_a_queue_does_not_go_from_under_its_deployments(api, deployment, prefect, name) -> None:
    pool = Kept(WorkPoolProvider, api, name=name, type="process")
    queue = Kept(WorkQueueProvider, api, work_pool_name=name, name="urgent")
    kept = deployment(work_pool_name=name, work_queue_name="urgent")
    with pytest.raises(PrefectError, match="still holds deployments: d"):
        queue.delete()
    kept.delete()
    queue.delete()
    pool.delete()


def test_the_default_queue_is_no_error_at_the_end(api, prefect, name) -> None:
    pool = Kept(WorkPoolProvider, api, name=name, type="process")
    queue = Kept(WorkQueueProvider, api, work_pool_name=name, name="default", concurrency_limit=2)
    queue.is_quiet()
    queue.delete()
    pool.delete()


def test_queues_in_order_do_not_push_each_other_out_of_it(api, prefect, name) -> None:
    Kept(WorkPoolProvider, api, name=name, type="process")
    queues = [
        Kept(WorkQueueProvider, api, work_pool_name=name, name=queue, priority=rank)
        for rank, queue in enumerate(("first", "second", "third"), start=1)
    ]
    for queue in queues:
        queue.is_quiet()


def test_a_parameter_that_is_a_template_is_not_frozen_to_its_value_of_today(
    deployment, prefect, name
) -> None:
    variable = f"v_{abs(hash(name))}"
    prefect.post("/variables/", json={"name": variable, "value": "today"}).raise_for_status()
    template = {"__prefect_kind": "workspace_variable", "variable_name": variable}
    daily = {"slug": "daily", "cron": "0 6 * * *"}
    kept = deployment(parameters={"where": template, "n": 1}, schedules=[daily], tags=["a"])
    kept.is_quiet()
    kept.update(parameters={"where": template, "n": 2}, tags=["b"])
    live = prefect.get(f"/deployments/{kept.id}").json()
    assert live["parameters"] == {"where": template, "n": 2}
    assert live["labels"]["pulumi-resource"] == f"p/s/{name}"
    assert [s["slug"] for s in live["schedules"]] == ["daily"]
    kept.delete()


def test_a_number_of_scheduled_runs_that_is_cleared_does_not_stay(deployment, prefect) -> None:
    daily = {"slug": "daily", "cron": "0 6 * * *", "max_scheduled_runs": 2}
    kept = deployment(schedules=[daily])
    kept.update(schedules=[daily | {"max_scheduled_runs": None}])
    [live] = prefect.get(f"/deployments/{kept.id}/schedules").json()
    assert live["max_scheduled_runs"] is None
    kept.delete()


def test_the_parameters_of_a_schedule_outlive_a_change_of_its_time(deployment, prefect) -> None:
    theirs = {"slug": "daily", "cron": "0 6 * * *"}
    kept = deployment(schedules=[theirs])
    [live] = prefect.get(f"/deployments/{kept.id}/schedules").json()
    path = f"/deployments/{kept.id}/schedules/{live['id']}"
    prefect.patch(path, json={"parameters": {"by": "hand"}}).raise_for_status()
    kept.update(schedules=[theirs | {"cron": "0 7 * * *"}])
    [live] = prefect.get(f"/deployments/{kept.id}/schedules").json()
    assert live["parameters"] == {"by": "hand"}
    kept.delete()


def test_a_change_without_a_difference_keeps_the_scheduled_runs(deployment, prefect) -> None:
    daily = {"slug": "daily", "cron": "0 6 * * *", "timezone": "UTC"}
    kept = deployment(schedules=[daily], tags=["a"])
    prefect.post(f"/deployments/{kept.id}/schedule", json={}).raise_for_status()
    wanted = {"deployments": {"id": {"any_": [kept.id]}}}
    before = {run["id"] for run in prefect.post("/flow_runs/filter", json=wanted).json()}
    assert before
    kept.update(tags=["a"])
    assert {run["id"] for run in prefect.post("/flow_runs/filter", json=wanted).json()} == before
    kept.delete()


def test_an_automation_that_was_switched_off_by_hand_stays_off(api, prefect, name) -> None:
    trigger = {"type": "event", "posture": "Reactive", "expect": ["a"]}
    told = {"name": name, "trigger": trigger, "actions": [{"type": "do-nothing"}]}
    kept = Kept(AutomationProvider, api, **told)
    prefect.patch(f"/automations/{kept.id}", json={"enabled": False}).raise_for_status()
    kept.update(actions=[{"type": "cancel-flow-run"}])
    assert prefect.get(f"/automations/{kept.id}").json()["enabled"] is False
    kept.delete()


def test_an_automation_is_not_made_to_run_what_is_not_there(api, deployment, prefect, name) -> None:
    def told(id_: str) -> dict:
        run = {"type": "run-deployment", "source": "selected", "deployment_id": id_}
        trigger = {"type": "event", "posture": "Reactive", "expect": ["a"]}
        return {"name": name, "trigger": trigger, "actions": [{"type": "do-nothing"}, run]}

    gone = str(uuid.uuid4())
    with pytest.raises(PrefectError, match=rf"actions\[1\].deployment_id {gone}"):
        Kept(AutomationProvider, api, **told(gone))
    target = deployment()
    kept = Kept(AutomationProvider, api, **told(target.id))
    with pytest.raises(PrefectError, match="names what is not there"):
        kept.update(actions=told(gone)["actions"])
    assert prefect.get(f"/automations/{kept.id}").json()["actions"][1]["deployment_id"] == target.id
    kept.delete()
    target.delete()


def test_an_automation_does_not_lose_its_deployment_without_a_word(
    api, deployment, name, monkeypatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    target = deployment()
    trigger = {"type": "event", "posture": "Reactive", "expect": ["a"]}
    run = {"type": "run-deployment", "source": "selected", "deployment_id": target.id}
    kept = Kept(AutomationProvider, api, name=name, trigger=trigger, actions=[run])
    target.delete()
    assert f'"{name}/d" is gone, which these automations name: {name}' in said[0]
    kept.delete()


def test_what_was_adopted_reads_as_it_was_declared(api, prefect, name) -> None:
    told = {"name": name, "type": "process", "description": "theirs"}
    prefect.post("/work_pools/", json=told).raise_for_status()
    with pytest.raises(PrefectError, match="exists already"):
        Kept(WorkPoolProvider, api, name=name, type="process", description="ours")
    assert prefect.get(f"/work_pools/{name}").json()["description"] == "theirs"
    provider = WorkPoolProvider()
    provider.api = api
    props = encode(told, provider.structured())
    id_ = provider.create(props | {"adopt": True}).id
    assert decode(provider.read(id_, props).inputs, provider.structured()) == told
