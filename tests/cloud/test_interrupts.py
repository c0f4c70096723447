"""An `up` of a stack in the cloud that was killed with the `make` around it is recovered."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import httpx
import pytest

from tests.cloud.checkout import Checkout
from tests.cloud.contents import on_server
from tools import leftovers

pytestmark = pytest.mark.live

GUARDED = (sys.executable, "-m", "tools.guarded")  # as the Makefile has it
RECOVER = (*GUARDED, sys.executable, "-m", "prefect_as_code.recover", "--stack", "dev", "--yes")


def test_dev_is_whole_again_after_a_kill_in_the_middle(
    checkout: Callable[[str], Checkout], prefect: httpx.Client
) -> None:
    dev = checkout("dev")
    before = on_server(prefect)
    up = subprocess.Popen(
        [*GUARDED, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive"],
        cwd=dev.repository,
        env=dev.environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    while len(dev.world().objects) < 20:
        assert up.poll() is None
        time.sleep(0.1)
    os.killpg(up.pid, signal.SIGKILL)
    up.wait()
    deadline = time.monotonic() + 15
    while running(dev) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not running(dev)
    dev.call(*RECOVER)
    dev.up("--expect-no-changes")
    assert {*(on_server(prefect) - before).values()} == {1}
    dev.destroy()


def running(dev: Checkout) -> list[int]:
    """The processes of commands in this checkout that are alive."""
    of = leftovers.marked(lambda told: told.endswith(f"@{dev.repository}"))
    return [process.pid for process in of]
