import os
import signal
import time
from pathlib import Path

import pulumi.automation
import pytest

from tests.tools.machine import Machine
from tools import engine, source


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.bin.mkdir()
    return machine


def test_the_pulumi_on_the_path_is_taken(machine: Machine):
    machine.has_pulumi(source.pulumi_version())
    machine.has_go()
    assert machine.find() == (str(machine.bin), "", 0)
    assert not machine.cache.exists(), "nothing was made, as nothing was needed"


def test_a_newer_pulumi_is_as_good(machine: Machine):
    machine.has_pulumi("v3.1000.0")
    assert machine.find()[0] == str(machine.bin)


def test_a_pulumi_that_is_too_old_is_named_and_another_one_made(machine: Machine):
    machine.has_pulumi("v3.90.0")
    machine.has_go()
    found, said, _ = machine.find()
    assert found == str(machine.cache / source.key())
    assert f"{machine.bin}/pulumi is 3.90.0, older than 3.250.0" in said


def test_a_pulumi_without_its_language_host_is_not_enough(machine: Machine):
    machine.has_pulumi(source.pulumi_version(), language_host=False)
    _, said, status = machine.find()
    assert status == 1
    assert "has no pulumi-language-python" in said


def test_a_machine_with_none_of_the_three_is_told_in_one_sentence_what_to_install(
    machine: Machine,
):
    printed, said, status = machine.find()
    assert (printed, status) == ("", 1)
    [sentence] = said.splitlines()
    for word in ("install Pulumi 3.250.0", "Go 1.25", "installer cannot be reached"):
        assert word in sentence


def test_a_go_that_is_too_old_is_told_so(machine: Machine):
    machine.has_go("go1.24.1")
    _, said, status = machine.find()
    assert status == 1
    assert f"is go1.24.1, older than {source.go_version()}" in said


def test_what_was_built_is_whole_and_found_again_without_go(machine: Machine):
    machine.has_go()
    built, _, _ = machine.find()
    assert {made.name for made in Path(built).iterdir()} == {
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi-resource-pulumi-python",
    }
    assert all(os.access(made, os.X_OK) for made in Path(built).iterdir())
    (machine.bin / "go").unlink()
    assert machine.find() == (built, "", 0)


def test_two_at_once_build_once(machine: Machine):
    machine.has_go(seconds=1)
    both = [machine.start(), machine.start()]
    told = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert told[0][0] == told[1][0]
    assert sorted(machine.builds) == ["pulumi", "pulumi-language-python"]
    assert sum("waiting for it" in said for _, said in told) == 1


def test_a_build_that_is_interrupted_leaves_nothing_behind(machine: Machine):
    machine.has_go(seconds=30)
    process = _building(machine)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does: to Go as well
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "goes on from it" in said
    assert [made.name for made in machine.cache.iterdir()] == [".lock"]


def test_a_build_that_is_killed_leaves_nothing_that_could_be_taken_for_an_engine(machine: Machine):
    machine.has_go(seconds=30)
    process = _building(machine)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (machine.cache / source.key()).exists()
    machine.has("go", (machine.bin / "go").read_text().replace("sleep(30)", "sleep(0)"))
    assert machine.find()[0] == str(machine.cache / source.key())
    assert not [*machine.cache.glob(".building-*")], "the next build clears away the killed one's"


def _building(machine: Machine):
    process = machine.start()
    deadline = time.monotonic() + 30
    while not machine.builds:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def test_the_official_installer_comes_before_go(machine: Machine, monkeypatch: pytest.MonkeyPatch):
    def install(root: str) -> None:
        Machine(Path(root)).has_pulumi("v3.260.0")

    monkeypatch.setattr(pulumi.automation.PulumiCommand, "install", install)
    monkeypatch.setattr(engine, "_reachable", lambda url: True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(machine.home / "cache"))
    monkeypatch.setenv("PATH", str(machine.bin))
    machine.has_go()
    installed = machine.cache / "official" / "bin"
    assert engine.find() == engine.Engine(bin=installed, origin="official installer")
    monkeypatch.setattr(engine, "_reachable", lambda url: pytest.fail("asked again"))
    assert engine.find().bin == installed


def test_an_installer_that_does_not_answer_is_given_up_soon(monkeypatch: pytest.MonkeyPatch):
    def no_answer(*_: object, **__: object) -> None:
        time.sleep(3)
        raise TimeoutError

    monkeypatch.setattr(engine, "PROBE_SECONDS", 0.2)
    monkeypatch.setattr(engine.urllib.request, "urlopen", no_answer)
    started = time.monotonic()
    assert not engine._reachable("https://slow.example/")
    assert time.monotonic() - started < 1


def test_the_builds_name_changes_with_the_modules_and_with_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    before = source.key()
    for module in ("pulumi", "pulumi-language-python"):
        (tmp_path / module).mkdir()
        for name in ("go.mod", "go.sum"):
            (tmp_path / module / name).write_text((source.HERE / module / name).read_text())
    monkeypatch.setattr(source, "CLI", tmp_path / "pulumi")
    monkeypatch.setattr(source, "LANGUAGE_HOST", tmp_path / "pulumi-language-python")
    assert source.key() == before
    with (tmp_path / "pulumi-language-python" / "go.sum").open("a") as sums:
        sums.write("example.com/other v1.0.0 h1:x=\n")
    assert source.key() != before
