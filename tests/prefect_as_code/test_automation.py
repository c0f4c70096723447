"""What Prefect would not take of an automation is refused at preview, in its own words."""

import pulumi
import pytest

import prefect_as_code as p
from prefect_as_code.automation import AutomationProvider
from prefect_as_code.declared import encode
from tests.mock_engine import build
from tests.prefect_as_code.fake_prefect import FakePrefect

EVENT = {"type": "event", "posture": "Reactive", "expect": ["a"]}
NOTHING = {"type": "do-nothing"}
RUN = {"type": "run-deployment", "source": "selected"}
BOTH = {"type": "compound", "require": "all", "within": 60, "triggers": [EVENT, EVENT]}
CLOUD = "https://api.prefect.cloud/api/accounts/a/workspaces/w"


def refused(url: str = "http://prefect.test/api", **fields) -> list[tuple[str, str]]:
    provider = AutomationProvider()
    provider.api = FakePrefect().api(url)
    told = {"name": "x", "trigger": EVENT, "actions": [NOTHING]} | fields
    props = encode(told, provider.structured())
    return [(each.property, each.reason) for each in provider.check({}, props).failures]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"actions": [{"type": "run-deploymnt"}]}, "actions[0]: there is no action of the type 'r"),
        (
            {"actions": [NOTHING, {}]},
            "actions[1]: there is no action of the type 'None'",
        ),
        ({"actions": [RUN]}, "actions[0]: deployment_id is required"),
        (
            {"actions": [RUN | {"deployment_id": "x"}]},
            "actions[0].deployment_id: Input should be a",
        ),
        ({"actions_on_resolve": [{"type": "x"}]}, "actions_on_resolve[0]: there is no action of"),
        (
            {"trigger": EVENT | {"posture": "Proactive", "within": 5}},
            "trigger: `within` for Proact",
        ),
        ({"trigger": EVENT | {"posture": "Active"}}, "trigger.posture: Input should be"),
        (
            {"trigger": {"type": "evnt"}},
            "trigger: there is no trigger of the type 'evnt'; there are",
        ),
        ({"trigger": BOTH | {"require": 3}}, "trigger: require must be less than or equal to the"),
        (
            {"trigger": BOTH | {"triggers": [EVENT, EVENT | {"within": "long"}]}},
            "trigger.triggers[1].within: Input should be a valid timedelta",
        ),
    ],
)
def test_what_prefect_would_not_take_is_refused(fields, said):
    [(field, why)] = refused(**fields)
    assert field in fields
    assert why.startswith(said)


@pytest.mark.parametrize("fields", [{}, {"trigger": BOTH}, {"actions": []}])
def test_what_it_takes_is_not(fields):
    assert refused(**fields) == []


def test_prefect_cloud_may_know_more_kinds_of_actions():
    assert refused(CLOUD, actions=[{"type": "declare-something"}]) == []
    assert refused(CLOUD, actions=[RUN])[0][0] == "actions"


def test_an_id_that_is_not_known_yet_keeps_nothing_else_from_being_looked_at(monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect.test/api")

    def program(**action):
        id_ = pulumi.Output.from_input("x").apply(lambda told: told)
        actions = [RUN | {"deployment_id": id_} | action]
        args = p.AutomationArgs(name="x", trigger=EVENT, actions=actions)
        p.Automation("late", args)

    build(program)
    with pytest.raises(p.PrefectError, match=r'resource "late": actions\[0\]: there is no action'):
        build(lambda: program(type="run-deploymnt"))
