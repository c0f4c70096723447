"""Prefect Cloud's shape: its URLs, keys and limits, and the objects that only it has."""

from collections.abc import Iterator

import pulumi
import pytest

from prefect_as_code import (
    Deployment,
    DeploymentArgs,
    PrefectApiError,
    ServiceAccount,
    ServiceAccountArgs,
    ServiceLevelAgreements,
    ServiceLevelAgreementsArgs,
    Webhook,
    WebhookArgs,
)
from prefect_as_code.api import PrefectApi
from prefect_as_code.connection import Connection
from prefect_as_code.paths import at
from tests.live.gateway import KEY, READER, Gateway, gateway
from tests.live.stack import FailedError, Stack
from tests.live.test_life import Shop

pytestmark = pytest.mark.live


@pytest.fixture
def cloud(api_url: str) -> Iterator[Gateway]:
    with gateway(api_url) as cloud:
        yield cloud


@pytest.fixture
def at_cloud(stack: Stack, cloud: Gateway) -> Stack:
    stack.api_url = cloud.url()
    stack.config = {"prefect_api_key": KEY}
    return stack


def api(url: str, key: str) -> PrefectApi:
    return PrefectApi(Connection(api_url=url, headers={"Authorization": f"Bearer {key}"}))


def test_a_whole_life_in_a_workspace_under_a_rate_limit(at_cloud: Stack, cloud: Gateway) -> None:
    cloud.a_second = 10
    shop = Shop("cloudy")
    assert at_cloud.up(shop) == {"create": 7}
    assert at_cloud.up(shop) == {}
    assert at_cloud.refresh(shop) == {}
    assert at_cloud.destroy() == {"delete": 7}
    assert cloud.limited, "the limit was never met"
    assert KEY not in at_cloud.state()


def test_a_wrong_key_a_wrong_workspace_and_a_missing_role_are_told_apart(cloud: Gateway) -> None:
    with pytest.raises(PrefectApiError, match=r"refuses who we are \(401\): Invalid"):
        api(cloud.url(), "pnu_wrong").call("GET", at("/variables/name/x"))
    with pytest.raises(PrefectApiError, match=r"valid, but not for the workspace at .* \(403\)"):
        api(cloud.url("0ccc0000-0000-4000-8000-000000000003"), KEY).call("GET", at("/variables/x"))
    reader = api(cloud.url(), READER)
    assert reader.call("GET", at("/variables/name/there-is-none")) is None
    with pytest.raises(PrefectApiError, match=r"does not permit POST /variables/ \(403\)"):
        reader.call("POST", at("/variables/"), {"name": "x", "value": 1})


def test_a_refresh_in_another_workspace_does_not_take_everything_for_deleted(
    at_cloud: Stack, cloud: Gateway
) -> None:
    shop = Shop("elsewhere")
    at_cloud.up(shop)
    at_cloud.api_url = cloud.url("0ccc0000-0000-4000-8000-000000000003")
    with pytest.raises(FailedError, match="not for the workspace"):
        at_cloud.refresh(shop)
    at_cloud.api_url = cloud.url()
    assert at_cloud.up(shop) == {}
    at_cloud.destroy()


class Only:
    """What only Cloud has."""

    def __init__(self) -> None:
        self.template = '{"event": "a"}'
        self.bot = "cloud-bot"
        self.agreements = [{"name": "late", "within": 600, "severity": "high"}]
        self.adopt = False

    def __call__(self) -> None:
        bot = ServiceAccount("bot", ServiceAccountArgs(name=self.bot), adopt=self.adopt)
        args = WebhookArgs(name="hook", template=self.template, service_account_id=bot.id)
        hook = Webhook("hook", args, adopt=self.adopt)
        told = DeploymentArgs(flow_name="cloud-only", name="orders", entrypoint="a.py:f")
        orders = Deployment("orders", told, adopt=self.adopt)
        of = ServiceLevelAgreementsArgs(deployment_id=orders.id, agreements=self.agreements)
        ServiceLevelAgreements("slas", of)
        pulumi.export("endpoint", hook.endpoint)
        pulumi.export("key", bot.api_key)


def test_the_objects_that_only_cloud_has_live_like_the_others(
    at_cloud: Stack, cloud: Gateway
) -> None:
    only = Only()
    assert at_cloud.up(only) == {"create": 5}
    [bot], [hook], [slas] = cloud.bots.values(), cloud.webhooks.values(), cloud.slas.values()
    assert hook["service_account_id"] == bot["id"]
    assert [(s["name"], s["within"]) for s in slas] == [("late", 600)]
    outputs = at_cloud.outputs(only)
    assert outputs["endpoint"].value == f"{cloud.root}/hooks/{hook['slug']}"
    assert (outputs["key"].value, outputs["key"].secret) == (f"pnb_{bot['id']}", True)
    assert "pnb_" not in at_cloud.state(), "the key is in the state in clear"
    assert at_cloud.up(only) == {}
    assert at_cloud.refresh(only) == {}

    only.template, only.bot, only.agreements = '{"event": "b"}', "renamed-bot", []
    assert at_cloud.up(only) == {"update": 3}
    assert (hook["template"], bot["name"]) == ('{"event": "b"}', "renamed-bot")
    assert list(cloud.slas.values()) == [[]]
    assert at_cloud.outputs(only)["key"].value == f"pnb_{bot['id']}", "a key is told only once"
    hook["template"] = "by hand"
    assert at_cloud.refresh(only) == {"update": 1}
    assert at_cloud.up(only) == {"update": 1}
    assert at_cloud.up(only) == {}

    at_cloud.destroy()
    assert not cloud.bots
    assert not cloud.webhooks


def test_a_server_of_ones_own_refuses_them_at_preview(stack: Stack) -> None:
    with pytest.raises(FailedError, match=r"only Prefect Cloud has a (webhook|service account)"):
        stack.preview(Only())
