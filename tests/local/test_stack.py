import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.places import Places
from local.stack import Stack, StackError

FAILS = """
import sys
print("Updating (local):\\n  noise\\nDiagnostics:\\n  pool:\\n    error: the pool is taken\\n")
print("Resources:\\n    + 4 created\\n")
sys.exit("update" if "up" in sys.argv else 0)
"""
OBEYS = "import sys; print(*sys.argv[1:])"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(tmp_path)
    places.make()
    return places


def stack(places: Places, program: str, said: list[str]) -> Stack:
    pulumi = places.root / "bin" / "pulumi"
    pulumi.parent.mkdir()
    pulumi.write_text(f"#!{sys.executable}\n{program}")
    pulumi.chmod(0o755)
    return Stack(places=places, environment={"PATH": str(pulumi.parent)}, say=said.append)


def locked_by(places: Places, pid: int, host: str) -> None:
    locks = places.state / ".pulumi" / "locks" / "organization" / "dataflows" / "local"
    locks.mkdir(parents=True)
    (locks / "one.json").write_text(json.dumps({"pid": pid, "hostname": host}))


def test_a_failed_update_shows_the_diagnostics_and_where_the_rest_is(
    places: Places, said: list[str]
):
    with pytest.raises(StackError) as error:
        stack(places, FAILS, said).up()
    told = str(error.value)
    assert "error: the pool is taken" in told
    assert ".local/logs/pulumi.log" in told
    assert "noise" not in told
    assert "noise" in places.log("pulumi").read_text()


def test_the_screen_has_the_summary_only(places: Places, said: list[str]):
    with pytest.raises(StackError):
        stack(places, FAILS, said).up()
    assert {line.strip() for line in said} == {"Resources:", "+ 4 created"}


def test_a_lock_left_by_a_killed_pulumi_is_freed(places: Places, said: list[str]):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    locked_by(places, gone.pid, socket.gethostname())
    stack(places, OBEYS, said).up()
    assert any("cancel --yes" in line for line in places.log("pulumi").read_text().splitlines())


@pytest.mark.parametrize("host", [socket.gethostname(), "another-machine"])
def test_a_lock_whose_holder_may_live_is_respected(places: Places, said: list[str], host: str):
    locked_by(places, os.getpid(), host)
    with pytest.raises(StackError, match=f"process {os.getpid()} on {host} is changing the stack"):
        stack(places, OBEYS, said).up()
    assert "cancel" not in places.log("pulumi").read_text()
