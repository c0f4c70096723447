"""A place is known wherever it has to be: what of it is forgotten is named, with the file."""

from pathlib import Path

import pytest
import yaml

from stacks.config import StackConfig
from stacks.config.stack import RUNNERS
from stacks.places import PLACES

ROOT = Path(__file__).parents[2]
KINDS = {
    yaml.safe_load(path.read_text())["config"]["dataflows:runner"]["kind"]
    for path in ROOT.glob("Pulumi.*.yaml")
}


@pytest.mark.parametrize("kind", sorted({*RUNNERS, *PLACES}))
def test_a_kind_has_a_runner_a_place_and_a_stack(kind):
    assert kind in RUNNERS, f"runner.kind {kind}: add its Runner to stacks/config/stack.py"
    assert kind in PLACES, f"runner.kind {kind}: add it to PLACES of stacks/places/__init__.py"
    assert kind in KINDS, f"runner.kind {kind}: no Pulumi.<stack>.yaml has it"


@pytest.mark.parametrize("kind", RUNNERS)
def test_the_sections_of_a_kind_are_fields_of_a_stack(kind):
    runner = RUNNERS[kind]
    unknown = sorted((runner.needed | runner.welcome) - StackConfig.model_fields.keys())
    assert not unknown, (
        f"{runner.__module__}.{runner.__name__} names {unknown}, which no section of StackConfig "
        "is: add the Sections of its module to the bases in stacks/config/stack.py"
    )


@pytest.mark.parametrize("place", sorted({*PLACES.values()}))
def test_a_place_has_a_page_and_the_readme_names_it(place):
    page = f"docs/places/{place}.md"
    assert (ROOT / page).is_file()
    assert page in (ROOT / "README.md").read_text(), f"README.md does not link to {page}"
