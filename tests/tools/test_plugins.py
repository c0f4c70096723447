"""Pulumi's plugins of a stack are there before Pulumi runs, or one sentence says why not."""

from importlib.metadata import version
from pathlib import Path

import pytest

from tools import plugins
from tools.readiness import config_of

ROOT = Path(__file__).resolve().parents[2]
REFUSED = """\
[resource plugin gcp] installing
warning: Error downloading plugin: dial tcp: no such host
Will retry in 80ms [1/5]
error: [resource plugin gcp] failed to download plugin: failed all 5 attempts
"""


@pytest.fixture
def machine(tmp_path):
    """An environment whose `pulumi` says what it is told to, and notes what it was asked."""
    asked = tmp_path / "asked"

    def make(said: str = "", status: int = 0) -> dict[str, str]:
        pulumi = tmp_path / "pulumi"
        pulumi.write_text(
            f'#!/bin/sh\necho "$@" >>{asked}\ncat >&2 <<END\n{said}END\nexit {status}\n'
        )
        pulumi.chmod(0o755)
        asked.write_text("")
        return {"PATH": f"{tmp_path}:/usr/bin:/bin", "PULUMI_HOME": str(tmp_path / "home")}

    make.asked = lambda: asked.read_text().splitlines()
    return make


def test_each_stack_of_the_repository_needs_its_own():
    stacks = [path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml")]
    assert {stack: list(plugins.needed(config_of(stack, ROOT))) for stack in stacks} == {
        "local": [],
        "docker": ["docker", "docker-build"],
        "dev": ["gcp", "docker-build"],
        "prod": ["gcp"],
    }


def test_a_plugin_that_is_not_there_is_fetched_in_the_version_of_its_package(machine):
    environ = machine()
    assert list(plugins.unavailable(config_of("prod", ROOT), environ)) == []
    assert machine.asked() == [f"plugin install resource gcp v{version('pulumi-gcp')}"]


def test_one_that_is_there_is_not(machine, tmp_path):
    environ = machine(status=1)
    (tmp_path / "home/plugins" / f"resource-gcp-v{version('pulumi-gcp')}").mkdir(parents=True)
    (tmp_path / "pulumi-resource-docker-build").write_text("#!/bin/sh\n")
    (tmp_path / "pulumi-resource-docker-build").chmod(0o755)
    assert list(plugins.unavailable(config_of("dev", ROOT), environ)) == []
    assert machine.asked() == []


def test_one_that_cannot_be_had_is_one_sentence_with_the_reason_and_the_remedy(machine):
    environ = machine(REFUSED, status=1)
    [problem] = plugins.unavailable(config_of("prod", ROOT), environ)
    wanted = version("pulumi-gcp")
    assert problem == (
        f"Pulumi's plugin gcp {wanted} is not there, and could not be fetched (Error downloading "
        "plugin: dial tcp: no such host); where it can: pulumi plugin install resource gcp "
        f"v{wanted}"
    )
