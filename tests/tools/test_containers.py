"""Which Docker client is taken, and what is said where there is none or no engine."""

import os

import pytest

from tools.containers import base, engine

OLD = 'case "$1" in --version) echo "Docker version 20.10.24, build 1" ;; *) exit 1 ;; esac'
NEW = 'case "$1" in --version) echo "Docker version 28.2.2, build 1" ;; *) exit 1 ;; esac'
WITH_BUILDX = """case "$1" in
--version) echo "Docker version 28.2.2, build 1" ;;
buildx) echo "github.com/docker/buildx v0.20" ;;
*) exit 1 ;;
esac"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Folders on PATH, in their order, each with a docker of its own."""

    def made(**dockers):
        folders = []
        for name, script in dockers.items():
            folder = tmp_path / name
            folder.mkdir()
            program = folder / "docker"
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)
            folders.append(str(folder))
        monkeypatch.setenv("PATH", os.pathsep.join(folders))
        return tmp_path

    return made


def test_a_client_that_needs_a_plugin_and_has_none_is_passed_over(machine):
    home = machine(first=NEW, second=OLD)
    assert engine.client() == str(home / "second/docker")


def test_the_first_client_that_can_build_is_taken(machine):
    home = machine(first=WITH_BUILDX, second=OLD)
    assert engine.client() == str(home / "first/docker")


def test_a_machine_whose_client_cannot_build_is_told_of_the_plugin(machine):
    home = machine(first=NEW)
    with pytest.raises(engine.NoEngineError, match="install its plugin buildx") as error:
        engine.client()
    assert str(home / "first/docker") in str(error.value)


def test_a_machine_without_docker_is_told_what_to_install(machine):
    machine()
    with pytest.raises(engine.NoEngineError, match=r"apt-get install docker\.io"):
        engine.client()


def test_who_may_not_start_an_engine_is_told_to_start_it(machine, monkeypatch):
    machine(first=OLD)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(engine.NoEngineError, match="start Docker, then repeat"), engine.running():
        pass


def test_the_base_of_the_tests_is_the_base_of_the_images():
    name, _, digest = base.default().partition("@")
    assert name == "python:3.11-slim-bookworm"
    assert digest.startswith("sha256:")


ANSWERS_WHEN_STARTED = """case "$1" in
--version) echo "Docker version 20.10.24, build 1" ;;
version) test -e {home}/up ;;
builder) echo "$*" >>{home}/log ;;
*) exit 1 ;;
esac"""
DAEMON = """#!/bin/sh
trap 'rm {home}/up; echo ended >>{home}/log; exit 0' TERM
touch {home}/up
while :; do sleep 0.05; done
"""


@pytest.fixture
def daemon(machine, monkeypatch, tmp_path):
    """A machine with an engine that is not running, and root's rights."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    path = os.environ["PATH"]
    machine(first=ANSWERS_WHEN_STARTED.format(home=tmp_path))
    monkeypatch.setenv("PATH", path, prepend=os.pathsep)
    monkeypatch.setenv("PATH", str(tmp_path / "first"), prepend=os.pathsep)

    def made(script):
        program = tmp_path / "first/dockerd"
        program.write_text(script.format(home=tmp_path))
        program.chmod(0o755)
        return tmp_path

    return made


def test_an_engine_that_is_started_here_ends_here_with_a_cache_that_does_not_grow(daemon):
    home = daemon(DAEMON)
    with engine.running() as docker:
        assert docker.client == str(home / "first/docker")
        assert (home / "up").exists()
        assert not (home / "log").exists()
    prune, end = (home / "log").read_text().splitlines()
    assert (prune, end) == ("builder prune --force --keep-storage 8GB", "ended")
    assert not (home / "up").exists()


def test_an_engine_that_runs_already_is_left_running_with_its_cache(daemon):
    home = daemon(DAEMON)
    (home / "up").touch()
    with engine.running():
        pass
    assert (home / "up").exists()
    assert not (home / "log").exists()


def test_an_engine_that_does_not_come_up_is_quoted(daemon):
    daemon("#!/bin/sh\necho 'failed to mount overlay' >&2; exit 1\n")
    with pytest.raises(engine.NoEngineError, match="failed to mount overlay"), engine.running():
        pass


def test_who_can_neither_pull_a_base_nor_make_one_is_told_what_is_needed(machine, monkeypatch):
    home = machine(first='case "$1" in pull) echo "no such host" >&2 ;; esac; exit 1')
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(engine.NoEngineError, match="only root with debootstrap") as error:
        base.base_image(engine.Docker(str(home / "first/docker")))
    assert "no such host" in str(error.value)
    assert base.default() in str(error.value)
