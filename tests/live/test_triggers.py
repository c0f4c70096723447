"""A deployment's triggers: automations below it, as `prefect.yaml` would have made them."""

import pytest

from prefect_as_code import Deployment, DeploymentArgs
from tests.live.stack import FailedError

pytestmark = pytest.mark.live

LANDED = {
    "name": "triggers-landed",
    "match": {"prefect.resource.id": "bucket.*"},
    "expect": ["object.landed"],
    "parameters": {"path": "{{ event.resource.id }}"},
    "schedule_after": 60,
}
BOTH = {
    "name": "triggers-both",
    "type": "compound",
    "require": "all",
    "within": 3600,
    "triggers": [{"expect": ["a"]}, {"expect": ["b"], "posture": "Proactive", "within": 60}],
    "enabled": False,
}


class Program:
    def __init__(self):
        self.triggers = [LANDED, BOTH]

    def __call__(self):
        args = DeploymentArgs(
            flow_name="triggers", name="d", entrypoint="a.py:f", triggers=self.triggers
        )
        Deployment("orders", args)


def automations(prefect):
    id_ = prefect.get("/deployments/name/triggers/d").json()["id"]
    found = prefect.get(f"/automations/related-to/prefect.deployment.{id_}").json()
    return id_, {each["name"]: each for each in found}


def test_each_is_an_automation_that_keeps_its_id(stack, prefect):
    program = Program()
    assert stack.up(program) == {"create": 4}
    id_, first = automations(prefect)
    landed, both = first["triggers-landed"], first["triggers-both"]
    [action] = landed["actions"]
    assert (action["type"], action["deployment_id"]) == ("run-deployment", id_)
    assert action["parameters"] == LANDED["parameters"]
    assert action["schedule_after"] == 60
    assert landed["trigger"]["expect"] == ["object.landed"]
    assert landed["trigger"]["posture"] == "Reactive"
    assert (both["enabled"], both["trigger"]["require"]) == (False, "all")
    assert [t["posture"] for t in both["trigger"]["triggers"]] == ["Reactive", "Proactive"]
    assert stack.up(program) == {}
    assert stack.refresh(program) == {}

    program.triggers = [LANDED | {"expect": ["object.changed"]}, BOTH]
    assert stack.up(program) == {"update": 1}
    _, after = automations(prefect)
    assert {n: a["id"] for n, a in after.items()} == {n: a["id"] for n, a in first.items()}

    program.triggers = [BOTH]
    assert stack.up(program) == {"delete": 1}
    assert list(automations(prefect)[1]) == ["triggers-both"]
    assert stack.destroy() == {"delete": 3}
    wanted = {"automations": {"name": {"any_": ["triggers-both", "triggers-landed"]}}}
    assert prefect.post("/automations/filter", json=wanted).json() == []


def test_one_without_a_name_is_refused_at_preview(stack):
    program = Program()
    program.triggers = [{"expect": ["a"]}]
    with pytest.raises(FailedError, match="A trigger of the deployment orders needs a name"):
        stack.preview(program)
