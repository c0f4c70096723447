"""What every field of every kind is put through: one row a field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from prefect_as_code import (
    Automation,
    AutomationArgs,
    Block,
    BlockArgs,
    Deployment,
    DeploymentArgs,
    GlobalConcurrencyLimit,
    GlobalConcurrencyLimitArgs,
    ServiceAccount,
    ServiceAccountArgs,
    ServiceLevelAgreements,
    ServiceLevelAgreementsArgs,
    TagConcurrencyLimit,
    TagConcurrencyLimitArgs,
    Variable,
    VariableArgs,
    Webhook,
    WebhookArgs,
    WorkPool,
    WorkPoolArgs,
    WorkQueue,
    WorkQueueArgs,
)
from prefect_as_code.provider import PrefectResource

NEVER: Final = object()  # a field that cannot be cleared, or cannot drift; the row says why


@dataclass(frozen=True)
class Row:
    """A field's first value, another, what clears it, and what somebody makes of it by hand."""

    base: Any
    changed: Any
    cleared: Any = NEVER
    drifted: Any = NEVER
    why: str = ""  # why it can never be cleared or drift
    replaces: bool = False  # whether another value makes it another object


@dataclass(frozen=True)
class Kind:
    """``name`` is the field that tells the copies apart; ``behind`` writes past Pulumi.

    What only Prefect Cloud has is tried at a stand-in for it, ``tests/live/gateway.py``.
    """

    resource: type[PrefectResource]
    args: type
    name: str
    rows: Mapping[str, Row]
    behind: Callable[[httpx.Client, str, str, Any], httpx.Response]
    in_place: bool = False  # whether a new name leaves it the same object
    given: Mapping[str, Any] = field(default_factory=dict)  # fields that are the same in all
    is_told: bool = True  # whether Prefect says what it has


def patch(path: str) -> Callable[[httpx.Client, str, str, Any], httpx.Response]:
    def behind(client: httpx.Client, id_: str, name: str, value: Any) -> httpx.Response:
        return client.patch(path.format(id_), json={name: value})

    return behind


def _block_behind(client: httpx.Client, id_: str, name: str, value: Any) -> httpx.Response:
    body = {"data": value, "merge_existing_data": True}
    return client.patch(f"/block_documents/{id_}", json=body)


def _tag_behind(client: httpx.Client, id_: str, name: str, value: Any) -> httpx.Response:
    return client.patch(f"/v2/concurrency_limits/tag:{id_}", json={"limit": value})


def _automation_behind(client: httpx.Client, id_: str, name: str, value: Any) -> httpx.Response:
    live = client.get(f"/automations/{id_}").json()
    body = {k: v for k, v in live.items() if k not in ("id", "created", "updated")}
    return client.put(f"/automations/{id_}", json=body | {name: value})


def _deployment_behind(client: httpx.Client, id_: str, name: str, value: Any) -> httpx.Response:
    if name == "schedules":
        [live] = client.get(f"/deployments/{id_}/schedules").json()
        [wanted] = value
        body = {"schedule": {"cron": wanted["cron"]}}
        return client.patch(f"/deployments/{id_}/schedules/{live['id']}", json=body)
    return client.patch(f"/deployments/{id_}", json={name: value})


def _webhook_behind(client: httpx.Client, id_: str, name: str, value: Any) -> httpx.Response:
    return client.put(f"/webhooks/{id_}", json={name: value})


def _bot_behind(client: httpx.Client, id_: str, name: str, value: Any) -> httpx.Response:
    account, _, _ = str(client.base_url).partition("/workspaces/")
    return client.patch(f"{account}/bots/{id_}", json={name: value})


def schema(**properties: str) -> dict[str, Any]:
    told = {k: {"type": v} for k, v in properties.items()}
    return {"type": "object", "properties": {**told, "none": {}}}


def event(*expected: str, **more: Any) -> dict[str, Any]:
    return {"type": "event", "expect": list(expected), "posture": "Reactive", **more}


NOTHING = {"type": "do-nothing"}
CANCEL = {"type": "cancel-flow-run"}
TEMPLATE = {
    "job_configuration": {"command": "{{ command }}", "env": "{{ env }}"},
    "variables": {"type": "object", "properties": {"command": {"default": None}, "env": {}}},
}
OTHER_TEMPLATE = {
    "job_configuration": {"command": "{{ command }}"},
    "variables": {"type": "object", "properties": {"command": {"default": "x", "type": "string"}}},
}
DAILY = {"slug": "daily", "cron": "0 6 * * *", "timezone": "UTC", "active": True}

KINDS: tuple[Kind, ...] = (
    Kind(
        WorkPool,
        WorkPoolArgs,
        "name",
        behind=patch("/work_pools/{}"),
        rows={
            "type": Row("process", "docker", why="a pool is of one type", replaces=True),
            "description": Row("one", "two", None, "hand"),
            "base_job_template": Row(TEMPLATE, OTHER_TEMPLATE, {}, OTHER_TEMPLATE),
            "concurrency_limit": Row(3, 4, None, 9),
            "is_paused": Row(False, True, NEVER, True, "a pool is paused or it is not"),
        },
    ),
    Kind(
        WorkQueue,
        WorkQueueArgs,
        "name",
        in_place=True,
        behind=patch("/work_queues/{}"),
        rows={
            "work_pool_name": Row(
                "conformance-queues",
                "conformance-one",
                why="a queue is in one pool, for good",
                replaces=True,
            ),
            "description": Row("one", "two", "", "hand"),
            "concurrency_limit": Row(3, 4, None, 9),
            "is_paused": Row(False, True, NEVER, True, "a queue is paused or it is not"),
        },
    ),
    Kind(
        Variable,
        VariableArgs,
        "name",
        in_place=True,
        behind=patch("/variables/{}"),
        rows={
            "value": Row({"a": [1, None, 2**60]}, {"b": 1.5}, None, "hand"),
            "tags": Row(["a"], ["b", "a"], [], ["hand"]),
        },
    ),
    Kind(
        Block,
        BlockArgs,
        "name",
        given={"type_slug": "conformance"},
        behind=_block_behind,
        rows={
            "data": Row({"host": "a", "port": 1}, {"host": "b"}, {}, {"host": "hand"}),
            "secret_data": Row({"key": "k1"}, {"key": "k2"}, {}, {"key": "hand"}),
            "schema_checksum": Row(
                "{first}", "{second}", NEVER, NEVER, "a document has the schema it was written with"
            ),
        },
    ),
    Kind(
        GlobalConcurrencyLimit,
        GlobalConcurrencyLimitArgs,
        "name",
        in_place=True,
        behind=patch("/v2/concurrency_limits/{}"),
        rows={
            "limit": Row(3, 4, NEVER, 9, "a limit has a number"),
            "active": Row(True, False, NEVER, False, "a limit is active or it is not"),
            "slot_decay_per_second": Row(0.5, 0.25, 0, 2.0),
        },
    ),
    Kind(
        TagConcurrencyLimit,
        TagConcurrencyLimitArgs,
        "tag",
        behind=_tag_behind,
        rows={"concurrency_limit": Row(3, 4, NEVER, 9, "a limit has a number")},
    ),
    Kind(
        Automation,
        AutomationArgs,
        "name",
        in_place=True,
        behind=_automation_behind,
        rows={
            "trigger": Row(
                {
                    "type": "compound",
                    "require": "any",
                    "within": 60,
                    "triggers": [
                        event("b.c", "a.b", match={"prefect.resource.id": "x"}),
                        {"type": "sequence", "within": 5, "triggers": [event("x"), event("y")]},
                    ],
                },
                event("c.d", threshold=2, within=30),
                NEVER,
                event("hand"),
                "an automation has a trigger",
            ),
            "actions": Row([NOTHING], [NOTHING, CANCEL], [], [CANCEL]),
            "description": Row("one", "two", None, "hand"),
            "enabled": Row(True, False, NEVER, False, "an automation is enabled or it is not"),
            "tags": Row(["a"], ["b"], [], ["hand"]),
            "actions_on_trigger": Row([NOTHING], [CANCEL], [], [CANCEL, NOTHING]),
            "actions_on_resolve": Row([NOTHING], [CANCEL], None, [CANCEL, NOTHING]),
        },
    ),
    Kind(
        Deployment,
        DeploymentArgs,
        "name",
        behind=_deployment_behind,
        rows={
            "flow_name": Row(
                "conformance", "conformance-other", why="it is a flow's, for good", replaces=True
            ),
            "entrypoint": Row("a.py:f", "b.py:f", NEVER, "hand.py:f", "a flow is somewhere"),
            "path": Row("/a", "/b", None, "/hand"),
            "version": Row("1", "2", None, "hand"),
            "description": Row("one", "two", None, "hand"),
            "tags": Row(["a"], ["b", "a"], [], ["hand"]),
            "paused": Row(False, True, NEVER, True, "a deployment is paused or it is not"),
            "work_pool_name": Row(
                "conformance-one", "conformance-two", NEVER, "conformance-two", "runs need a pool"
            ),
            "work_queue_name": Row("default", "other", NEVER, "other", "runs need a queue"),
            "parameters": Row({"n": 1, "none": None}, {"n": 2}, {}, {"n": 9}),
            "parameter_openapi_schema": Row(
                schema(n="integer"), schema(n="integer", m="string"), {}, schema(n="number")
            ),
            "enforce_parameter_schema": Row(False, True, NEVER, True, "it is enforced or not"),
            "job_variables": Row({"env": {"A": "1"}}, {"env": {"A": "2"}}, {}, {"env": {}}),
            "pull_steps": Row([{"my.step": {"a": 1}}], [{"other": {}}], [], [{"hand": {}}]),
            "schedules": Row([DAILY], [DAILY | {"cron": "0 7 * * *"}], [], [{"cron": "1 1 * * *"}]),
            "concurrency_limit": Row(3, 4, None, 9),
            "storage_document_id": Row("{storage}", "{storage two}", None, "{storage two}"),
            "concurrency_options": Row(
                {"collision_strategy": "ENQUEUE"},
                {"collision_strategy": "CANCEL_NEW", "grace_period_seconds": 60},
                None,
                {"collision_strategy": "CANCEL_NEW"},
            ),
        },
    ),
    Kind(
        Webhook,
        WebhookArgs,
        "name",
        in_place=True,
        behind=_webhook_behind,
        rows={
            "template": Row('{"event": "a"}', '{"event": "b"}', NEVER, "hand", "it makes an event"),
            "description": Row("one", "two", None, "hand"),
            "enabled": Row(True, False, NEVER, False, "a webhook is enabled or it is not"),
            "service_account_id": Row("bot-1", "bot-2", None, "bot-3", replaces=True),
        },
    ),
    Kind(
        ServiceAccount,
        ServiceAccountArgs,
        "name",
        in_place=True,
        behind=_bot_behind,
        rows={
            "account_role_id": Row(
                "role-1", "role-2", NEVER, "role-3", "an account has a role", replaces=True
            ),
            "api_key_expiration": Row(
                "2100-01-01T00:00:00Z",
                "2200-01-01T00:00:00Z",
                None,
                NEVER,
                "it is the key's, which is told once",
                replaces=True,
            ),
        },
    ),
    Kind(
        ServiceLevelAgreements,
        ServiceLevelAgreementsArgs,
        "deployment_id",
        is_told=False,
        behind=_bot_behind,  # of which there is nothing to be seen
        rows={
            "agreements": Row(
                [{"name": "late", "within": 600}],
                [{"name": "late", "within": 60, "severity": "low"}, {"name": "b", "duration": 9}],
                [],
                NEVER,
                "Prefect does not tell of them",
            ),
        },
    ),
)
