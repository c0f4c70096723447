"""The stand-in for the docker plugin refuses what the real one refuses, on a real engine."""

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cloud.docker_inputs import CONTAINER, NETWORK, VOLUME
from tests.cloud.protocol import Refused, Spoken, speaking
from tests.cloud.values import UNKNOWN
from tools.containers.engine import Docker

pytestmark = pytest.mark.e2e

SLEEPS = {"command": ["sleep", "infinity"]}


@pytest.fixture
def plugin(docker: Docker, tmp_path: Path) -> Iterator[Spoken]:
    """One that is configured, for the engine of this machine."""
    with speaking("docker", tmp_path / "cloud.json") as spoken:
        spoken.configure()
        yield spoken


@pytest.fixture
def name(docker: Docker) -> Iterator[str]:
    """Of whatever a test makes; it is gone with the test."""
    made = f"dataflows-plugin-{uuid4().hex[:8]}"
    yield made
    docker.call("rm", "--force", "--volumes", made)
    docker.call("volume", "rm", made)
    docker.call("network", "rm", made)


@pytest.fixture
def container(plugin: Spoken, base: str, name: str) -> tuple[str, dict]:
    """The id and the state of one that sleeps."""
    return plugin.create(CONTAINER, {"name": name, "image": base, **SLEEPS})


def told(plugin: Spoken, type_: str, **news: object) -> list[str]:
    """All that is wrong with inputs."""
    return sorted(plugin.check(type_, news)[1])


def test_without_an_engine_a_preview_fails_already(tmp_path):
    nobody = f"unix://{tmp_path}/nobody.sock"
    refused = pytest.raises(Refused, match="failed to connect to any docker daemon")
    with speaking("docker", tmp_path / "cloud.json") as spoken, refused:
        spoken.configure(host=nobody)


def test_a_setting_that_the_provider_does_not_have_is_refused(plugin):
    assert plugin.check_config(hosts="unix:///x")[1] == ["invalid or unknown key: hosts"]


def test_another_host_makes_no_other_provider(plugin):
    assert plugin.diff_config({"host": "unix:///a"}, {"host": "unix:///b"}).replaces == []


def test_it_takes_no_marks_of_secrets(plugin):
    assert not plugin.configure().acceptSecrets


@pytest.mark.parametrize(
    ("news", "text"),
    [
        ({}, "Missing required property 'image'"),
        ({"image": "x", "env": ["A=1"]}, "invalid or unknown key: env"),
        (
            {"image": "x", "restart": "allways"},
            "'allways' doesn't match the pattern '^(no|on-failure|always|unless-stopped)$'",
        ),
        ({"image": "x", "memory": -1}, "'-1' cannot be lower than 0"),
        ({"image": "x", "memorySwap": -2}, "'-2' cannot be lower than -1"),
        (
            {"image": "x", "mounts": [{"type": "socket", "target": "/x"}]},
            "'socket' doesn't match the pattern '^(bind|volume|tmpfs)$'",
        ),
        (
            {"image": "x", "healthcheck": {"tests": ["CMD"], "interval": "soon"}},
            "'soon' is not a valid duration",
        ),
        (
            {"image": "x", "healthcheck": {"tests": ["CMD"], "interval": "-3s"}},
            "'-3s' duration must not be negative",
        ),
        (
            {"image": "x", "volumes": [{"hostPath": "/x", "containerPath": "x"}]},
            "'x' must be an absolute path",
        ),
    ],
)
def test_a_container_is_refused_with_what_is_wrong(plugin, news, text):
    assert text in told(plugin, CONTAINER, **news)


def test_all_that_is_wrong_is_said_at_once_and_what_is_unknown_is_let_through(plugin):
    assert len(told(plugin, CONTAINER, image="x", memory=-1, restart="x")) == 2
    assert told(plugin, CONTAINER, image=UNKNOWN, memory=UNKNOWN, restart=UNKNOWN) == []


def test_a_name_is_made_where_none_is_told_and_kept(plugin):
    made, _ = plugin.check(VOLUME, {})
    assert made["name"].startswith("it-")
    assert plugin.check(VOLUME, {}, olds=made)[0]["name"] == made["name"]


def test_an_image_that_is_not_on_the_host_is_not_found(plugin):
    with pytest.raises(Refused, match="did not find docker image 'localhost/nobody/x:latest'"):
        plugin.invoke(
            "docker:index/getRemoteImage:getRemoteImage", name="localhost/nobody/x:latest"
        )


def test_a_container_of_an_image_that_cannot_be_had_is_refused(plugin, name):
    with pytest.raises(Refused, match="Unable to create container with image localhost/nobody"):
        plugin.create(CONTAINER, {"name": name, "image": "localhost/nobody/x:latest"})


def test_an_empty_word_of_a_command_is_refused(plugin, base, name):
    with pytest.raises(Refused, match="values for command may not be empty"):
        plugin.create(CONTAINER, {"name": name, "image": base, "command": ["sleep", ""]})


def test_a_network_that_is_not_there_cannot_be_joined(plugin, base, name):
    joined = {"networksAdvanced": [{"name": "nobody-has-this"}]}
    with pytest.raises(Refused, match=r"Unable to start container: .*nobody-has-this not found"):
        plugin.create(CONTAINER, {"name": name, "image": base, **SLEEPS, **joined})


def test_a_name_that_somebody_has_is_refused(plugin, base, name, container):
    with pytest.raises(Refused, match="is already in use"):
        plugin.create(CONTAINER, {"name": name, "image": base, **SLEEPS})


def test_what_stays_the_same_is_no_difference(plugin, base, name, container):
    _, state = container
    news, _ = plugin.check(CONTAINER, {"name": name, "image": base, **SLEEPS})
    assert plugin.diff(CONTAINER, state, news).paths == []


def test_memory_without_swap_looks_changed_ever_after(plugin, base, name):
    """The engine gives it as much swap again, and the plugin reads that back."""
    told = {"name": name, "image": base, **SLEEPS, "memory": 64}
    _, state = plugin.create(CONTAINER, told)
    assert plugin.diff(CONTAINER, state, told).paths == ["memorySwap"]
    both = {**told, "memorySwap": 64}
    _, state = plugin.create(CONTAINER, {**both, "name": f"{name}-2"})
    plugin.delete(CONTAINER, f"{name}-2", state)
    assert plugin.diff(CONTAINER, state, {**both, "name": f"{name}-2"}).paths == []


@pytest.mark.parametrize(
    ("change", "replaces"),
    [
        ({"command": ["sleep", "1"]}, True),
        ({"envs": ["A=1"]}, True),
        ({"groupAdds": ["1"]}, True),
        ({"labels": [{"label": "a", "value": "1"}]}, True),
        ({"networksAdvanced": [{"name": "bridge"}]}, True),
        ({"user": "1"}, True),
        ({"volumes": [{"hostPath": "/x", "containerPath": "/x"}]}, True),
        ({"restart": "always"}, False),
        ({"destroyGraceSeconds": 5}, False),
        ({"memory": 64, "memorySwap": 64}, False),
    ],
)
def test_most_changes_take_another_container_which_comes_after_the_old_one(
    plugin, base, name, container, change, replaces
):
    _, state = container
    told = plugin.diff(CONTAINER, state, {"name": name, "image": base, **SLEEPS, **change})
    assert set(told.paths) == set(change)
    assert (told.replaces != [], told.deletes_first) == (replaces, replaces)


def test_what_has_no_order_may_come_in_any(plugin, base, name):
    both = {"name": name, "image": base, **SLEEPS, "envs": ["A=1", "B=2"]}
    _, state = plugin.create(CONTAINER, both)
    assert plugin.diff(CONTAINER, state, {**both, "envs": ["B=2", "A=1"]}).paths == []


def test_an_image_is_read_by_its_id_only_where_it_was_told_by_its_id(plugin, docker, base, name):
    id_ = docker.run("image", "inspect", "--format", "{{.Id}}", base)
    by_id = {"name": name, "image": id_, **SLEEPS}
    made, state = plugin.create(CONTAINER, by_id)
    assert plugin.read(CONTAINER, made, by_id, state)[2]["image"] == id_
    assert plugin.diff(CONTAINER, state, {**by_id, "image": base}).replaces == ["image"]


def test_a_stopped_one_is_started_by_an_update(plugin, docker, base, name, container):
    id_, state = container
    docker.run("kill", name)
    news = {"name": name, "image": base, **SLEEPS}
    _, inputs, seen = plugin.read(CONTAINER, id_, news, state)
    assert plugin.diff(CONTAINER, seen, news, inputs).paths == ["mustRun"]
    assert plugin.update(CONTAINER, id_, seen, news)["mustRun"]
    assert docker.run("ps", "--quiet", "--no-trunc", f"--filter=name={name}") == id_


def test_what_somebody_did_to_its_environment_is_not_seen(plugin, docker, base, name):
    told = {"name": name, "image": base, **SLEEPS, "envs": ["A=1"]}
    id_, state = plugin.create(CONTAINER, told)
    assert plugin.read(CONTAINER, id_, told, state)[2]["envs"] == ["A=1"]


def test_one_that_is_gone_is_gone_and_may_be_deleted_again(plugin, docker, base, name, container):
    id_, state = container
    docker.run("rm", "--force", name)
    assert plugin.read(CONTAINER, id_, {"name": name}, state)[0] == ""
    plugin.delete(CONTAINER, id_, state)


def test_one_that_has_stopped_is_deleted(plugin, docker, base, name):
    told = {"name": name, "image": base, **SLEEPS, "destroyGraceSeconds": 20}
    id_, state = plugin.create(CONTAINER, told)
    docker.run("stop", "--time", "0", name)
    plugin.delete(CONTAINER, id_, state)
    assert docker.run("ps", "--all", "--quiet", f"--filter=name={name}") == ""


def test_without_grace_it_is_killed_and_with_it_it_is_asked(plugin, base, name):
    trap = ["sh", "-c", "trap 'sleep 2; exit 0' TERM; while :; do sleep 0.1; done"]
    told = {"name": name, "image": base, "command": trap}
    took = []
    for grace in ({}, {"destroyGraceSeconds": 20}):
        id_, state = plugin.create(CONTAINER, {**told, **grace})
        time.sleep(1)
        started = time.monotonic()
        plugin.delete(CONTAINER, id_, state)
        took.append(time.monotonic() - started)
    assert took[0] < took[1]
    assert took[1] >= 2


@pytest.mark.parametrize("type_", [NETWORK, VOLUME])
def test_a_network_and_a_volume_are_read_back_and_stay_the_same(plugin, name, type_):
    news, wrong = plugin.check(type_, {"name": name})
    assert not wrong
    id_, state = plugin.create(type_, news)
    _, inputs, seen = plugin.read(type_, id_, news, state)
    assert plugin.diff(type_, seen, news, inputs).paths == []
    change = plugin.diff(type_, seen, {**news, "labels": [{"label": "a", "value": "1"}]}, inputs)
    assert (change.replaces, change.deletes_first) == (["labels"], True)
    plugin.delete(type_, id_, state)
    plugin.delete(type_, id_, state)
    assert plugin.read(type_, id_, news, state)[0] == ""


def test_a_network_of_that_name_is_refused_and_a_volume_taken_over(plugin, name):
    plugin.create(NETWORK, {"name": name})
    with pytest.raises(Refused, match="already exists"):
        plugin.create(NETWORK, {"name": name})
    plugin.create(VOLUME, {"name": name})
    assert plugin.create(VOLUME, {"name": name})[0] == name


def test_a_volume_that_is_used_is_not_deleted(plugin, base, name, monkeypatch):
    monkeypatch.setattr("tests.cloud.docker_api.REMOVE_SECONDS", 1.0)
    _, volume = plugin.create(VOLUME, {"name": name})
    mounted = {"volumes": [{"volumeName": name, "containerPath": "/x"}]}
    id_, state = plugin.create(CONTAINER, {"name": name, "image": base, **SLEEPS, **mounted})
    with pytest.raises(Refused, match="volume is in use"):
        plugin.delete(VOLUME, name, volume)
    plugin.delete(CONTAINER, id_, state)
    plugin.delete(VOLUME, name, volume)


def test_a_preview_makes_nothing_and_tells_what_it_knows(plugin, docker, base, name):
    seen = plugin.foresee(CONTAINER, {"name": name, "image": UNKNOWN, **SLEEPS})
    assert (seen["name"], seen["image"], seen["hostname"]) == (name, UNKNOWN, UNKNOWN)
    assert docker.run("ps", "--all", "--quiet", f"--filter=name={name}") == ""
