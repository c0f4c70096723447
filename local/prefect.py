"""The two services of the local stack: a Prefect server, and a worker that starts processes."""

import os
import sys
from datetime import UTC, datetime
from urllib.parse import quote

import httpx

from local import ports
from local.environment import environment
from local.places import Places
from local.records import Record
from local.services import Say, Service

DEFAULT_PORT = 4200
PORT_VARIABLE = "DATAFLOWS_PORT"
SECONDS_TO_LET_GO = 2.0  # a killed process is gone before the last of its threads, and its ports
WORKER = "local"
PREFECT = [sys.executable, "-m", "prefect"]


def api_url(port: int) -> str:
    return f"http://{ports.HOST}:{port}/api"


def run_page(api: str, run_id: str) -> str:
    return f"{api.removesuffix('/api')}/v2/runs/flow-run/{run_id}"


def artifact_page(api: str, artifact_id: str) -> str:
    """Where the UI shows an artifact; no entry of its sidebar leads there."""
    return f"{api.removesuffix('/api')}/v2/artifacts/artifact/{artifact_id}"


def server(places: Places, known: Record | None, say: Say) -> Service:
    port = _server_port(known, say)
    url = api_url(port)
    ours = {
        "PREFECT_SERVER_UI_API_URL": url,
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    }
    return Service(
        name="server",
        command=[*PREFECT, "server", "start", "--host", ports.HOST, "--port", str(port)],
        environment=environment(places, url) | ours,
        port=port,
        api_url=url,
        healthy=lambda: _answers(f"{url}/health"),
    )


def _server_port(known: Record | None, say: Say) -> int:
    """What the user says, else where the server was last seen, so that links stay good."""
    told = os.environ.get(PORT_VARIABLE)
    port = int(told) if told else known.port if known else DEFAULT_PORT
    if ports.is_free(port):
        return port
    if known and known.process():
        return known.port
    if known and ports.is_free(port, within=SECONDS_TO_LET_GO):
        return port
    free = ports.next_free(port)
    say(f"port {port} is taken by {ports.holder(port)}: the server takes {free}")
    return free


def worker(places: Places, known: Record | None, url: str, pool: str) -> Service:
    port = known.port if known and known.process() else ports.any_free()
    since = known.created if known and known.process() else datetime.now(UTC).timestamp()
    ours = {
        "PREFECT_WORKER_WEBSERVER_HOST": ports.HOST,
        "PREFECT_WORKER_WEBSERVER_PORT": str(port),
        "PREFECT_WORKER_QUERY_SECONDS": "2",  # one machine, one worker: no one else to spare
    }
    start = ["worker", "start", "--pool", pool, "--type", "process", "--name", WORKER]
    fixed = ["--with-healthcheck", "--no-create-pool-if-not-found", "--install-policy", "never"]
    return Service(
        name="worker",
        command=[*PREFECT, *start, *fixed],
        environment=environment(places, url) | ours,
        port=port,
        api_url=url,
        healthy=lambda: (
            _answers(f"http://{ports.HOST}:{port}/health") and _online(url, pool, since)
        ),
    )


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


def _online(url: str, pool: str, since: float) -> bool:
    """Whether our worker has reported to ``pool`` after ``since``; an older report is a ghost's."""
    try:
        path = f"/work_pools/{quote(pool, safe='')}/workers/filter"
        answer = httpx.post(url + path, json={}, timeout=5)
        workers = answer.raise_for_status().json()
    except httpx.HTTPError:
        return False
    return any(
        worker["name"] == WORKER
        and worker["status"] == "ONLINE"
        and datetime.fromisoformat(worker["last_heartbeat_time"]).timestamp() >= since
        for worker in workers
    )
