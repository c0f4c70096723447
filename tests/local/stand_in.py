"""Small programs in the place of Prefect's, and whether they live."""

import sys
import time
from collections.abc import Callable

import httpx
import psutil

from local import ports
from local.records import Record
from local.services import Service

# Answers on its port; its own child, in another session, stands for a flow run's process.
ANSWERS = """
import os, subprocess, sys
from http.server import HTTPServer, SimpleHTTPRequestHandler
run = {**os.environ, "PREFECT__FLOW_RUN_ID": "run-1"}
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], env=run,
                 start_new_session=True)
HTTPServer(("127.0.0.1", int(sys.argv[1])), SimpleHTTPRequestHandler).serve_forever()
"""
Make = Callable[[Record | None], Service]


def service(program: str = ANSWERS, seconds_to_start: float = 20.0) -> Make:
    def make(known: Record | None) -> Service:
        port = known.port if known else ports.any_free()
        return Service(
            name="server",
            command=[sys.executable, "-c", program, str(port)],
            environment={},
            port=port,
            api_url=f"http://127.0.0.1:{port}/api",
            healthy=lambda: answers(port),
            seconds_to_start=seconds_to_start,
        )

    return make


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=0.3).is_success
    except httpx.HTTPError:
        return False


def ends(pid: int, within: float = 10.0) -> bool:
    """Whether the process is gone, or a zombie that only its parent could remove."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False
