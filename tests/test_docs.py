"""The documentation says what the code does."""

import re
from pathlib import Path

import pytest

from stacks import reference

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_reference_names_every_key_as_the_models_have_it():
    assert reference.REFERENCE.read_text() == reference.reference(), "run `make docs`"


def test_the_readme_names_the_keys_of_a_stack_of_processes():
    assert reference.README.read_text() == reference.readme(), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_a_page_names_exists(page):
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make (?:-s )?([a-z-]+)", page.read_text()))
    assert named <= targets, f"{page} names {sorted(named - targets)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_links_to_exists(page):
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing
