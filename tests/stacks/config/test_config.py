"""What a stack's YAML may say, and what is answered when it says something else."""

import json

import pulumi
import pytest

from stacks.config import ConfigError, StackConfig, load
from stacks.config.docker import Containers
from tests.places.google.stacks import PROMOTED, filled, written

GOOD = {
    "prefect": {"work_pool": "dataflows-local"},
    "runner": {"kind": "process"},
    "data": {"landing": "file:///landing", "warehouse": "duckdb:///w.duckdb"},
}


CONTAINERS = {
    "prefect": {"work_pool": "dataflows-docker"},
    "runner": {"kind": "docker"},
    "host": {},
}
STACKS = ("dev", "prod")
TOKEN = {"secret": "token", "version": 1}


@pytest.fixture(autouse=True)
def stack():
    pulumi.runtime.set_mocks(_NoMocks(), project="dataflows", stack="local")


class _NoMocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        raise AssertionError("no resource is registered here")

    def call(self, args):
        raise AssertionError("nothing is called here")


def told(good=GOOD, secret=("dataflows:prefect_api_key",), **changes):
    """A good configuration with some of its sections changed; ``None`` leaves one out."""
    sections = {k: v for k, v in (good | changes).items() if v is not None}
    texts = {
        f"dataflows:{name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in sections.items()
    }
    pulumi.runtime.set_all_config(texts, secret)
    return pulumi.Config("dataflows")


def complaint(**changes):
    with pytest.raises(ConfigError) as caught:
        load(told(**changes))
    return str(caught.value)


def cloud_complaint(secret=("dataflows:prefect_api_key",), **changes):
    return complaint(good=filled("dev"), secret=secret, **changes)


def changed(section, **values):
    """A section of the dev stack, with some of its values changed."""
    return {section: filled("dev")[section] | values}


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_in_the_repository_loads_once_it_is_filled_in(stack):
    assert load(told(good=filled(stack))).prefect.work_pool


@pytest.mark.parametrize("stack", STACKS)
def test_what_a_newcomer_has_to_fill_in_is_named_with_what_to_put_there(stack):
    unfilled = written(stack) | {"prefect_api_key": "k"}
    text = complaint(good=unfilled)
    assert "dataflows:google.project: 'your-project-id' is a placeholder. Put: The proj" in text
    assert "`gcloud projects list`" in text
    assert "github.repository_id: 'your-repository-id' is a placeholder. Put: The number" in text
    for section in (part for part in unfilled.values() if isinstance(part, dict)):
        for value in section.values():
            assert ("your-" in str(value)) == (f": {value!r} is a placeholder." in text)


def test_dev_and_prod_differ_in_values_only():
    dev, prod = written("dev"), written("prod")
    assert dev.keys() == prod.keys()
    for kind in ("google", "prefect", "runner", "agent", "secrets", "github"):
        assert dev[kind].keys() == prod[kind].keys(), kind


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"google": None}, "dataflows:google is missing, as runner.kind is cloud-run. Add it."),
        ({"storage": None}, "dataflows:storage is missing, as runner.kind is cloud-run. Add it."),
        ({"images": None}, "dataflows:images is missing, as runner.kind is cloud-run. Add it."),
        ({"data": GOOD["data"]}, "data means nothing, as runner.kind is cloud-run. Remove it."),
        (
            {"google": {"region": "europe-west1", "zones": ["europe-west1-b"]}},
            "google.project is missing (The project's id; `gcloud projects list` shows it.). Add",
        ),
        (
            {"google": {"project": "acme-data", "zones": ["europe-west1-b"]}},
            "dataflows:google.region is missing (A region of Compute Engine",
        ),
        (changed("google", zones=[]), "dataflows:google.zones: []: Tuple should have at least 1"),
        (changed("google", zones=["us-east1-b"]), "names us-east1-b: no zone of europe-west1; try"),
        (changed("google", region="europe"), "'europe' is not of the form"),
        (changed("google", project="Acme"), "such as acme-data-dev."),
        (changed("google", labels={"Team": "x"}), "holds Team: x; a label is of lowercase letters"),
        (changed("prefect", api_url=None), "prefect.api_url is missing, as runner.kind is cloud"),
        (changed("runner", timeout=0), "runner.timeout: 0: Input should be greater than or equal"),
        (changed("runner", timeout=604801), "runner.timeout: 604801: Input should be less than or"),
        (
            changed("runner", memory="2gb"),
            "'2gb' is not of the form ^\\d+(G|Gi|M|Mi)$",
        ),
        (changed("runner", memory="512"), "; write one such as 512Mi."),
        (changed("runner", cpu="two"), "runner.cpu: 'two' is not of the form"),
        (changed("runner", cpu="1500m"), "runner.cpu: '1500m' is not of the form"),
        (changed("runner", memory="256Mi"), "runner.memory: Cloud Run gives a job 512Mi to 32Gi"),
        (
            changed("runner", cpu="4000m"),
            "runner.memory: Cloud Run gives a job 2Gi to 16Gi with cpu 4000m, not 512Mi; write "
            "such a size, or cpu 1000m or 2000m.",
        ),
        (changed("runner", egress="vpn"), "is not 'internet', 'private-ranges' or 'all-traffic'"),
        (changed("runner", egress="all-traffic"), "'all-traffic' has no way out of the network"),
        (changed("runner", env={"A B": "x"}), "write one such as SHOP_TOKEN"),
        (changed("runner", env={"PREFECT_API_KEY": "x"}), "sets PREFECT_API_KEY, which the platf"),
        (
            changed("runner", env_from_secrets={"DATAFLOWS_STACK": TOKEN}),
            "sets DATAFLOWS_STACK, which the platform sets; remove it.",
        ),
        (
            changed("runner", env={"TOKEN": "x"}, env_from_secrets={"TOKEN": TOKEN}),
            "sets TOKEN, which env sets too; remove it from one.",
        ),
        (
            changed("runner", env_from_secrets={"TOKEN": {"secret": "token"}}),
            "dataflows:runner.env_from_secrets.TOKEN.version is missing (A number, which pins it",
        ),
        (
            changed("runner", env_from_secrets={"TOKEN": {"secret": "token", "version": "new"}}),
            "'new' is not of the form ^(latest|[1-9]\\d*)$; write one such as 3.",
        ),
        (
            changed("runner", kind="lambda"),
            ".kind: 'lambda' is not 'process' or 'docker' or 'cloud-run'.",
        ),
        ({"runner": {"cpu": "1"}}, "dataflows:runner.kind is missing. Add it."),
        (changed("runner", tiemout=1), "runner.tiemout is unknown (did you mean timeout?). Remove"),
        (changed("images", source="guess"), "images.source: 'guess' is not 'build' or 'promote'."),
        (
            {"images": filled("prod")["images"] | {"now": PROMOTED | {"agent": "sha256:123"}}},
            "images.now.agent: 'sha256:123' is not of the form ^sha256:[0-9a-f]{64}$; write one",
        ),
        (
            {"images": filled("prod")["images"] | {"before": [PROMOTED | {"runner": "latest"}]}},
            "images.before.0.runner: 'latest' is not of the form ^sha256:[0-9a-f]{64}$; write one",
        ),
        (
            {"images": {"source": "promote", "repository": "r"}},
            "images.now is missing (What this stack runs; `make promote FROM=dev TO=prod` writes",
        ),
        (changed("agent", machine_type="small"), "; write one such as e2-small."),
        (changed("agent", machine_type="t2a-standard-1"), "is of ARM, and the images are of linux"),
        (changed("agent", concurrency_limit=500), "500: Input should be less than or equal to 200"),
        (changed("agent", availability="ha"), "'ha' is not 'group' or 'single'. Write one."),
        (changed("storage", dataset="a-b"), "; write one such as dataflows_dev."),
        (changed("github", repository="acme"), "; write one such as acme/dataflows."),
        ({"prefect_api_key": None}, "pulumi config set --secret --stack local prefect_api_key`."),
    ],
)
def test_a_value_that_google_or_prefect_would_refuse_is_refused_with_its_remedy(changes, text):
    complaints = cloud_complaint(**changes).splitlines()
    assert any(text in line for line in complaints), complaints
    assert all(line.startswith("Pulumi.local.yaml: dataflows:") for line in complaints)


def test_a_key_that_stands_there_in_clear_is_refused():
    assert "prefect_api_key stands there in clear" in cloud_complaint(secret=())


def test_a_stack_whose_name_google_would_refuse_is_refused():
    pulumi.runtime.set_mocks(_NoMocks(), project="dataflows", stack="Feature_1")
    assert "the stack's name 'Feature_1' cannot be part of Google's names" in cloud_complaint()


def test_sections_of_the_cloud_mean_nothing_where_runs_are_processes():
    text = complaint(google=filled("dev")["google"])
    assert "dataflows:google means nothing, as runner.kind is process. Remove it." in text


def test_of_a_section_that_is_missing_nothing_else_is_asked(monkeypatch):
    looks = lambda self, stack: iter([stack.host.networks])  # noqa: E731
    monkeypatch.setattr(Containers, "contradictions", looks)
    lines = complaint(good=CONTAINERS, host=None).splitlines()
    assert lines == [
        "Pulumi.local.yaml: dataflows:host is missing, as runner.kind is docker. Add it."
    ]


def test_no_two_places_have_a_section_of_the_same_name():
    names = [name for place in StackConfig.__bases__ for name in place.__annotations__]
    assert sorted(names) == sorted(StackConfig.model_fields)


def test_the_local_stack_loads_as_it_is():
    assert load(told(good=written("local"))).prefect.work_pool


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
    assert (
        "Pulumi.local.yaml: dataflows:data is missing, as runner.kind is process. Add it."
        in complaint(data=None)
    )


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


def test_the_docker_stack_of_the_repository_is_right():
    assert load(told(written("docker"))).runner.kind == "docker"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"host": None}, "dataflows:host is missing, as runner.kind is docker. Add it."),
        ({"images": {"source": "build"}}, "images means nothing, as runner.kind is docker. Remove"),
        ({"host": {"on_destroy": "drop"}}, "dataflows:host.on_destroy"),
        ({"host": {"agent_memory": 64}}, "host.agent_memory: 64: Input should be greater than"),
        ({"runner": {"kind": "docker", "cpu": "two"}}, "runner.cpu: 'two' is not of the form"),
        ({"runner": {"kind": "docker", "cpu": "0"}}, "runner.cpu: '0' is not of the form"),
        ({"runner": {"kind": "docker", "memory": "2gb"}}, "runner.memory: '2gb' is not of the"),
        (
            {"runner": {"kind": "docker", "env": {"PREFECT_API_URL": "x"}}},
            "sets PREFECT_API_URL, which the platform sets; remove it",
        ),
    ],
)
def test_a_docker_stack_is_told_what_is_wrong(changes, text):
    with pytest.raises(ConfigError) as error:
        load(told(CONTAINERS, **changes))
    assert text in str(error.value)
