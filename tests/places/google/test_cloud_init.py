"""The text that makes a bare VM the agent, read by those who will read it: cloud-init, systemd."""

import json
import shlex
import shutil
import subprocess

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from stacks.places.google.cloud_init import Worker, _word, cloud_config, systemd_unit
from tests.places.google.graph import AGENT_DIGEST, API_KEY
from tests.places.google.variants import VARIANTS, graph

WORKER = Worker(
    image=f"europe-west1-docker.pkg.dev/acme/images/agent@{AGENT_DIGEST}",
    registry="europe-west1-docker.pkg.dev",
    api_url="https://api.prefect.cloud/api/accounts/1/workspaces/2",
    api_key_secret="projects/1/secrets/prefect-api-key/versions/7",
    work_pool="pool 50%",
    work_pool_type="cloud-run-v2",
    concurrency_limit=50,
    headers={"X-Team": 'a "b" $HOME'},
)
TARGETS = ("basic", "multi-user", "network-online", "shutdown", "sysinit")


@pytest.fixture(scope="module")
def schema(pytestconfig):
    """cloud-init's own JSON schema, out of Debian's package; the package is not installed."""
    if not shutil.which("apt-get"):
        pytest.skip("there is no apt-get here, so no cloud-init package with the schema")
    home = pytestconfig.cache.mkdir("cloud-init")
    if not list(home.glob("*.deb")) and _run(["apt-get", "download", "cloud-init"], home):
        _run(["apt-get", "update"], home)  # a fresh machine knows no packages
        assert not _run(["apt-get", "download", "cloud-init"], home)
    [package] = home.glob("*.deb")
    assert not _run(["dpkg", "-x", str(package), "unpacked"], home)
    [found] = home.glob("unpacked/**/schema-cloud-config-v1.json")
    return Draft4Validator(json.loads(found.read_text()))


def _run(command, folder):
    return subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode


def user_data(variant):
    machines = [r for r in graph(variant) if r.type.endswith((":Instance", "InstanceTemplate"))]
    [machine] = machines
    return machine.inputs["metadata"]["user-data"]


def unit_in(text):
    [file] = yaml.safe_load(text)["write_files"]
    return file["content"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_cloud_init_takes_the_user_data_of_every_stack(schema, variant):
    text = user_data(variant)
    assert text.startswith("#cloud-config\n")
    # The schema lets unknown keys pass at the top.
    assert yaml.safe_load(text).keys() == {"write_files", "runcmd"}
    assert not list(schema.iter_errors(yaml.safe_load(text)))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('permissions: "0644"', "permissions: 0644"),
        ("path: /etc", "paht: /etc"),
        ("- [systemctl, daemon-reload]", "- {systemctl: daemon-reload}"),
    ],
)
def test_cloud_inits_schema_sees_what_is_wrong(schema, right, wrong):
    text = cloud_config(WORKER)
    assert right in text
    assert list(schema.iter_errors(yaml.safe_load(text.replace(right, wrong))))


def test_the_unit_reaches_the_vm_as_it_is_written():
    assert unit_in(cloud_config(WORKER)) == systemd_unit(WORKER)


@pytest.fixture
def complaints(tmp_path):
    """What systemd says of a unit, on a machine that has what the agent's VM has."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed here")
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    for program in ("bin/mkdir", "usr/bin/docker", "usr/bin/docker-credential-gcr"):
        path = tmp_path / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o755)
    for target in TARGETS:
        (units / f"{target}.target").write_text("[Unit]\n")
    for slice_ in ("-.slice", "system.slice"):
        (units / slice_).write_text("[Unit]\n")
    (units / "docker.service").write_text("[Service]\nExecStart=/usr/bin/docker\n")

    def verify(unit):
        (units / "prefect-worker.service").write_text(unit)
        command = ["systemd-analyze", "--man=no", f"--root={tmp_path}", "verify"]
        told = subprocess.run(
            [*command, "prefect-worker.service"], check=False, capture_output=True, text=True
        )
        return told.stdout + told.stderr + ("failed" if told.returncode else "")

    return verify


@pytest.mark.parametrize("variant", VARIANTS)
def test_systemd_takes_the_unit_of_every_stack(complaints, variant):
    assert complaints(unit_in(user_data(variant))) == ""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("RestartSec=", "RestartSecs="),
        ("Restart=always", "Restart=often"),
        ("TimeoutStopSec=100", "TimeoutStopSec=soon"),
        ("ExecStart=/usr/bin/docker", "ExecStart=docker-run"),
    ],
)
def test_systemd_sees_what_is_wrong(complaints, right, wrong):
    unit = systemd_unit(WORKER)
    assert right in unit
    assert complaints(unit.replace(right, wrong))


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=30))
def test_systemd_hands_on_any_text_as_one_word(text):
    if not text.isprintable():
        return
    [handed_on] = shlex.split(_word(text).replace("%%", "%").replace("$$", "$")) or [""]
    assert handed_on == text


@pytest.mark.parametrize("text", ["a\nExecStart=/bin/sh", "a\x00"])
def test_a_value_that_would_write_a_line_of_its_own_is_refused(text):
    with pytest.raises(ValueError, match="cannot stand in a systemd unit"):
        _word(text)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_key_is_named_and_not_told(variant):
    text = user_data(variant)
    assert API_KEY not in text
    assert "DATAFLOWS_API_KEY_SECRET=projects/1/secrets/" in text
    assert "PREFECT_API_KEY" not in text


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_worker_is_the_image_by_its_digest_and_serves_the_stacks_pool(variant):
    unit = unit_in(user_data(variant))
    [pool] = [r.inputs["name"] for r in graph(variant) if r.type.endswith(":WorkPool")]
    assert "/agent@sha256:" in unit
    assert f"prefect worker start --pool {pool} --type cloud-run-v2" in unit
    for wanted in ("--with-healthcheck", "-p 8080:8080", "PREFECT_WORKER_ENABLE_CANCELLATION=true"):
        assert wanted in unit
