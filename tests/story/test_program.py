"""What our program declares and asks for is what the stand-ins know, and take."""

import pytest

from tests.places.google.test_job_body import identity, jobs
from tests.places.google.variants import VARIANTS, graph
from tests.story.google.cloud_run import rules
from tests.story.google.declared import RESOURCES
from tests.story.google.roles import PREDEFINED

__all__ = ["identity"]


def declared(name):
    """What stands under a name in any resource, in any of the program's shapes."""
    return {r.inputs[name] for v in VARIANTS for r in graph(v) if name in r.inputs}


def test_every_role_that_the_program_grants_is_known_and_no_other():
    roles = {each for each in declared("role") if each.startswith("roles/")}
    assert roles == PREDEFINED.keys()


def test_every_kind_of_grant_that_the_program_makes_is_known_and_no_other():
    kinds = {r.type for v in VARIANTS for r in graph(v) if r.type.lower().endswith("iammember")}
    assert kinds == RESOURCES.keys()


@pytest.mark.parametrize("variant", VARIANTS)
def test_cloud_run_takes_the_job_of_every_deployment(variant):
    made = [each for _, each in jobs(variant)]
    for each in made:
        rules.creation(each.job_name, each.job_body)
    assert made
