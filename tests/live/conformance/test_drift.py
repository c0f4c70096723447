"""Whatever is done by hand to a field that is declared is found, shown and mended; to one that is
not, it is left alone.

The hooks are called as Pulumi calls them, for every field of every kind that a server of one's own
has: `test_conformance.py` has Pulumi itself do a round of it.
"""

from collections.abc import Iterator
from dataclasses import MISSING, fields
from typing import Any

import httpx
import pytest

from prefect_as_code.api import PrefectApi
from prefect_as_code.connection import Connection
from prefect_as_code.declared import Props, decode, same
from tests.live.conformance.cases import KINDS, NEVER, Kind
from tests.live.conformance.hands import declared, hands
from tests.live.server import PatientClient
from tests.live.test_guards import Kept

pytestmark = pytest.mark.live

SERVER = [kind for kind in KINDS if not kind.resource.provider.only_cloud]
FIELDS = [
    pytest.param(kind, field, id=f"{kind.resource.__name__}-{field}")
    for kind in SERVER
    for field, row in kind.rows.items()
    if row.drifted is not NEVER
]


@pytest.fixture(scope="module")
def api(api_url: str) -> PrefectApi:
    return PrefectApi(Connection(api_url=api_url))


@pytest.fixture(scope="module")
def ids(api_url: str, made: dict[str, str]) -> Iterator[dict[str, str]]:
    """What the cases refer to, with pools that are only here."""
    pools = {f"conformance-{each}": f"hands-{each}" for each in ("one", "two", "queues")}
    with PatientClient(base_url=api_url, timeout=60) as client:
        for name in pools.values():
            client.post("/work_pools/", json={"name": name, "type": "process"}).raise_for_status()
        yield made | pools


class Object:
    """One object of a kind, of which ``told`` and what has to be given is declared."""

    def __init__(self, kind: Kind, api: PrefectApi, ids: dict[str, str], name: str, told: Props):
        self.kind, self.ids = kind, ids
        required = {f.name for f in fields(kind.args) if f.default is MISSING}
        given = {name: row.base for name, row in kind.rows.items() if name in required}
        all_ = {**kind.given, **given, **told, kind.name: name}
        if kind.resource.__name__ == "Deployment":
            all_ = {"enforce_parameter_schema": False, **all_, "owner": "p/s/d"}
            if told == {}:
                del all_["enforce_parameter_schema"]
        self.kept = Kept(kind.resource.provider, api, **{k: self.id(v) for k, v in all_.items()})
        self.kept.is_quiet()

    def id(self, value: Any) -> Any:
        return self.ids.get(value, value) if isinstance(value, str) else value

    def by_hand(self, client: httpx.Client, field: str, value: Any) -> None:
        value = self.kind.resource.provider.empty.get(field) if value is None else self.id(value)
        if field == "schedules":
            _schedules_by_hand(client, self.kept.id, value)
        elif self.kind.resource.__name__ == "Block":
            body = {"data": value, "merge_existing_data": False}
            client.patch(f"/block_documents/{self.kept.id}", json=body).raise_for_status()
        else:
            self.kind.behind(client, self.kept.id, field, value).raise_for_status()

    def refreshed(self) -> Props:
        return self.kept.provider.read(self.kept.id, self.kept.props()).inputs

    def seen(self, field: str) -> Any:
        return decode(self.refreshed(), self.kept.provider.structured()).get(field)

    def mend(self) -> bool:
        """Whether there was anything to mend."""
        found, wanted = self.refreshed(), self.kept.props()
        if not self.kept.provider.diff(self.kept.id, found, wanted).changes:
            return False
        self.kept.provider.update(self.kept.id, found, wanted)
        self.kept.is_quiet()
        return True


def _schedules_by_hand(client: httpx.Client, id_: str, wanted: list[Props]) -> None:
    path = f"/deployments/{id_}/schedules"
    live = {s["slug"]: s for s in client.get(path).json()}
    for slug in live.keys() - {s["slug"] for s in wanted}:
        client.delete(f"{path}/{live[slug]['id']}").raise_for_status()
    for told in wanted:
        how = {k: told[k] for k in ("active", "parameters") if k in told}
        when = {k: v for k, v in told.items() if k not in (*how, "slug")}
        if told["slug"] in live:
            body = {"schedule": when, **how}
            client.patch(f"{path}/{live[told['slug']]['id']}", json=body).raise_for_status()
        else:
            body = [{"slug": told["slug"], "schedule": when, **how}]
            client.post(path, json=body).raise_for_status()


@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_whatever_is_done_by_hand_is_found_and_mended(kind, field, api, ids, prefect) -> None:
    label, row = kind.resource.__name__, kind.rows[field]
    name = f"hands-{label}-{field}".lower().replace("_", "-")
    value = declared(label, field, row)
    object_ = Object(kind, api, ids, name, {field: value})
    missed = []
    for what, hand in hands(label, field, row):
        object_.by_hand(prefect, field, hand)
        seen = object_.seen(field)
        if same(seen, object_.id(value)) or not object_.mend():
            missed.append(f"{what}: {hand} is seen as {seen}")
    assert not missed, "\n".join(missed)
    object_.kept.delete()


@pytest.mark.parametrize(
    ("kind", "field"), [f for f in FIELDS if f.values[0].rows[f.values[1]].cleared is not NEVER]
)
def test_what_is_declared_empty_and_set_by_hand_is_found_and_mended(
    kind, field, api, ids, prefect
) -> None:
    label, row = kind.resource.__name__, kind.rows[field]
    name = f"hands-{label}-{field}-empty".lower().replace("_", "-")
    object_ = Object(kind, api, ids, name, {field: row.cleared})
    object_.by_hand(prefect, field, declared(label, field, row))
    may_be_filled = (label, field) == ("WorkPool", "base_job_template")  # by the first worker
    assert object_.mend() is not may_be_filled
    object_.kept.delete()


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        param
        for param in FIELDS
        for f in fields(param.values[0].args)
        if f.name == param.values[1] and f.default is not MISSING
    ],
)
def test_what_is_not_declared_and_set_by_hand_is_left_alone(kind, field, api, ids, prefect) -> None:
    label, row = kind.resource.__name__, kind.rows[field]
    name = f"hands-{label}-{field}-open".lower().replace("_", "-")
    object_ = Object(kind, api, ids, name, {})
    object_.by_hand(prefect, field, declared(label, field, row))
    object_.by_hand(prefect, field, row.drifted if field != "schedules" else [])
    assert object_.mend() is False
    object_.kept.delete()
