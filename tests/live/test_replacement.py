"""What becomes another object is made before the old one goes, and nothing is lost on the way."""

import pytest

from prefect_as_code import Automation, AutomationArgs, Deployment, DeploymentArgs
from tests.live.recorder import recording
from tests.live.stack import FailedError
from tests.live.test_life import DAILY, Shop, read, schedule_now, scheduled

pytestmark = pytest.mark.live


@pytest.fixture
def shop(request):
    return Shop(request.node.name.removeprefix("test_").replace("_", "-")[:40])


class Orders:
    """One deployment, and an automation that runs it."""

    def __init__(self, flow):
        self.flow = flow
        self.name = "before"

    def __call__(self):
        args = DeploymentArgs(
            flow_name=self.flow, name=self.name, entrypoint="a.py:f", schedules=[DAILY]
        )
        orders = Deployment("orders", args)
        action = {"type": "run-deployment", "source": "selected", "deployment_id": orders.id}
        trigger = {"type": "event", "posture": "Reactive", "expect": ["a"]}
        told = AutomationArgs(name=self.flow, trigger=trigger, actions=[action])
        Automation("late", told)


def live(prefect, orders):
    return prefect.get(f"/deployments/name/{orders.flow}/{orders.name}").json()


def test_deployments_move_to_a_renamed_pool_before_the_old_one_goes(stack, shop, prefect):
    stack.up(shop)
    before = read(prefect, shop)
    old, shop.pool = shop.pool, f"{shop.pool}-renamed"
    assert stack.up(shop) == {"replace": 2, "update": 2}  # pool and queue, deployments
    after = read(prefect, shop)
    assert (after["id"], after["work_pool_name"]) == (before["id"], shop.pool)
    assert [s["id"] for s in after["schedules"]] == [s["id"] for s in before["schedules"]]
    assert prefect.get(f"/work_pools/{old}").status_code == 404
    assert stack.up(shop) == {}
    assert stack.refresh(shop) == {}


def test_a_renamed_deployment_never_runs_twice_nor_not_at_all(stack, prefect, api_url):
    orders = Orders("renamed-orders")
    with recording(api_url) as recorder:
        stack.api_url = recorder.url
        stack.up(orders)
        old = live(prefect, orders)["id"]
        schedule_now(prefect, old)
        recorder.requests.clear()
        orders.name = "after"
        assert stack.up(orders) == {"replace": 1, "update": 1}
    said = "".join(stack.said)
    new = live(prefect, orders)
    assert (new["paused"], [s["active"] for s in new["schedules"]]) == (False, [True])
    order = [(method, path) for method, path, _ in recorder.writes()]
    made, paused, gone = (
        order.index(step)
        for step in (
            ("POST", "/deployments/"),
            ("PATCH", f"/deployments/{old}"),
            ("DELETE", f"/deployments/{old}"),
        )
    )
    assert made < paused < gone, order
    assert scheduled(prefect, old) == set()
    assert "which these automations name" not in said, "the automation had moved before"
    [automation] = prefect.get(f"/automations/related-to/prefect.deployment.{new['id']}").json()
    assert automation["actions"][0]["deployment_id"] == new["id"]
    stack.api_url = api_url
    assert stack.refresh(orders) == {}
    assert stack.up(orders) == {}


def test_a_deployment_paused_in_the_ui_is_paused_under_its_new_name(stack, prefect):
    orders = Orders("paused-orders")
    stack.up(orders)
    prefect.post(f"/deployments/{live(prefect, orders)['id']}/pause_deployment").raise_for_status()
    orders.name = "after"
    assert stack.up(orders) == {"replace": 1, "update": 1}
    assert live(prefect, orders)["paused"] is True


def test_a_name_that_is_taken_leaves_the_old_one_as_it_was(stack, prefect):
    orders = Orders("taken-orders")
    stack.up(orders)
    before = live(prefect, orders)
    theirs = {"flow_id": before["flow_id"], "name": "taken"}
    prefect.post("/deployments/", json=theirs).raise_for_status()
    orders.name = "taken"
    with pytest.raises(FailedError, match="exists already, and this resource has not made"):
        stack.up(orders)
    orders.name = "before"
    after = live(prefect, orders)
    assert (after["id"], after["paused"]) == (before["id"], False)
    assert stack.up(orders) == {}
