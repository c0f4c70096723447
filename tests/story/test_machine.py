"""A VM does what its user data says, as far as it may; its worker starts again when it ends."""

import time

import pytest

from stacks.places.google.cloud_init import cloud_config
from tests.places.google.test_cloud_init import WORKER
from tests.story.conftest import AGENT, PROJECT, small
from tests.story.google.cloud_run.inside import Inside
from tests.story.vm.machine import BootError, Machine

REPOSITORY = "projects/acme/locations/europe-west1/repositories/images"
PULLS = (REPOSITORY, "roles/artifactregistry.reader", f"serviceAccount:{AGENT}")
USER_DATA = cloud_config(WORKER).replace("RestartSec=10", "RestartSec=0.2")


class NoAuthority:
    bundle = "/ca.pem"


@pytest.fixture
def told(tmp_path):
    """What the client of Docker was told, a line each; a container ends at once."""
    client = tmp_path / "docker"
    client.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/told\n')
    client.chmod(0o755)
    (tmp_path / "told").touch()
    return lambda: (tmp_path / "told").read_text().splitlines()


@pytest.fixture
def boot(tmp_path, told):
    made = []

    def booted(user_data=USER_DATA, grants=(PULLS,)):
        google = small()
        google.grants.replace(grants, {})
        machine = Machine(
            name="vm-1",
            user_data=user_data,
            email=AGENT,
            inside=Inside(google, PROJECT, NoAuthority(), port=0),
            docker=str(tmp_path / "docker"),
            called=lambda image: image.replace("europe-west1-docker.pkg.dev", "127.0.0.1:5000"),
            port=8080,
        )
        machine.boot()
        made.append(machine)
        return machine

    yield booted
    for machine in made:
        machine.lose()


def wait(question):
    deadline = time.monotonic() + 10
    while not (answer := question()):
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.02)
    return answer


def runs(told):
    return [line for line in told() if line.startswith("run ")]


def test_the_container_is_the_units_less_what_is_of_the_machine(boot, told):
    boot()
    run = wait(lambda: runs(told))[0]
    assert "--log-driver" not in run
    assert "--network=host" in run
    assert "--env=GCE_METADATA_IP=127.7." in run
    assert "run.googleapis.com:127.7.0.1" in run
    assert f" 127.0.0.1:5000/acme/images/agent@{WORKER.image.rpartition('@')[2]} prefect " in run
    assert "--name vm-1 --limit 50" in run


def test_it_starts_again_whenever_it_ends(boot, told):
    boot()
    wait(lambda: len(runs(told)) > 2)
    assert told()[0] == "rm -f vm-1-prefect-worker"


@pytest.mark.parametrize(
    ("user_data", "grants"),
    [
        (USER_DATA, ()),
        (USER_DATA.replace("--registries=europe", "--registries=us"), (PULLS,)),
        (USER_DATA.replace("@sha256:", ":"), (PULLS,)),
    ],
    ids=["not granted", "no credentials for it", "by its tag"],
)
def test_an_image_that_it_may_not_have_is_not_pulled(boot, told, user_data, grants):
    machine = boot(user_data, grants)
    wait(lambda: machine.starts > 2)
    assert not runs(told)
    assert "cannot pull" in machine.said[-1]


def test_shut_down_it_stops_its_container_and_starts_no_other(boot, told):
    machine = boot()
    wait(lambda: runs(told))
    machine.shut_down()
    assert "stop -t 80 vm-1-prefect-worker" in told()
    before = machine.starts
    time.sleep(0.5)
    assert machine.starts == before


@pytest.mark.parametrize(
    "user_data",
    [
        USER_DATA.removeprefix("#cloud-config\n"),
        USER_DATA.replace("[systemctl, daemon-reload]", "[reboot]"),
    ],
)
def test_what_cloud_init_would_not_do_is_not_done(boot, user_data):
    with pytest.raises(BootError):
        boot(user_data)
