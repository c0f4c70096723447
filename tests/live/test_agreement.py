"""Preview and server agree on names, variables and parameters: what the one takes the other takes.

The cases are made up, in part by chance of a fixed seed, so they are the same each time: 300 names,
120 variables and 160 parameters.
"""

import itertools
import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from prefect_as_code.automation import AutomationProvider
from prefect_as_code.block import BlockProvider
from prefect_as_code.declared import same, unsendable
from prefect_as_code.deployment import DeploymentProvider
from prefect_as_code.global_concurrency_limit import GlobalConcurrencyLimitProvider
from prefect_as_code.tag_concurrency_limit import TagConcurrencyLimitProvider
from prefect_as_code.variable import VariableProvider
from prefect_as_code.work_pool import WorkPoolProvider
from prefect_as_code.work_queue import WorkQueueProvider
from tests.live.server import send

pytestmark = pytest.mark.live

Json = Any
count = itertools.count()

# -- names --------------------------------------------------------------------------------------

# But for "." and "..", which the server takes, and no URL can name.
NAMES = (
    "a",
    "A",
    "a-b",
    "a_b",
    "a.b",
    "a b",
    " a",
    "ü",
    "日",
    "😀",
    "a?b",
    "a#b",
    "a+b",
    "a;b",
    "a=b",
    "a:b",
    "'a'",
    '"a"',
    "a" * 255,
    "a" * 256,
    "a" * 1000,
    "a/b",
    "a%b",
    "a&b",
    "a<b",
    "a>b",
    "prefect-a",
    "Prefect",
    "'",
    '" "',
    "0",
    "-",
)


def events(name: str) -> Json:
    trigger = {"type": "event", "posture": "Reactive", "expect": ["never"], "threshold": 1}
    return {"name": name, "trigger": trigger, "actions": [], "enabled": False}


def _document(prefect: httpx.Client) -> Json:
    type_ = prefect.get("/block_types/slug/secret").json()["id"]
    wanted = {"block_schemas": {"block_type_id": {"any_": [type_]}}}
    schema = prefect.post("/block_schemas/filter", json=wanted).json()[0]["id"]
    return {"data": {"value": "x"}, "block_type_id": type_, "block_schema_id": schema}


KINDS = {
    WorkPoolProvider: ("name", "/work_pools/", {"type": "process"}),
    WorkQueueProvider: ("name", "/work_pools/agreement/queues", {}),
    VariableProvider: ("name", "/variables/", {"value": 1}),
    BlockProvider: ("name", "/block_documents/", {}),
    GlobalConcurrencyLimitProvider: ("name", "/v2/concurrency_limits/", {"limit": 1}),
    TagConcurrencyLimitProvider: ("tag", "/v2/concurrency_limits/", {"limit": 1}),
    AutomationProvider: ("name", "/automations/", events("")),
    DeploymentProvider: ("name", "/deployments/", {}),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_names_are_refused_by_both_or_by_none(kind, prefect: httpx.Client) -> None:
    field, path, more = KINDS[kind]
    if kind is WorkQueueProvider:
        prefect.post("/work_pools/", json={"name": "agreement", "type": "process"})
    if kind is BlockProvider:
        more = _document(prefect)
    if kind is DeploymentProvider:
        more = {"flow_id": prefect.post("/flows/", json={"name": "agreement"}).json()["id"]}
    apart = []
    for name in NAMES:
        ours = not [wrong for where, wrong in kind().problems({field: name}) if where == field]
        sent = f"tag:{name}" if kind is TagConcurrencyLimitProvider else name
        theirs = send(prefect, path, {**more, "name": sent}) in (200, 201, 409)
        if ours != theirs:
            apart.append(f"{name[:20]!r}: preview {ours}, server {theirs}")
    assert not apart, "\n".join(apart)


def test_flow_names_are_refused_by_both_or_by_none(prefect: httpx.Client) -> None:
    for name in NAMES:
        found = DeploymentProvider().problems({"flow_name": name})
        ours = not [wrong for where, wrong in found if where == "flow_name"]
        assert ours == (send(prefect, "/flows/", {"name": name}) in (200, 201)), name


# -- variables ----------------------------------------------------------------------------------


def values() -> Iterator[Json]:
    chance = random.Random(10)  # noqa: S311
    for power in (31, 53, 62, 63, 64, 70):
        for near in (-1, 0, 1):
            yield from (2**power + near, -(2**power) + near)
    for size in (1600, 1666, 1667):
        yield "日" * size
    for size in (4998, 4999, 5000):
        yield "a" * size
    yield from ("\n" * 2499, "\n" * 2500, '"' * 2499, "\x00", "a\ud800", "é" * 2499, "é" * 2500)
    yield from (float("nan"), float("inf"), 1e308, 5e-324, 0.1, -0.0, 1e16, 123456789.123456789)
    yield from (None, True, [], {}, "", [[[]]], {"": None}, {"a": {"b": [1, None, "日"]}})
    leaves = (0, 1.5, 2**63, -(2**63), "x", None, False, 2**53 + 1, 2**64 - 1)
    for _ in range(40):
        inner = [chance.choice(leaves) for _ in range(chance.randint(0, 4))]
        yield {"list": inner, "map": {str(n): leaf for n, leaf in enumerate(inner)}}


def exactly(live: Json, told: Json) -> bool:
    """As `same`, but a whole number is whole: in Python a rounded one may equal its float."""
    if isinstance(told, dict):
        return live.keys() == told.keys() and all(exactly(live[k], told[k]) for k in told)
    if isinstance(told, list):
        return len(live) == len(told) and all(map(exactly, live, told))
    return same(live, told) and (not isinstance(told, int) or isinstance(live, int))


def test_a_variable_is_kept_as_it_is_or_refused(prefect: httpx.Client) -> None:
    apart = []
    for value in values():
        name = f"agreement_{next(count)}"
        wrong = [*unsendable(value)] or [*VariableProvider().problems({"value": value})]
        status = send(prefect, "/variables/", {"name": name, "value": value})
        kept = False
        if status == 201:
            live = prefect.get(f"/variables/name/{name}").json()["value"]
            kept = exactly(live, value)
        if kept == bool(wrong):
            apart.append(f"{str(value)[:50]}: preview says {wrong}, server {status}, kept {kept}")
    assert not apart, "\n".join(apart)


# -- parameters ---------------------------------------------------------------------------------

# But for a required key inside of a parameter, which the server leaves to the run to miss.
TYPES: tuple[Json, ...] = (
    {"type": "integer"},
    {"type": "number"},
    {"type": "string"},
    {"type": "boolean"},
    {"type": "array", "items": {"type": "integer"}},
    {"type": "object", "properties": {"a": {"type": "integer"}}},
    {"enum": ["a", 1, None]},
    {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    {"type": "integer", "minimum": 1, "maximum": 9},
    {"$ref": "#/definitions/Shop"},
    {},
)
GIVEN: tuple[Json, ...] = (
    0,
    5,
    1.0,
    1.5,
    "a",
    "1",
    True,
    None,
    [],
    [1],
    ["a"],
    {},
    {"a": 1},
    {"a": "x"},
    2**70,
)


def test_parameters_are_refused_by_both_or_by_none(prefect: httpx.Client) -> None:
    flow = prefect.post("/flows/", json={"name": "agreement"}).json()["id"]
    apart = []
    for type_, value in itertools.product(TYPES, GIVEN):
        schema = {
            "type": "object",
            "properties": {"p": type_},
            "definitions": {"Shop": {"enum": ["a", "b"], "type": "string"}},
        }
        told = {"parameter_openapi_schema": schema, "parameters": {"p": value}}
        wrong = [*DeploymentProvider().problems(told)]
        body = {"flow_id": flow, "name": "parameters", "enforce_parameter_schema": True, **told}
        status = send(prefect, "/deployments/", body)
        if (status in (200, 201)) == bool(wrong):
            apart.append(f"{value!r} for {type_}: preview says {wrong}, server {status}")
    assert not apart, "\n".join(apart)
