"""Nothing foreign is touched, whatever ours are called.

Somebody else has an object called ``ml`` of every kind; ours have names that begin so, or that a
URL would cut down to it.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import count

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import prefect_as_code as p
from prefect_as_code.api import PrefectApi
from prefect_as_code.automation import AutomationProvider
from prefect_as_code.connection import Connection
from prefect_as_code.declared import encode
from prefect_as_code.deployment import DeploymentProvider
from prefect_as_code.global_concurrency_limit import GlobalConcurrencyLimitProvider
from prefect_as_code.tag_concurrency_limit import TagConcurrencyLimitProvider
from prefect_as_code.work_pool import WorkPoolProvider
from prefect_as_code.work_queue import WorkQueueProvider
from tests.live.stack import Stack
from tests.live.test_guards import Kept

pytestmark = pytest.mark.live

NAMES = [
    *("ml?a", "ml#a", "ml+;=a", "ml ", " ml", "ml\ta\r", "mlü", "日?#", "ml..", "ml\\..\\a"),
    "filter",  # which is what Prefect calls a question
]
TRIGGER = {"type": "event", "posture": "Reactive", "expect": ["never.seen"]}


@pytest.fixture(scope="module")
def foreign(api_url: str) -> Iterator["Foreign"]:
    with httpx.Client(base_url=api_url, timeout=60) as client:
        yield Foreign(client)


class Foreign:
    """What somebody else has, byte for byte."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        flow = self.made("/flows/", name="ml", tags=["theirs"])
        pool = self.made("/work_pools/", name="ml", type="process", description="theirs")
        block = client.get("/block_types/slug/secret").raise_for_status().json()
        wanted = {"block_schemas": {"block_type_id": {"any_": [block["id"]]}}, "limit": 1}
        [schema] = client.post("/block_schemas/filter", json=wanted).json()
        document = {"block_type_id": block["id"], "block_schema_id": schema["id"], "data": {}}
        self.paths = [
            f"/flows/{flow['id']}",
            "/work_pools/ml",
            f"/work_queues/{pool['default_queue_id']}",
            f"/work_queues/{self.made('/work_pools/ml/queues', name='ml')['id']}",
        ]
        for path, body in [
            ("/deployments/", {"name": "ml", "flow_id": flow["id"]}),
            ("/v2/concurrency_limits/", {"name": "ml", "limit": 7}),
            ("/v2/concurrency_limits/", {"name": "tag:ml", "limit": 7}),
            ("/variables/", {"name": "ml", "value": "theirs"}),
            ("/block_documents/", {"name": "ml", **document}),
            ("/automations/", {"name": "ml", "trigger": TRIGGER, "actions": []}),
        ]:
            self.paths.append(path + self.made(path, **body)["id"])
        self.before = self.now()

    def made(self, path: str, **body: object) -> dict:
        return self.client.post(path, json=body).raise_for_status().json()

    def now(self) -> list[str]:
        return [self.client.get(path).raise_for_status().text for path in self.paths]

    def is_untouched(self) -> None:
        assert self.now() == self.before


class Ours:
    """A program of one object of each kind for each name."""

    def __init__(self) -> None:
        self.size = 1
        self.adopt = False
        self.looked_up: list[str] = []

    def __call__(self) -> None:
        for name in NAMES:
            self.declare(name)

    def declare(self, name: str) -> None:
        size, said = self.size, f"of size {self.size}"
        adopt = self.adopt
        slug = f"n{NAMES.index(name)}"
        pool = p.WorkPool(
            f"{slug}-pool", p.WorkPoolArgs(name=name, type="process", description=said), adopt=adopt
        )
        queue = p.WorkQueueArgs(work_pool_name=pool.name, name=name, description=said)
        queue_ = p.WorkQueue(f"{slug}-queue", queue, adopt=adopt)
        limit = p.GlobalConcurrencyLimitArgs(name=name, limit=size)
        p.GlobalConcurrencyLimit(f"{slug}-limit", limit, adopt=adopt)
        tag = p.TagConcurrencyLimitArgs(tag=name, concurrency_limit=size)
        p.TagConcurrencyLimit(f"{slug}-tag", tag, adopt=adopt)
        deployment = p.DeploymentArgs(
            flow_name=name,
            name=name,
            entrypoint="a.py:f",
            description=said,
            work_pool_name=pool.name,
            work_queue_name=queue_.name,
        )
        p.Deployment(f"{slug}-deployment", deployment, adopt=adopt)
        told = p.AutomationArgs(name=f"{name}/%&", trigger=TRIGGER, actions=[], description=said)
        p.Automation(f"{slug}-automation", told, adopt=adopt)
        if adopt:
            self.looked_up += [
                p.find_work_pool(name),
                p.find_work_queue(f"{name}/{name}"),
                p.find_deployment(f"{name}/{name}"),
                p.find_global_concurrency_limit(name),
                p.find_automation(f"{name}/%&"),
            ]


def test_a_life_of_every_kind_under_every_name(
    stack: Stack, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", stack.api_url)  # the program looks things up
    ours = Ours()
    all_ = 6 * len(NAMES)
    assert stack.up(ours) == {"create": all_ + 1}
    foreign.is_untouched()
    ours.size = 2
    assert stack.up(ours) == {"update": all_}
    foreign.is_untouched()
    assert stack.refresh(ours) == {}
    assert stack.up(ours) == {}

    other = Stack(
        home=stack.home / "other", api_url=stack.api_url, engine=stack.engine, name="other"
    )
    ours.adopt = True
    assert other.up(ours) == {"create": all_ + 1}
    mine = [each["id"] for each in other.exported()["deployment"]["resources"] if "id" in each]
    assert not Counter(ours.looked_up) - Counter(mine), "a name was found to be another's object"
    foreign.is_untouched()
    assert other.destroy() == {"delete": all_ + 1}
    foreign.is_untouched()
    for path in ("/work_pools", "/deployments", "/v2/concurrency_limits", "/automations"):
        left = {each["name"] for each in foreign.client.post(f"{path}/filter", json={}).json()}
        whole = {f"tag:{name}" for name in NAMES} | {f"{name}/%&" for name in NAMES} | {*NAMES}
        assert not left & whole, f"left of {path}"


@pytest.fixture(scope="module")
def api(api_url: str) -> PrefectApi:
    return PrefectApi(Connection(api_url=api_url))


made = count()
odd = st.text(st.sampled_from("?#+;= \tü日.m\\:@"), min_size=1, max_size=6)
some = settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
KINDS = {
    "work pool": (WorkPoolProvider, lambda name: {"name": name, "type": "process"}),
    "work queue": (WorkQueueProvider, lambda name: {"name": name, "work_pool_name": "names-?#"}),
    "global limit": (GlobalConcurrencyLimitProvider, lambda name: {"name": name}),
    "tag limit": (TagConcurrencyLimitProvider, lambda name: {"tag": name}),
    "automation": (
        AutomationProvider,
        lambda name: {"name": name, "trigger": TRIGGER, "actions": []},
    ),
    "deployment": (
        DeploymentProvider,
        lambda name: {"flow_name": name, "name": name, "owner": "p/s/d"},
    ),
    "deployment of their flow": (
        DeploymentProvider,
        lambda name: {"flow_name": "ml", "name": name, "owner": "p/s/d"},
    ),
}
SIZED = {GlobalConcurrencyLimitProvider: "limit", TagConcurrencyLimitProvider: "concurrency_limit"}


@pytest.mark.parametrize("kind", KINDS)
@some
@example("?")
@example("#")
@given(odd)
def test_of_any_name(api: PrefectApi, foreign: Foreign, kind: str, name: str) -> None:
    provider, identity = KINDS[kind]
    if provider is WorkQueueProvider:
        foreign.client.post("/work_pools/", json={"name": "names-?#", "type": "process"})
    field = SIZED.get(provider, "description")
    one, other = (1, 2) if provider in SIZED else ("one", "other")
    kept = Kept(provider, api, **identity(f"ml{name}{next(made)}"), **{field: one})
    kept.is_quiet()
    kept.update(**{field: other})
    foreign.is_untouched()
    kept.delete()
    assert kept.provider.lookup(kept.fields) is None
    foreign.is_untouched()


@pytest.mark.parametrize("name", ["..", ".", "a\n", "a/b", "50%", "a&b", "<a>", ""])
@pytest.mark.parametrize("kind", KINDS)
def test_what_prefect_or_a_url_cannot_hold_is_refused_before_anything_is_made(
    api: PrefectApi, kind: str, name: str
) -> None:
    if kind == "automation" and name:
        pytest.skip("automations are called by their ids alone")
    of_kind, identity = KINDS[kind]
    provider = of_kind()
    provider.api = api
    props = encode(identity(name), provider.structured())
    refused = {each.property for each in provider.check({}, props).failures}
    assert refused & {"name", "tag", "flow_name"}
