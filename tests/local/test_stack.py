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
print("Resources:\\n    + 4 created\\n    +-3 replaced\\n")
sys.exit("update" if "up" in sys.argv else 0)
"""
OBEYS = """
import json, sys
words = sys.argv[1:]
answer = {"deployment": {}} if words[:2] == ["stack", "export"] else {"url": "file:///state"}
print(json.dumps(answer) if "--json" in words or "export" in words else " ".join(words))
"""
LOCKED = """
import pathlib, sys
if "init" in sys.argv and any(pathlib.Path(__file__).parents[1].rglob("locks/**/*.json")):
    sys.exit("error: could not create stack: the stack is currently locked by 1 lock(s)")
"""
ROOT = Path(__file__).parents[2]


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


def locked_by(places: Places, pid: int, host: str, since: str = "2099-01-01T00:00:00Z") -> None:
    locks = places.state / ".pulumi" / "locks" / "organization" / "dataflows" / "local"
    locks.mkdir(parents=True)
    (locks / "one.json").write_text(json.dumps({"pid": pid, "hostname": host, "timestamp": since}))


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
    assert {line.strip() for line in said} == {"Resources:", "+ 4 created", "+-3 replaced"}


def state(places: Places, **latest: object) -> None:
    file = places.state / ".pulumi" / "stacks" / "dataflows" / "local.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"checkpoint": {"latest": latest}}))
    for room in ("stacks", "prefect_as_code"):
        (places.root / room).symlink_to(ROOT / room)


def steps(places: Places) -> list[str]:
    """What Pulumi was told to do, in the words that matter."""
    log = places.log("pulumi").read_text().splitlines()
    return [line for line in log if line.startswith(("cancel", "refresh", "up", "destroy"))]


def test_what_a_killed_pulumi_has_left_is_taken_up_as_recover_does(places: Places, said: list[str]):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    state(places)
    locked_by(places, gone.pid, socket.gethostname())
    stack(places, OBEYS, said).up()
    assert [step.split()[0] for step in steps(places)] == ["cancel", "refresh", "up"]
    assert "--clear-pending-creates" in steps(places)[1]


def test_a_step_that_was_cut_short_is_taken_up_too(places: Places, said: list[str]):
    state(places, pending_operations=[{"type": "creating"}])
    stack(places, OBEYS, said).up()
    assert [step.split()[0] for step in steps(places)] == ["cancel", "refresh", "up"]


def test_the_number_of_a_dead_holder_that_a_stranger_has_now_holds_no_lock(
    places: Places, said: list[str]
):
    state(places)
    locked_by(places, os.getpid(), socket.gethostname(), "2001-01-01T00:00:00Z")
    stack(places, OBEYS, said).up()
    assert [step.split()[0] for step in steps(places)] == ["cancel", "refresh", "up"]


def test_a_lock_that_was_cut_off_holds_nobody_up(places: Places, said: list[str]):
    state(places)
    locked_by(places, os.getpid(), socket.gethostname())
    [lock] = (places.state / ".pulumi" / "locks").rglob("*.json")
    lock.write_text("")
    stack(places, OBEYS, said).up()
    assert steps(places)[0].startswith("cancel")


def test_the_lock_of_a_stack_that_was_never_made_holds_nobody_up(places: Places, said: list[str]):
    """`pulumi cancel` says that there is no such stack; `pulumi stack init`, that it is locked."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    locked_by(places, gone.pid, socket.gethostname())
    stack(places, LOCKED + OBEYS, said).up()
    assert [step.split()[0] for step in steps(places)] == ["up"]


def test_nothing_is_taken_up_where_nothing_was_cut_short(places: Places, said: list[str]):
    state(places)
    stack(places, OBEYS, said).up()
    [up] = steps(places)
    assert up.startswith("up --yes --skip-preview --refresh")


@pytest.mark.parametrize("host", [socket.gethostname(), "another-machine"])
def test_a_lock_whose_holder_may_live_is_respected(places: Places, said: list[str], host: str):
    locked_by(places, os.getpid(), host)
    with pytest.raises(StackError, match=f"process {os.getpid()} on {host} is changing the stack"):
        stack(places, OBEYS, said).up()
    assert not places.log("pulumi").exists(), "nothing was asked of Pulumi"
