"""The runner's start command; where both are tried, Prefect's own command must do the same."""

import contextlib
import os
import signal
import time
from dataclasses import replace

import httpx
import psutil
import pytest

from tests.live.proxy import Asked, forwarding, listening
from tests.live.runner.runs import OURS, PREFECTS, new_run

pytestmark = pytest.mark.live


@pytest.fixture(params=[OURS, PREFECTS], ids=["ours", "peer"])
def command(request):
    return request.param


def test_a_run_completes_with_its_parameters_and_its_logs(prefect, tmp_path, command):
    run = replace(new_run(prefect, "greet", tmp_path, name="Ada"), command=command)
    assert run.go() == 0
    assert run.state["type"] == "COMPLETED"
    assert run.notes == ["imports from [] of the runner's", "spawned 1"]
    assert "Good day, Ada" in run.logs


def test_a_flow_that_fails_is_failed_not_crashed_and_the_container_is_not_to_blame(
    prefect, tmp_path, command
):
    run = replace(new_run(prefect, "fail", tmp_path), command=command)
    assert run.go() == 0
    assert (run.state["type"], run.notes) == ("FAILED", [])
    assert "there is no such shop" in run.state["message"]


def test_a_run_that_is_cancelled_cleans_up_and_is_cancelled_within_seconds(
    prefect, tmp_path, command
):
    run = replace(new_run(prefect, "wait", tmp_path, seconds=300), command=command)
    with run.going_on() as process:
        run.wait_for("waiting")
        run.set_state("CANCELLING")
        started = time.monotonic()
        assert process.wait(60) == 0
        took = time.monotonic() - started
    assert run.notes[2:] == ["cleaned up", "cancellation hook of Cancelling"]
    assert run.history[-3:] == ["RUNNING", "CANCELLING", "CANCELLED"]
    assert not psutil.pid_exists(run.child), "what the flow started goes on"
    assert took < 15


def test_a_run_that_is_cancelled_while_its_flow_loads_does_not_run(prefect, tmp_path, command):
    run = new_run(prefect, "wait", tmp_path, seconds=300)
    run = replace(run, command=command, env={"SLOW_TO_LOAD": "4"})
    with run.going_on() as process:
        run.wait_for("loading")
        time.sleep(1.5)  # Prefect's own loads the flow twice, and looks only then
        run.set_state("CANCELLING")
        # Prefect's own hands on how its engine ended, though the run is Cancelled (since 3.9).
        assert process.wait(60) == (0 if command == OURS else 128 + signal.SIGTERM)
    assert "waiting" not in run.notes
    assert run.state["type"] == "CANCELLED"


@pytest.mark.parametrize("state", ["CANCELLING", "CANCELLED"])
def test_a_run_that_was_cancelled_before_does_not_run(prefect, tmp_path, command, state):
    run = replace(new_run(prefect, "wait", tmp_path, seconds=1), command=command)
    run.set_state(state)
    assert run.go() == 0
    assert (run.state["type"], run.notes) == ("CANCELLED", [])


def test_a_run_that_was_cancelled_once_runs_when_it_is_asked_for_again(prefect, tmp_path, command):
    run = replace(new_run(prefect, "greet", tmp_path, name="Ada"), command=command)
    for state in ("RUNNING", "CANCELLING", "CANCELLED", "SCHEDULED", "PENDING"):
        run.set_state(state)
    assert run.go() == 0
    assert run.state["type"] == "COMPLETED"


def test_a_run_whose_process_is_killed_is_crashed_with_the_reason(prefect, tmp_path, command):
    run = replace(new_run(prefect, "die", tmp_path), command=command)
    assert run.go() == 0
    assert run.state["type"] == "CRASHED"
    assert "status code: -9" in run.state["message"]
    assert "memory" in run.state["message"]
    assert run.notes[1:] == ["dying", "crash hook of Crashed"]
    with contextlib.suppress(ProcessLookupError):  # Prefect's own leaves it to the container's end
        os.kill(run.child, signal.SIGKILL)


def test_what_a_killed_process_leaves_behind_goes_with_it(prefect, tmp_path):
    run = new_run(prefect, "die", tmp_path)
    run.go()
    with contextlib.suppress(psutil.NoSuchProcess):  # killed, it may have to wait to be buried
        left = psutil.Process(run.child)
        assert left.status() == psutil.STATUS_ZOMBIE or left.wait(10) is None


def test_a_flow_that_cannot_be_loaded_is_crashed(prefect, tmp_path, command):
    run = replace(new_run(prefect, "not_there", tmp_path), command=command)
    assert run.go() == 0
    assert run.state["type"] == "CRASHED"
    assert "status code: 1" in run.state["message"]
    assert "not_there" in run.logs


def test_a_container_that_is_stopped_leaves_a_crashed_run_that_has_cleaned_up(prefect, tmp_path):
    run = new_run(prefect, "wait", tmp_path, seconds=300)
    with run.going_on() as process:
        run.wait_for("waiting")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0, "Cloud Run waits for ten seconds"
    assert run.notes[2:] == ["cleaned up", "crash hook of Crashed"]
    assert run.state["type"] == "CRASHED"
    assert "termination signal" in run.state["message"]


@pytest.fixture
def guarded(prefect):
    """The server behind a door that opens to one key and one more header."""

    def answer(asked: Asked) -> httpx.Response:
        headers = {name.lower(): value for name, value in asked.headers.items()}
        told = (headers.get("authorization"), headers.get("x-tenant"))
        return forward(asked) if told == wanted else httpx.Response(401, json={"detail": "no"})

    wanted: tuple[str | None, ...] = ("Bearer the-key", "acme")
    with forwarding(str(prefect.base_url).rstrip("/")) as forward, listening(answer) as root:
        yield f"{root}/api"


KEY = {"PREFECT_API_KEY": "the-key", "PREFECT_CLIENT_CUSTOM_HEADERS": '{"X-Tenant": "acme"}'}


def test_the_key_and_the_headers_of_the_environment_are_used(prefect, guarded, tmp_path):
    run = replace(new_run(prefect, "wait", tmp_path, seconds=300), api_url=guarded, env=KEY)
    with run.going_on() as process:
        run.wait_for("waiting")
        run.set_state("CANCELLING")
        assert process.wait(60) == 0
    assert run.state["type"] == "CANCELLED"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ({"PREFECT_API_KEY": "another"}, "PREFECT_API_KEY"),
        ({}, "neither PREFECT_API_KEY nor PREFECT_API_AUTH_STRING"),
    ],
)
def test_a_key_that_is_refused_is_told_of_in_one_line_and_by_the_status(
    prefect, guarded, tmp_path, key, said
):
    run = replace(new_run(prefect, "greet", tmp_path, name="Ada"), api_url=guarded, env=key)
    assert run.go() != 0, "the worker would not hear of it"
    [line] = [line for line in run.printed.splitlines() if line.startswith("runner: ")]
    refused = f"{guarded} refuses us (HTTP Error 401: Unauthorized)"
    assert line == f"runner: {refused}; we came with {said}"
    assert "another" not in run.printed


def test_an_api_that_does_not_answer_for_a_while_stops_neither_the_run_nor_its_cancellation(
    prefect, tmp_path
):
    deaf = [True]

    def answer(asked: Asked) -> httpx.Response:
        if deaf[0] and "/flow_run_states/" in asked.path:
            return httpx.Response(503)
        return forward(asked)

    run = new_run(prefect, "wait", tmp_path, seconds=300)
    with forwarding(run.api_url) as forward, listening(answer) as root:
        run = replace(run, api_url=f"{root}/api")
        with run.going_on() as process:
            run.wait_for("waiting")
            deaf[0] = False
            run.set_state("CANCELLING")
            assert process.wait(60) == 0
    assert "cannot ask whether the run is cancelled" in run.printed
    assert run.state["type"] == "CANCELLED"


def test_what_it_is_not_made_for_is_left_to_prefects_own_command(prefect, tmp_path):
    run = new_run(prefect, "greet", tmp_path, name="Ada")
    run = replace(run, env={"PREFECT__FLOW_RUN_ID": ""})
    assert run.go() == 1
    assert "Could not determine the ID of the flow run to execute" in run.printed
