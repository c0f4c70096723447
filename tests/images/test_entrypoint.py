"""How the agent gets its key, and what it says when it gets none."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.images.google import TOKEN, VERSION, Google, google
from tests.live.server import free_port

ENTRYPOINT = Path(__file__).parents[2] / "images" / "agent" / "entrypoint.py"
KEY = "pnu_0123456789abcdef"
SHOWS = ("sh", "-c", 'printf %s "$PREFECT_API_KEY" >"$0"')


@pytest.fixture
def cloud():
    with google(KEY.encode()) as made:
        yield made


def start(*command, **env):
    told = {"PATH": os.environ["PATH"], **env}
    return subprocess.Popen(
        [sys.executable, "-I", ENTRYPOINT, *command],
        env=told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(*command, **env):
    """The exit status, and what was said, in which neither key nor token may be."""
    process = start(*command, **env)
    said, _ = process.communicate(timeout=60)
    assert KEY not in said
    assert TOKEN not in said
    return process.returncode, said


def test_the_command_gets_the_key_of_the_secret(cloud: Google, tmp_path):
    cloud.payload += b"\n"  # as `echo key | gcloud secrets versions add` stores it
    assert run(*SHOWS, str(tmp_path / "key"), **cloud.env) == (0, "")
    assert (tmp_path / "key").read_text() == KEY
    assert cloud.asked == ["metadata", "secrets"]


def test_without_a_secret_the_key_is_the_one_that_is_given(tmp_path):
    assert run(*SHOWS, str(tmp_path / "key"), PREFECT_API_KEY=KEY) == (0, "")
    assert (tmp_path / "key").read_text() == KEY


def test_the_status_is_the_commands():
    assert run("sh", "-c", "exit 7") == (7, "")


@pytest.mark.parametrize("broken", [None, *map(httpx.Response, (429, 500, 503))])
def test_what_passes_is_waited_for(cloud: Google, tmp_path, broken):
    cloud.first = [broken]
    status, said = run(*SHOWS, str(tmp_path / "key"), **cloud.env)
    assert status == 0, said
    assert (tmp_path / "key").read_text() == KEY
    assert "asking again in 1 s" in said
    assert cloud.asked == ["metadata", "metadata", "secrets"]


@pytest.mark.parametrize(
    ("who", "status", "remedy"),
    [
        ("metadata", 404, "attach a service account to the VM"),
        ("secrets", 400, "the version is disabled or destroyed: enable it"),
        ("secrets", 401, "is the VM's access scope cloud-platform?"),
        ("secrets", 403, "roles/secretmanager.secretAccessor"),
        ("secrets", 404, "there is no such version"),
    ],
)
def test_a_refusal_is_one_line_that_says_where_and_what_to_do(
    cloud: Google, tmp_path, who, status, remedy
):
    cloud.instead[who] = httpx.Response(status, json={"error": {"message": TOKEN}})
    ended, said = run(*SHOWS, str(tmp_path / "key"), **cloud.env)
    assert ended == 1
    assert not (tmp_path / "key").exists()
    assert said.count("\n") == 1, said
    assert str(status) in said
    assert remedy in said
    assert (VERSION if who == "secrets" else "the metadata server") in said


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({}, "answers without a text"),
        ({"payload": {"data": "%%%"}}, "answers without a text"),
        ({"payload": {"data": "/w=="}}, "answers without a text"),
        ({"payload": {"data": ""}}, "holds no key"),
        ({"payload": {"data": "YQBi"}}, "holds no key"),
        ({"payload": {"data": "YQpi"}}, "holds no key"),
    ],
)
def test_what_is_no_key_is_not_taken_for_one(cloud: Google, answer, text):
    cloud.instead["secrets"] = httpx.Response(200, json=answer)
    status, said = run("true", **cloud.env)
    assert (status, said.count("\n")) == (1, 1)
    assert text in said


def test_a_name_that_is_no_version_is_not_asked_for(cloud: Google):
    status, said = run("true", **cloud.env | {"DATAFLOWS_API_KEY_SECRET": "prefect-api-key"})
    assert status == 1
    assert "put projects/P/secrets/S/versions/N" in said
    assert not cloud.asked


def test_outside_google_it_says_what_to_give_instead(cloud: Google):
    nowhere = cloud.env | {"GCE_METADATA_HOST": f"127.0.0.1:{free_port()}"}
    status, said = run("true", **nowhere)
    *again, last = said.splitlines()
    assert status == 1
    assert len(again) == 4
    assert "Connection refused" in last
    assert "leave out DATAFLOWS_API_KEY_SECRET, and give PREFECT_API_KEY" in last


def test_a_proxy_is_not_asked_for_the_token(cloud: Google):
    proxied = {"http_proxy": f"http://127.0.0.1:{free_port()}", "no_proxy": ""}
    told = cloud.env | proxied
    told["DATAFLOWS_SECRET_MANAGER"] = "https://127.0.0.1:9"  # not by way of http_proxy
    process = start("true", **told)
    try:
        deadline = time.monotonic() + 10
        while cloud.asked != ["metadata"] and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        process.kill()
        process.communicate()
    assert cloud.asked == ["metadata"]


def test_it_ends_when_it_is_told_to_while_it_waits(cloud: Google):
    cloud.first = [httpx.Response(503)] * 10
    process = start("true", **cloud.env)
    assert "asking again" in process.stdout.readline()
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=5)
    assert process.returncode == 143
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    ("command", "status", "text"),
    [((), 2, "give a command"), (("no-such-program",), 127, "no-such-program: No such file")],
)
def test_a_command_that_cannot_be_is_named(command, status, text):
    ended, said = run(*command)
    assert ended == status
    assert text in said
