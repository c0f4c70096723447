"""Whatever the stacks send to Google is what Google's own API descriptions know."""

import json

import pytest

from tests.places.google.bodies import NO_RESOURCE_OF_GOOGLE, TRANSLATED, body
from tests.places.google.discovery import problems
from tests.places.google.variants import VARIANTS, graph

REPOSITORY = {
    "repositoryId": "images",
    "location": "europe-west1",
    "format": "DOCKER",
    "cleanupPolicies": [{"id": "keep", "action": "KEEP", "mostRecentVersions": {"keepCount": 3}}],
}


def wrong(type_, inputs):
    return problems(*body(type_, inputs))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_resource_is_one_that_google_would_take(variant):
    found = [
        f"{resource}: {problem}"
        for resource in graph(variant)
        if not resource.type.startswith(NO_RESOURCE_OF_GOOGLE)
        for problem in wrong(resource.type, resource.inputs)
    ]
    assert not found


def test_every_kind_of_resource_is_in_some_variant():
    seen = {resource.type for variant in VARIANTS for resource in graph(variant)}
    assert not TRANSLATED - seen, "these translations are of nothing that is emitted"


def test_an_unknown_field_is_found():
    assert not wrong("gcp:artifactregistry/repository:Repository", REPOSITORY)
    told = REPOSITORY | {"dockerConfig": {"imutableTags": True}}
    [problem] = wrong("gcp:artifactregistry/repository:Repository", told)
    assert problem.startswith("Repository.dockerConfig.imutableTags is unknown; there are immut")


def test_a_wrong_type_is_found():
    told = REPOSITORY | {"dockerConfig": {"immutableTags": "yes"}}
    [problem] = wrong("gcp:artifactregistry/repository:Repository", told)
    assert problem == "Repository.dockerConfig.immutableTags: 'yes' is no boolean"


def test_a_wrong_enum_is_found():
    [problem] = wrong("gcp:artifactregistry/repository:Repository", REPOSITORY | {"format": "OCI"})
    assert problem.startswith("Repository.format: 'OCI' is none of FORMAT_UNSPECIFIED, DOCKER")


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"checkIntervalSec": 30.5}, "HealthCheck.checkIntervalSec: 30.5 is no int32"),
        ({"checkIntervalSec": 2**31}, "HealthCheck.checkIntervalSec: 2147483648 is no int32"),
        ({"checkIntervalSec": True}, "HealthCheck.checkIntervalSec: True is no int32"),
        ({"httpHealthCheck": []}, "HealthCheck.httpHealthCheck: [] is no object"),
        ({"sourceRegions": "x"}, "HealthCheck.sourceRegions: 'x' is no list"),
        ({"sourceRegions": [1]}, "HealthCheck.sourceRegions[0]: 1 is no string"),
        ({"name": "A"}, "HealthCheck.name: 'A' is not of the form "),
    ],
)
def test_what_is_wrong_inside_is_found_with_its_path(values, problem):
    [found] = wrong("gcp:compute/healthCheck:HealthCheck", values)
    assert found.startswith(problem)


def test_a_kind_of_resource_without_a_translation_is_no_silent_pass():
    with pytest.raises(KeyError):
        wrong("gcp:pubsub/topic:Topic", {})


def test_numbers_of_pulumi_are_the_same_as_googles():
    assert not wrong("gcp:compute/healthCheck:HealthCheck", {"checkIntervalSec": json.loads("3.0")})
