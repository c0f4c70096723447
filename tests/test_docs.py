"""The documentation says what the code does."""

import math
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pulumi
import pytest
from pydantic import BaseModel

from stacks.config import SECRETS, StackConfig, reference
from tests.places.google import graph, stacks

ROOT = Path(__file__).parents[1]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / ".github").glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
COSTS = ROOT / "docs" / "COSTS.md"
TIMES = "\N{MULTIPLICATION SIGN}"

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def commands(page):
    """What stands in the page as code: the spans, and the lines of its blocks."""
    text = page.read_text()
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))
    return [line.split("#")[0].strip() for block in blocks for line in block.splitlines()] + spans


def keys(annotation, path=""):
    """Every key below a field of the configuration, as the documentation spells it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield f"{path}{name}"
            yield from keys(field.annotation, f"{path}{name}.")
    for inner in getattr(annotation, "__args__", ()):
        yield from keys(inner, path)


def test_the_reference_names_every_key_as_the_models_have_it():
    assert reference.REFERENCE.read_text() == reference.reference(), "run `make docs`"


def test_the_readme_names_the_keys_of_a_stack_of_processes():
    assert reference.README.read_text() == reference.readme(), "run `make docs`"


@every_page
def test_every_make_target_that_a_page_names_exists(page):
    targets = set(re.findall(r"^([a-z0-9-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = [line.split()[1:] for line in commands(page) if re.match(r"make [a-z-]", line)]
    named = {word for words in asked for word in words if re.fullmatch(r"[a-z][a-z0-9-]*", word)}
    assert named <= targets, f"{page} names {sorted(named - targets)}"


@every_page
def test_every_file_that_a_page_links_to_exists(page):
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


@every_page
def test_every_file_of_ours_that_a_page_names_exists(page):
    rooms = r"(?:stacks|flows|tests|tools|images|docs|\.github)/[\w./*-]+"
    named = [code for code in commands(page) if re.fullmatch(rooms, code)]
    examples = {"flows/orders.py"}  # which the README's reader writes
    assert not [name for name in named if name not in examples and not [*ROOT.glob(name)]]


@every_page
def test_every_configuration_key_that_a_page_names_exists(page):
    known = set(keys(StackConfig))
    sections = "|".join(StackConfig.model_fields)
    named = {m[1] for c in commands(page) if (m := re.match(rf"((?:{sections})\.[a-z_.]+)\b", c))}
    files = {name for name in named if name.endswith((".py", ".yaml", ".load"))}
    assert named - files <= known, f"{page} names {sorted(named - files - known)}"


@every_page
def test_every_secret_that_a_page_sets_exists(page):
    lines = [code for code in commands(page) if code.startswith("pulumi config set --secret")]
    named = {line.split()[-1] for line in lines} - {"<key>"}
    assert named <= SECRETS.keys()


@pytest.fixture(scope="module")
def outputs():
    """The names of what the dev stack exports."""
    exported = set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pulumi, "export", lambda name, value: exported.add(name))
        graph.built("dev")
    return exported


@every_page
def test_every_output_of_a_stack_that_a_page_names_exists(page, outputs):
    text = page.read_text()
    named = set(re.findall(r"pulumi stack output (\w+)", text))
    for looped in re.findall(r"^for account in ([\w ]+);", text, re.MULTILINE):
        named |= set(looped.split())
    assert named <= outputs, f"{page} names {sorted(named - outputs)}"


def priced():
    """The tables of the costs: of each row the factors, and the dollars of each stack."""
    for table in re.findall(r"(?:^\|.*\|\n)+", COSTS.read_text(), re.MULTILINE):
        rows = [
            [cell.strip(" *") for cell in row.strip("|").split("|")] for row in table.split("\n")
        ]
        if any(row[0] == "sum" for row in rows):
            dollars = [[Decimal(cell or 0) for cell in row[2:]] for row in rows[2:-1]]
            yield [row[1].split(TIMES) for row in rows[2:-1]], dollars


def test_the_costs_are_what_their_arithmetic_comes_to():
    seen = 0
    for factors, dollars in priced():
        *items, total = dollars
        assert [sum(column) for column in zip(*items, strict=True)] == total
        for parts, told in zip(factors, items, strict=False):
            if len(parts) > 1:
                numbers = [Decimal(re.match(r" *([\d.,]+)", p)[1].replace(",", "")) for p in parts]
                cost = math.prod(numbers).quantize(Decimal("0.01"), ROUND_HALF_UP)
                assert {cost} == {dollar for dollar in told if dollar}, parts
                seen += 1
    assert seen == 9


def test_the_limits_are_those_of_the_stacks():
    for section in ("prefect", "agent"):
        dev, prod = (stacks.written(name)[section]["concurrency_limit"] for name in ("dev", "prod"))
        assert f"`{section}.concurrency_limit`: {dev} in dev, {prod} in prod" in COSTS.read_text()
