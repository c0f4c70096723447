"""Before a stack's preview: what this machine lacks for it, in words that name the remedy."""

import json
import re
from pathlib import Path

import pytest

from tools import guarded, readiness

ROOT = Path(__file__).resolve().parents[2]
FILLED = """\
config:
  dataflows:google:
    project: acme
encryptionsalt: v1:abc
"""
READY = {
    "PULUMI_BACKEND_URL": "gs://state",
    "PULUMI_CONFIG_PASSPHRASE": "",  # an empty one is one
    "GOOGLE_OAUTH_ACCESS_TOKEN": "made-up",
}


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("name: dataflows\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(FILLED)
    return tmp_path


@pytest.fixture(autouse=True)
def without_google(monkeypatch, tmp_path):
    """This machine's own credentials are nobody's business here, nor is it a VM of Google's."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


def test_a_machine_that_has_all_lacks_nothing(repository):
    assert list(readiness.missing("dev", repository, READY)) == []


@pytest.mark.parametrize(
    ("without", "told"),
    [
        ("PULUMI_BACKEND_URL", "Pulumi does not know where the state is: export PULUMI_BACKEND"),
        ("PULUMI_CONFIG_PASSPHRASE", "the secrets of Pulumi.dev.yaml are under a passphrase"),
        ("GOOGLE_OAUTH_ACCESS_TOKEN", "no credentials for Google Cloud: `gcloud auth applicati"),
    ],
)
def test_what_is_missing_is_named_alone(repository, without, told):
    environ = {name: value for name, value in READY.items() if name != without}
    [problem] = readiness.missing("dev", repository, environ, home=repository)
    assert problem.startswith(told)


def test_all_that_is_missing_is_said_at_once(repository):
    (repository / "Pulumi.dev.yaml").write_text(FILLED.replace("acme", "your-project-id"))
    problems = list(readiness.missing("dev", repository, {}, home=repository))
    assert len(problems) == 4
    assert problems[2].startswith("Pulumi.dev.yaml has placeholders in google.project (")


def test_whoever_is_logged_in_needs_no_variable(repository):
    environ = {name: value for name, value in READY.items() if name != "PULUMI_BACKEND_URL"}
    (repository / ".pulumi").mkdir()
    known = {"current": "https://api.pulumi.com"}
    (repository / ".pulumi" / "credentials.json").write_text(json.dumps(known))
    assert list(readiness.missing("dev", repository, environ, home=repository)) == []


def test_a_backend_in_the_project_is_one(repository):
    environ = {name: value for name, value in READY.items() if name != "PULUMI_BACKEND_URL"}
    with (repository / "Pulumi.yaml").open("a") as file:
        file.write("backend:\n  url: gs://state\n")
    assert list(readiness.missing("dev", repository, environ, home=repository)) == []


def test_a_stack_that_is_none_is_told_which_there_are():
    [problem] = readiness.missing("devv", ROOT, READY)
    assert problem == "there is no Pulumi.devv.yaml; the stacks are dev, docker, local, prod"


def test_a_stack_in_no_cloud_needs_no_credentials_of_one(repository):
    (repository / "Pulumi.mine.yaml").write_text("config:\n  dataflows:runner: {kind: process}\n")
    assert list(readiness.missing("mine", repository, {"PULUMI_BACKEND_URL": "file://x"})) == []


def test_each_step_that_is_named_is_one_of_the_guide(repository):
    (repository / "Pulumi.dev.yaml").write_text(FILLED.replace("acme", "your-project-id"))
    guide = (ROOT / readiness.GUIDE).read_text()
    for problem in readiness.missing("dev", repository, {}, home=repository):
        [step] = re.findall(r"docs/INITIAL_SETUP.md, step (\d)\)", problem)
        assert f"\n## {step}. " in guide


def test_a_command_of_a_stack_that_lacks_something_does_not_start(capsys):
    assert guarded.main(["--stack", "devv", "touch", "started"]) == 1
    said = capsys.readouterr().err
    assert said == "devv: there is no Pulumi.devv.yaml; the stacks are dev, docker, local, prod\n"
    assert not Path("started").exists()
