import re
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from local.__main__ import Local, main, parser
from local.places import ROOT, Places


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    shown = capsys.readouterr().out
    for command in ("up", "status", "logs", "down", "destroy", "env"):
        assert re.search(rf"^ +{command} +\w", shown, re.MULTILINE), command


def test_make_help_lists_every_target():
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^  make ([\w-]+) ", shown.stdout, re.MULTILINE)
    declared = re.findall(r"^\.PHONY: ([\w-]+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert listed == declared


@pytest.mark.parametrize("target", ["up", "status", "logs", "down", "destroy", "env"])
def test_no_stack_of_a_cloud_is_taken_for_one_of_this_machine(target: str):
    def told(stack: str) -> "subprocess.CompletedProcess[str]":
        words = ["make", "-n", target, f"STACK={stack}"]
        return subprocess.run(words, cwd=ROOT, capture_output=True, text=True)

    assert "-m local " in told("local").stdout
    assert "-m local.docker " in told("docker").stdout
    cloud = told("prod")
    assert cloud.returncode
    assert f"make {target} is for the stacks of this machine" in cloud.stderr


def test_a_python_that_is_too_old_is_told_in_one_sentence(tmp_path: Path):
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\nexec python3 -c "import sys; sys.version_info = (3, 9, 1); $2"\n')
    old.chmod(0o755)
    for name in ("Makefile", "requirements-dev.txt"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    made = subprocess.run(
        ["make", f"PYTHON={old}", "lint"], cwd=tmp_path, capture_output=True, text=True
    )
    assert made.returncode
    assert f"Python 3.11 or newer is needed, and {old} is 3.9" in made.stderr
    assert not (tmp_path / ".venv").exists()


def test_destroy_removes_nothing_before_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.setattr("local.commands.sys.stdin", (tmp_path / "empty").open("w+"))
    places = Places(tmp_path)
    places.make()
    assert Local(places, Console()).carry_out(parser().parse_args(["destroy"])) == 1
    assert places.base.exists()
    assert "Nothing was removed" in capsys.readouterr().out


def test_destroy_removes_all_that_a_stack_that_never_came_up_has_left(tmp_path: Path):
    places = Places(tmp_path)
    places.make()
    assert Local(places, Console()).carry_out(parser().parse_args(["destroy", "--yes"])) == 0
    assert not places.base.exists()


def test_down_makes_nothing_where_nothing_is(tmp_path: Path):
    assert Local(Places(tmp_path), Console()).carry_out(parser().parse_args(["down"])) == 0
    assert not list(tmp_path.iterdir())


def test_a_command_in_the_stack_that_is_not_there_is_told_how_it_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    told = parser().parse_args(["env", "pulumi", "preview"])
    assert Local(Places(tmp_path), Console()).carry_out(told) == 1
    assert capsys.readouterr().out == "There is no local stack yet: make up\n"
    assert not (tmp_path / ".local").exists()
