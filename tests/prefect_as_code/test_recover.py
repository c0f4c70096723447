"""The one command after a killed `up`, with a `pulumi` that only remembers."""

import json
import os
from pathlib import Path

import pytest

from prefect_as_code.recover import recover


@pytest.fixture
def states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file backend, and a `pulumi` on PATH that writes down how it was called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    told = json.dumps({"url": f"file://{tmp_path}?no_tmp_dir=true"})
    script = f"""#!/bin/sh
[ "$1" = whoami ] && echo '{told}' && exit
[ "$1" = stack ] && echo '{{"deployment": {{}}}}' && exit
echo "$* adopt=$PREFECT_ADOPT" >> {tmp_path}/calls
[ "$1" != refresh ] || exit ${{REFRESH:-0}}
"""
    (folder / "pulumi").write_text(script)
    (folder / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.delenv("PREFECT_ADOPT", raising=False)
    states = tmp_path / ".pulumi" / "stacks" / "project"
    states.mkdir(parents=True)
    return states


def calls(states: Path) -> list[str]:
    return (states.parents[2] / "calls").read_text().splitlines()


def test_it_unlocks_looks_and_finishes_the_up(states):
    assert recover("dev", yes=True) == 0
    assert calls(states) == [
        "cancel --yes --stack dev adopt=",
        "refresh --clear-pending-creates --yes --skip-preview --stack dev adopt=",
        "up --yes --skip-preview --stack dev adopt=identical",
    ]


def test_without_yes_pulumi_asks_before_it_changes_anything(states):
    recover()
    assert calls(states)[1:] == ["refresh --clear-pending-creates adopt=", "up adopt=identical"]


def test_no_up_follows_a_refresh_that_failed(states, monkeypatch):
    monkeypatch.setenv("REFRESH", "3")
    assert recover() == 3
    assert [call.split()[0] for call in calls(states)] == ["cancel", "refresh"]


def test_a_note_that_was_cut_off_is_taken_away_and_the_state_left_alone(states):
    (states / "dev.json").write_text("{}")
    (states / "dev.json.attrs").write_text("")
    (states / "dev.json.bak.attrs").write_text("{}")
    recover()
    assert sorted(path.name for path in states.iterdir()) == ["dev.json", "dev.json.bak.attrs"]
