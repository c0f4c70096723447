"""What is listed as a server's own addition is what this Prefect's own classes add, and no more."""

import json
from uuid import uuid4

import pytest
from prefect.events.schemas.automations import MetricTrigger
from prefect.server.events import actions
from prefect.server.events.schemas import automations

from prefect_as_code.additions import ADDITIONS, WHATEVER, actions_as_declared, trigger_as_declared
from prefect_as_code.declared import same

SOME = str(uuid4())
EVENT = {"type": "event", "posture": "Reactive"}
METRIC = {"name": "duration", "threshold": 1, "operator": ">"}
TRIGGERS = [
    (automations.EventTrigger, EVENT),
    (automations.EventTrigger, {"type": "event", "posture": "Proactive"}),
    (automations.CompoundTrigger, {"type": "compound", "require": "any", "triggers": [EVENT]}),
    (automations.SequenceTrigger, {"type": "sequence", "triggers": [EVENT, EVENT]}),
    (MetricTrigger, {"type": "metric", "metric": METRIC}),
]
ACTIONS = [
    {"type": "run-deployment", "deployment_id": SOME},
    *({"type": f"{what}-deployment", "deployment_id": SOME} for what in ("pause", "resume")),
    *(
        {"type": f"{what}-{which}", "source": "inferred"}
        for what in ("pause", "resume")
        for which in ("deployment", "work-pool", "work-queue", "automation")
    ),
    *({"type": f"{what}-flow-run"} for what in ("cancel", "suspend", "resume", "delete")),
    {"type": "change-flow-run-state", "state": "FAILED"},
    {"type": "call-webhook", "block_document_id": SOME},
    {"type": "send-notification", "block_document_id": SOME, "body": "late"},
    {"type": "do-nothing"},
]
CLASSES = {
    each.model_fields["type"].default: each
    for each in vars(actions).values()
    if isinstance(each, type) and issubclass(each, actions.Action) and each is not actions.Action
}


def stored(class_, told):
    if told.get("type") in ("compound", "sequence"):
        told = {"within": None, **told}
    return json.loads(class_(**told).model_dump_json())


@pytest.mark.parametrize(("class_", "declared"), TRIGGERS, ids=lambda each: str(each)[:40])
def test_a_trigger_of_which_the_least_is_declared_is_seen_as_that(class_, declared):
    live = stored(class_, declared)
    assert live.keys() > declared.keys()
    assert same(trigger_as_declared(live, declared), declared)


@pytest.mark.parametrize("declared", ACTIONS, ids=lambda each: each["type"])
def test_an_action_of_which_the_least_is_declared_is_seen_as_that(declared):
    live = stored(CLASSES[declared["type"]], declared)
    assert same(actions_as_declared([live], [declared]), [declared])


@pytest.mark.parametrize(
    "one", [a for a in ADDITIONS if a.value is not WHATEVER], ids=lambda a: f"{a.to}.{a.key}"
)
def test_another_value_in_its_place_is_somebodys(one):
    if one.to.endswith("trigger"):
        kind = one.to.partition(" ")[0]
        told = EVENT | {"posture": kind} if kind[0].isupper() else {"type": kind}
        assert trigger_as_declared({**told, one.key: "by hand"}, told) != told
    if one.to == "action":
        assert actions_as_declared([{"type": "x", one.key: "by hand"}], [{"type": "x"}]) != [
            {"type": "x"}
        ]


def test_what_an_action_of_somebody_adds_is_all_seen():
    """Below the action itself nothing is the server's: a parameter may well be called id."""
    live = {"type": "run-deployment", "parameters": {"id": None, "name": None, "message": None}}
    declared = {"type": "run-deployment", "parameters": {}}
    assert actions_as_declared([live], [declared]) == [live]
