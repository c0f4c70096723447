"""The two real services, on a database of their own."""

import os
import signal

import httpx
import psutil
import pytest

from local import prefect
from local.records import Record, marked
from local.services import Services
from tests.local.stand_in import ends

POOL = "somewhere"


@pytest.fixture(autouse=True)
def _any_port(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(prefect.PORT_VARIABLE, raising=False)


def up(services: Services) -> tuple[Record, Record]:
    places = services.places
    server = services.ensure("server", lambda known: prefect.server(places, known, services.say))
    httpx.post(f"{server.api_url}/work_pools/", json={"name": POOL, "type": "process"}, timeout=30)
    worker = services.ensure(
        "worker", lambda known: prefect.worker(places, known, server.api_url, POOL)
    )
    return server, worker


@pytest.mark.live
def test_after_both_are_killed_up_brings_both_back_with_what_they_knew(
    services: Services, said: list[str]
):
    server, worker = up(services)
    assert up(services) == (server, worker), "what runs is kept"
    variable = {"name": "kept", "value": 42}
    httpx.post(f"{server.api_url}/variables/", json=variable, timeout=30).raise_for_status()

    for record in (server, worker):
        os.kill(record.pid, signal.SIGKILL)
        assert ends(record.pid)
    again, other = up(services)
    assert again.pid != server.pid
    assert again.port == server.port, said
    known = httpx.get(f"{again.api_url}/variables/name/kept", timeout=30).json()
    assert known["value"] == 42

    page = httpx.get(prefect.run_page(again.api_url, "any"), headers={"accept": "text/html"})
    assert page.is_success, "where `up` sends people"
    assert "<html" in page.text
    ours = {psutil.Process(pid).environ()["DO_NOT_TRACK"] for pid in (again.pid, other.pid)}
    assert ours == {"1"}

    services.stop("worker")
    services.stop("server")
    assert not [*marked("server", services.places.base), *marked("worker", services.places.base)]
