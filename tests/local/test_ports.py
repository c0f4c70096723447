import dataclasses
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local import ports, prefect
from local.places import Places
from local.records import Record


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server((ports.HOST, 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def before() -> Record:
    """A server that ran, and does no more."""
    url = prefect.api_url(4200)
    return Record(pid=0, created=0, command=[], port=4200, api_url=url, version="")


def test_a_port_that_is_taken_is_told_with_its_holder_and_another_used(
    taken: int, tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(prefect.PORT_VARIABLE, str(taken))
    server = prefect.server(Places(tmp_path), None, said.append)
    [line] = said
    name = psutil.Process().name()
    assert line.startswith(f"port {taken} is taken by {name} (pid {os.getpid()})")
    assert server.port != taken
    assert line.endswith(f"the server takes {server.port}")
    assert server.api_url == f"http://127.0.0.1:{server.port}/api"


def test_the_server_goes_back_to_the_port_it_had(
    tmp_path: Path, before: Record, said: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv(prefect.PORT_VARIABLE, raising=False)
    known = dataclasses.replace(before, port=ports.any_free())
    assert prefect.server(Places(tmp_path), known, said.append).port == known.port
    assert not said


def test_the_port_the_user_says_wins_over_the_one_it_had(
    tmp_path: Path, before: Record, said: list[str], monkeypatch: pytest.MonkeyPatch
):
    wanted = ports.any_free()
    monkeypatch.setenv(prefect.PORT_VARIABLE, str(wanted))
    assert prefect.server(Places(tmp_path), before, said.append).port == wanted


def test_a_port_that_a_killed_server_is_about_to_let_go_is_waited_for(
    tmp_path: Path, before: Record, said: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv(prefect.PORT_VARIABLE, raising=False)
    dying = socket.create_server((ports.HOST, 0))
    threading.Timer(0.3, dying.close).start()
    known = dataclasses.replace(before, port=dying.getsockname()[1])
    assert prefect.server(Places(tmp_path), known, said.append).port == known.port
    assert not said
