"""What an `up` does about an image that the registry holds no more."""

import re

import pulumi
import pytest

from stacks.images.held import LostImageError, held
from stacks.oci import Reference, Registry, RegistryError
from tests.mock_engine import Engine

DIGEST = f"sha256:{'0f' * 32}"
REPOSITORY = "europe-west1-docker.pkg.dev/acme/dataflows/agent"


def told_of(monkeypatch, answer, *, preview=False):
    """The digest that comes out of it, and what the registry was asked."""
    asked, found = [], []

    def holds(registry, image):
        asked.append((image, registry._token()))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(Registry, "holds", holds)

    def program():
        image = pulumi.ComponentResource("test:Image", "agent-image")
        token = pulumi.Output.secret("ya29.token")
        digest = held(image, REPOSITORY, pulumi.Output.from_input(DIGEST), token)
        pulumi.Output.all(digest, digest.is_secret()).apply(found.append)

    pulumi.runtime.set_mocks(Engine(), project="dataflows", stack="dev", preview=preview)
    pulumi.runtime.test(program)()
    return found, asked


def test_what_is_there_goes_on_and_the_token_leaves_no_trace(monkeypatch):
    found, asked = told_of(monkeypatch, True)
    assert found == [[DIGEST, False]]
    assert asked == [(Reference.of(REPOSITORY, DIGEST), "ya29.token")]


def test_what_is_gone_stops_all_that_runs_it_and_the_remedy_is_named(monkeypatch):
    with pytest.raises(LostImageError) as caught:
        told_of(monkeypatch, False)
    assert f"{REPOSITORY}@{DIGEST} is not in the registry" in str(caught.value)
    remedy = "pulumi up --stack dev --replace 'urn:pulumi:dev::dataflows::.*::agent-image'$"
    assert re.search(remedy, str(caught.value))


def test_a_registry_that_cannot_be_asked_is_a_warning(monkeypatch):
    said = []
    monkeypatch.setattr(pulumi, "warn", said.append)
    found, _ = told_of(monkeypatch, RegistryError("no answer"))
    assert found == [[DIGEST, False]]
    assert said == [f"Whether {REPOSITORY}@{DIGEST} is there was not seen: no answer"]


def test_a_preview_asks_nothing(monkeypatch):
    found, asked = told_of(monkeypatch, False, preview=True)
    assert (found, asked) == ([[DIGEST, False]], [])
