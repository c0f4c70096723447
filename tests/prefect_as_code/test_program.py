"""One object, one resource; and what is named by its text is waited for as by its output."""

import pulumi
import pytest

import prefect_as_code as p
from tests.mock_engine import build

TRIGGER = {"type": "event", "posture": "Reactive", "expect": ["a"]}
TWICE = {
    "work pool": lambda r: p.WorkPool(r, p.WorkPoolArgs(name="x", type="process")),
    "work queue": lambda r: p.WorkQueue(r, p.WorkQueueArgs(name="x", work_pool_name="p")),
    "variable": lambda r: p.Variable(r, p.VariableArgs(name="x", value=1)),
    "block": lambda r: p.Block(r, p.BlockArgs(type_slug="secret", name="x")),
    "global concurrency limit": lambda r: p.GlobalConcurrencyLimit(
        r, p.GlobalConcurrencyLimitArgs(name="x", limit=1)
    ),
    "tag concurrency limit": lambda r: p.TagConcurrencyLimit(
        r, p.TagConcurrencyLimitArgs(tag="x", concurrency_limit=1)
    ),
    "automation": lambda r: p.Automation(
        r, p.AutomationArgs(name="x", trigger=TRIGGER, actions=[])
    ),
    "deployment": lambda r: p.Deployment(r, p.DeploymentArgs(flow_name="f", name="x")),
    "webhook": lambda r: p.Webhook(r, p.WebhookArgs(name="x", template="{}")),
    "service account": lambda r: p.ServiceAccount(r, p.ServiceAccountArgs(name="x")),
    "list of service-level agreements": lambda r: p.ServiceLevelAgreements(
        r, p.ServiceLevelAgreementsArgs(deployment_id="x", agreements=[])
    ),
    "block type": lambda r: p.BlockType(r, p.BlockTypeArgs(slug="x", checksum="c", schema={})),
}


@pytest.mark.parametrize("kind", TWICE)
def test_two_resources_of_one_object_are_refused_before_anything_is_made(kind):
    def program():
        TWICE[kind]("one")
        TWICE[kind]("two")

    said = r'declared twice in this program: by the resources "one" and "two"'
    with pytest.raises(p.PrefectError, match=rf'The {kind} "([fp]/|secret/)?x" is {said}'):
        build(program)


def test_another_program_may_declare_the_same():
    for _ in range(2):
        build(lambda: TWICE["variable"]("one"))


@pytest.fixture
def depends(monkeypatch):
    """By the resource, what it was told to wait for."""
    found = {}
    made = pulumi.Resource.__init__

    def init(self, t, name, custom, props=None, opts=None, *more, **told):
        found[name] = [r._name for r in (opts and opts.depends_on) or []]
        return made(self, t, name, custom, props, opts, *more, **told)

    monkeypatch.setattr(pulumi.Resource, "__init__", init)
    return found


@pytest.mark.parametrize("by_output", [True, False])
def test_what_is_named_by_its_text_is_made_before_and_goes_after(depends, by_output):
    def program():
        pool = p.WorkPool("pool", p.WorkPoolArgs(name="etl", type="process"))
        name = pool.name if by_output else "etl"
        p.WorkQueue("queue", p.WorkQueueArgs(name="fast", work_pool_name=name))
        args = p.DeploymentArgs(
            flow_name="f", name="d", work_pool_name=name, work_queue_name="fast"
        )
        p.Deployment("orders", args)

    build(program)
    assert depends["queue"] == ["pool"]
    assert depends["orders"] == ["pool", "queue"]


def test_what_is_declared_after_what_names_it_is_refused():
    def program():
        args = p.DeploymentArgs(flow_name="f", name="d", work_pool_name="etl")
        p.Deployment("orders", args)
        p.WorkPool("pool", p.WorkPoolArgs(name="etl", type="process"))

    with pytest.raises(p.PrefectError, match='after the resource "orders" that names it'):
        build(program)
