"""One object, one resource: also where names are known only once everything is being made."""

from collections import Counter

import pulumi
import pytest

from prefect_as_code import (
    Automation,
    AutomationArgs,
    Deployment,
    DeploymentArgs,
    PrefectError,
    Variable,
    VariableArgs,
)
from prefect_as_code.api import PrefectApi
from prefect_as_code.automation import AutomationProvider
from prefect_as_code.connection import Connection
from prefect_as_code.declared import Props, encode
from tests.live.stack import FailedError, Stack

pytestmark = pytest.mark.live

TRIGGER = {"type": "event", "posture": "Reactive", "expect": ["never.seen"]}
AT_ONCE = 4


def late(name: str) -> pulumi.Output[str]:
    """A name that the program does not know while it declares."""
    return pulumi.Output.from_input(name).apply(lambda told: told)


def automation(resource: str, name: pulumi.Input[str]) -> Automation:
    return Automation(resource, AutomationArgs(name=name, trigger=TRIGGER, actions=[]))


def deployment(resource: str, name: pulumi.Input[str]) -> Deployment:
    return Deployment(
        resource, DeploymentArgs(flow_name=name, name="d", entrypoint=f"a.py:{resource}")
    )


@pytest.mark.parametrize(
    ("make", "kind", "what"),
    [
        (deployment, "Deployment", 'deployment "once/d"'),
        (automation, "Automation", 'automation "once"'),
    ],
)
def test_of_many_that_are_made_at_once_one_is_made_and_the_others_are_refused(
    stack: Stack, prefect, make, kind: str, what: str
) -> None:
    prefect.post("/flows/", json={"name": "once"}).raise_for_status()

    def program() -> None:
        for n in range(AT_ONCE):
            make(f"resource_{n}", late("once"))

    with pytest.raises(FailedError) as refused:
        stack.up(program)
    said = "".join(stack.said) + str(refused.value)
    assert f"The {what} is declared twice in this program" in said
    kinds = Counter(
        r["type"].rpartition(":")[2] for r in stack.exported()["deployment"]["resources"]
    )
    assert kinds[kind] == 1
    here = {"deployments": {"name": {"any_": ["d"]}}, "flows": {"name": {"any_": ["once"]}}}
    if kind == "Automation":
        here = {"automations": {"name": {"any_": ["once"]}}}
    assert len(prefect.post(f"/{kind.lower()}s/filter", json=here).json()) == 1


def test_names_that_are_swapped_or_taken_are_refused_in_words(stack: Stack, prefect) -> None:
    names = {"a": "once_a", "b": "once_b"}

    def program() -> None:
        for resource, name in names.items():
            Variable(resource, VariableArgs(name=late(name), value=resource))
            automation(f"{resource}-automation", late(name))

    stack.up(program)
    names |= {"a": "once_b", "b": "once_a"}
    with pytest.raises(FailedError, match="is that of another resource of this program"):
        stack.up(program)
    assert prefect.get("/variables/name/once_a").json()["value"] == "a"
    names |= {"a": "once_a", "b": "once_b"}
    for resource, name in [("a", "once_free"), ("b", "once_a"), ("a", "once_b")]:
        names[resource] = name
        stack.up(program)
    assert prefect.get("/variables/name/once_a").json()["value"] == "b"
    prefect.post("/variables/", json={"name": "once_theirs", "value": 1}).raise_for_status()
    names |= {"a": "once_theirs"}
    with pytest.raises(FailedError, match="exists already, so that none can be renamed to it"):
        stack.up(program)
    stack.destroy()
    assert prefect.get("/variables/name/once_theirs").json()["value"] == 1


def test_a_free_name_that_one_is_about_to_have_is_nobody_elses(api_url: str, prefect) -> None:
    """Pulumi asks of all what has changed, and then has some changed and made, at once."""
    provider = AutomationProvider()
    provider.api = PrefectApi(Connection(api_url=api_url))

    def named(name: str) -> Props:
        return encode({"name": name, "trigger": TRIGGER, "actions": []}, provider.structured())

    one, other = (provider.create(named(name)).id for name in ("once_1", "once_2"))
    provider.diff(one, named("once_1"), named("once_new"))
    with pytest.raises(PrefectError, match="is that of another resource of this program"):
        provider.update(other, named("once_2"), named("once_new"))
    with pytest.raises(PrefectError, match="is that of another resource of this program"):
        provider.create(named("once_new"))
    provider.update(one, named("once_1"), named("once_new"))
    here = {"automations": {"name": {"any_": ["once_new"]}}}
    found = prefect.post("/automations/filter", json=here).json()
    assert [automation["id"] for automation in found] == [one]
    provider.delete(one, named("once_new"))
    provider.delete(other, named("once_2"))


def test_a_resource_that_was_renamed_in_the_program_is_told_of_aliases(stack: Stack) -> None:
    stack.up(lambda: Variable("before", VariableArgs(name="once_renamed", value=1)) and None)
    renamed = VariableArgs(name="once_renamed", value=1)
    with pytest.raises(FailedError, match=r'aliases=\[pulumi.Alias\(name="…"\)\]'):
        stack.up(lambda: Variable("after", renamed) and None)
    options = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="before")])
    assert stack.up(lambda: Variable("after", renamed, options) and None) == {}
