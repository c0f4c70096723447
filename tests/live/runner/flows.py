"""Flows that end in all the ways there are, and note what they come to."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from prefect import flow


def note(text):
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(f"{text}\n")


if slow := os.environ.get("SLOW_TO_LOAD"):
    note("loading")
    time.sleep(float(slow))


def cancellation_hook(flow, flow_run, state):
    note(f"cancellation hook of {state.name}")


def crash_hook(flow, flow_run, state):
    note(f"crash hook of {state.name}")


hooks = {"on_cancellation": [cancellation_hook], "on_crashed": [crash_hook]}


@flow(log_prints=True, **hooks)
def greet(name):
    print(f"Good day, {name}")
    note(f"imports from {[each for each in sys.path if 'images' in each]} of the runner's")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        note(f"spawned {pool.apply(abs, [-1])}")


@flow(**hooks)
def fail():
    raise ValueError("there is no such shop")


@flow(**hooks)
def wait(seconds):
    child = subprocess.Popen(["sleep", "600"])
    note(f"child {child.pid}")
    note("waiting")
    try:
        time.sleep(seconds)
        note("waited")
    finally:
        note("cleaned up")


@flow(**hooks)
def die():
    # Prefect's own command waits for whatever still holds the output.
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    child = subprocess.Popen(["sh", "-c", "trap '' TERM; exec sleep 600"], **quiet)
    note(f"child {child.pid}")
    note("dying")
    os.kill(os.getpid(), signal.SIGKILL)
