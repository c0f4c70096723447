"""Whatever fails on the way to Prefect: nothing is made twice, nothing is lost.

Most seeds drive the provider's hooks alone, as Pulumi would; some, the whole of `pulumi up`.
``DATAFLOWS_SEEDS=200`` tries that many.
"""

import os
from collections.abc import Iterator

import httpx
import pytest

from prefect_as_code.api import Patience, PrefectApi
from prefect_as_code.connection import Connection
from prefect_as_code.declared import Props, decode, encode
from prefect_as_code.paths import at
from prefect_as_code.provider import PrefectProvider
from tests.live.conformance.cases import KINDS, Kind
from tests.live.faults.faulty import Faulty, failing
from tests.live.stack import Stack
from tests.live.test_life import Shop

pytestmark = pytest.mark.live

SEEDS = int(os.environ.get("DATAFLOWS_SEEDS", "40"))
HASTE = Patience(call=60, greeting=60, pause=0.005, answer=0.4)


@pytest.fixture(scope="module")
def faulty(api_url: str) -> Iterator[Faulty]:
    with failing(api_url, late=HASTE.answer + 0.1) as faulty:
        yield faulty


@pytest.fixture(scope="module")
def harassed(faulty: Faulty) -> PrefectApi:
    return PrefectApi(Connection(api_url=faulty.url), patience=HASTE)


@pytest.fixture(scope="module")
def sober(api_url: str) -> PrefectApi:
    """The same server, without the faults, where the objects of the conformance cases stand."""
    api = PrefectApi(Connection(api_url=api_url))
    for name in ("conformance-one", "conformance-two", "conformance-queues"):
        if api.call("GET", at("/work_pools/{}", name)) is None:
            api.call("POST", at("/work_pools/"), {"name": name, "type": "process"})
    if api.call("GET", at("/block_types/slug/faults")) is None:
        type_ = api.call("POST", at("/block_types/"), {"name": "Faults", "slug": "faults"})
        properties = {name: {"title": name} for name in ("host", "port", "key")}
        told = {"properties": properties, "secret_fields": ["key"], "title": "faults"}
        body = {"fields": told, "block_type_id": type_["id"], "capabilities": []}
        api.call("POST", at("/block_schemas/"), body)
    return api


class Life:
    """One object, through the hooks that Pulumi would call."""

    def __init__(self, kind: Kind, name: str, api: PrefectApi) -> None:
        self.kind, self.name = kind, name
        self.provider = self._provider(api)
        self.id = ""
        self.props: Props = {}

    def _provider(self, api: PrefectApi) -> PrefectProvider:
        made = self.kind.resource.provider()
        made.api = api
        return made

    def fields(self, column: str) -> Props:
        told = {
            n: row.base if row.replaces else getattr(row, column)
            for n, row in self.kind.rows.items()
        }
        for stands_for_an_id in ("schema_checksum", "storage_document_id"):
            told.pop(stands_for_an_id, None)
        given = dict(self.kind.given)
        if "type_slug" in given:
            given["type_slug"] = "faults"
        if "flow_name" in told:
            told |= {"flow_name": self.name, "owner": "faults/test/x"}
        return {self.kind.name: self.name, **given, **told}

    def wired(self, column: str) -> Props:
        return encode(self.fields(column), self.kind.resource.provider.structured())

    def create(self) -> None:
        self.props = self.wired("base")
        self.id = self.provider.create(self.props).id

    def update(self) -> None:
        news = self.wired("changed")
        assert self.provider.diff(self.id, self.props, news).changes
        self.provider.update(self.id, self.props, news)
        self.props = news

    def delete(self) -> None:
        self.provider.delete(self.id, self.props)

    def is_as_declared(self, api: PrefectApi) -> None:
        """The state equals the server: a refresh, and an up after it, would be empty."""
        sober = self._provider(api)
        found = sober.read(self.id, self.props)
        assert found.id == self.id, "it is in the state, and not on the server"
        names = self.kind.resource.provider.structured()
        assert decode(found.inputs, names) == decode(self.props, names)
        live = sober.lookup(decode(self.props, names))
        assert live is not None
        assert sober.id_of(live) == self.id, "there is another one of its name"

    def is_gone(self, api: PrefectApi) -> None:
        assert self._provider(api).read(self.id, self.props).id == ""


def alike(prefect: httpx.Client, what: str, name: str) -> int:
    body = {what: {"name": {"any_": [name]}}}
    return len(prefect.post(f"/{what}/filter", json=body).json())


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_life_among_faults(
    seed: int, faulty: Faulty, harassed: PrefectApi, sober: PrefectApi, prefect: httpx.Client
) -> None:
    of = {k.resource.__name__: k for k in KINDS if not k.resource.provider.only_cloud}
    deployment, others = of.pop("Deployment"), list(of.values())
    kind = others[seed // 2 % len(others)] if seed % 2 else deployment
    name = f"faults-{seed}"
    life = Life(kind, name, harassed)
    faulty.begin(seed)
    life.create()
    life.is_as_declared(sober)
    life.update()
    life.is_as_declared(sober)
    if kind is deployment:
        assert alike(prefect, "deployments", name) == alike(prefect, "flows", name) == 1
    if kind.resource.__name__ == "Automation":
        assert alike(prefect, "automations", name) == 1
    life.delete()
    life.is_gone(sober)


@pytest.mark.parametrize("seed", range(5))
def test_an_up_among_faults_ends_as_one_without(
    seed: int, api_url: str, stack: Stack, prefect: httpx.Client
) -> None:
    shop = Shop(f"faulty-{seed}")
    with failing(api_url) as faulty:
        faulty.share = 0.25
        faulty.begin(1000 + seed)
        stack.api_url = faulty.url
        assert stack.up(shop) == {"create": 7}
        shop.fields = {"tags": ["changed"], "schedules": []}
        assert stack.up(shop) == {"update": 1}
        assert faulty.met, "no fault was met"
    stack.api_url = api_url
    assert stack.up(shop) == {}
    assert stack.refresh(shop) == {}
    assert alike(prefect, "deployments", "orders") >= 1
    assert stack.destroy() == {"delete": 7}
