"""What a stack's YAML may say, and what is answered when it says something else."""

import json
from pathlib import Path

import pulumi
import pytest
import yaml

from stacks.config import ConfigError, load

ROOT = Path(__file__).parents[2]
GOOD = {
    "prefect": {"work_pool": "dataflows-local"},
    "runner": {"kind": "process"},
    "data": {"landing": "file:///landing", "warehouse": "duckdb:///w.duckdb"},
}


@pytest.fixture(autouse=True)
def stack():
    pulumi.runtime.set_mocks(_NoMocks(), project="dataflows", stack="local")


class _NoMocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        raise AssertionError("no resource is registered here")

    def call(self, args):
        raise AssertionError("nothing is called here")


def told(**changes):
    """The good configuration with some of its sections changed; ``None`` leaves one out."""
    sections = {k: v for k, v in (GOOD | changes).items() if v is not None}
    texts = {
        f"dataflows:{name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in sections.items()
    }
    pulumi.runtime.set_all_config(texts)
    return pulumi.Config("dataflows")


def complaint(**changes):
    with pytest.raises(ConfigError) as caught:
        load(told(**changes))
    return str(caught.value)


@pytest.mark.parametrize("path", sorted(ROOT.glob("Pulumi.*.yaml")), ids=lambda p: p.name)
def test_every_stack_in_the_repository_loads(path):
    values = yaml.safe_load(path.read_text())["config"]
    sections = {
        key.removeprefix("dataflows:"): value
        for key, value in values.items()
        if key.startswith("dataflows:") and not (isinstance(value, dict) and "secure" in value)
    }
    assert load(told(**{**dict.fromkeys(GOOD), **sections})).prefect.work_pool


def test_what_is_loaded_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        load(told()).prefect.work_pool = "other"


def test_a_misspelt_key_is_named_with_the_one_that_was_meant():
    text = complaint(prefect={"work_pool": "x", "schedule": "active"})
    assert text == (
        "Pulumi.local.yaml: dataflows:prefect.schedule is unknown (did you mean schedules?). "
        "Remove it, or write one of api_url, headers, work_pool, queues, concurrency_limit, "
        "schedules."
    )


def test_a_misspelt_section_is_named_with_the_one_that_was_meant():
    text = complaint(runer={"kind": "process"})
    assert "Pulumi.local.yaml: dataflows:runer is unknown (did you mean runner?)" in text


def test_a_missing_section_is_named():
    assert "Pulumi.local.yaml: dataflows:data is missing. Add it." in complaint(data=None)


def test_a_missing_key_is_named_with_what_it_is_for():
    text = complaint(data={"landing": "file:///landing"})
    assert "Pulumi.local.yaml: dataflows:data.warehouse is missing (`duckdb:///path` or" in text


def test_a_wrong_type_is_named_with_what_was_found():
    text = complaint(prefect={"work_pool": ["a"]})
    assert "dataflows:prefect.work_pool: ['a']: Input should be a valid string." in text


def test_a_value_outside_its_choices_is_named_with_the_choices():
    text = complaint(runner={"kind": "lambda"})
    assert "dataflows:runner.kind: 'lambda' is not 'process'" in text


def test_a_text_where_a_block_is_wanted_is_named():
    assert "dataflows:prefect: 'hello': Input should be" in complaint(prefect="hello")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"data": GOOD["data"] | {"landing": "/tmp/x"}}, "is no URL of file://, s3://, gs://"),
        ({"data": GOOD["data"] | {"warehouse": "pg://x"}}, "is no URL of duckdb://, bigquery://"),
        ({"prefect": {"work_pool": "x", "api_url": "localhost"}}, "is no URL; write one such as"),
        ({"prefect": {"work_pool": "x", "concurrency_limit": 0}}, "greater than or equal to 1"),
    ],
)
def test_a_value_of_a_wrong_form_is_named_with_the_right_form(changes, text):
    assert text in complaint(**changes)


def test_all_problems_are_named_at_once():
    assert len(complaint(prefect={}, data=None, runer={}).splitlines()) == 3
