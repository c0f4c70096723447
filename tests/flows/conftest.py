"""A Prefect server for the flows' tests, and stacks of their own to run in."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prefect.blocks.system import Secret
from prefect.testing.utilities import prefect_test_harness
from prefect.variables import Variable

from flows.landing import Landing
from flows.passing import worth_retrying
from flows.warehouse import Warehouse


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=300):
        yield


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing((tmp_path / "landing").as_uri())


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(f"duckdb://{tmp_path}/warehouse.duckdb")


@dataclass(frozen=True)
class Stack:
    landing: Landing
    warehouse: Warehouse


@pytest.fixture
def register(
    prefect_server: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Landing, Warehouse], None]:
    """Does what the platform does: tells Prefect where this stack's data is."""

    def registered(landing: Landing, warehouse: Warehouse) -> None:
        monkeypatch.setenv("DATAFLOWS_STACK", "test")
        Variable.set("landing-test", landing.url, overwrite=True)
        Variable.set("warehouse-test", warehouse.url, overwrite=True)
        Secret(value=dict(landing.options)).save("landing-options-test", overwrite=True)

    return registered


@pytest.fixture
def stack(
    register: Callable[[Landing, Warehouse], None], landing: Landing, warehouse: Warehouse
) -> Stack:
    register(landing, warehouse)
    return Stack(landing, warehouse)


@pytest.fixture(scope="session")
def s3() -> Iterator[Landing]:
    """A bucket of a store that speaks S3."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    told = {"endpoint_url": f"http://{host}:{port}", "key": "made-up", "secret": "made-up"}
    boto3.client(
        "s3",
        endpoint_url=told["endpoint_url"],
        aws_access_key_id=told["key"],
        aws_secret_access_key=told["secret"],
        region_name="us-east-1",
    ).create_bucket(Bucket="landing")
    yield Landing("s3://landing/raw", told)
    server.stop()


Held = Callable[[Warehouse], AbstractContextManager["subprocess.Popen[bytes]"]]


@pytest.fixture
def another_process_writes() -> Held:
    """Another process holds the DuckDB file open, until it is killed."""

    @contextmanager
    def writing(warehouse: Warehouse) -> Iterator["subprocess.Popen[bytes]"]:
        path = Path(warehouse.url.removeprefix("duckdb://"))
        code = (
            "import duckdb, sys; c = duckdb.connect(sys.argv[1]); "
            "print('held', flush=True); sys.stdin.read()"
        )
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen([sys.executable, "-c", code, str(path)], **pipes) as holder:
            assert holder.stdout
            holder.stdout.readline()
            yield holder
            holder.kill()

    return writing


def killing(holder: "subprocess.Popen[bytes]") -> Callable[[Any, Any, Any], bool]:
    """A task's ``retry_condition_fn`` that lets go of the file once a try has failed of it."""

    def worth_it(task: Any, run: Any, state: Any) -> bool:
        holder.kill()
        holder.wait()
        return worth_retrying(task, run, state)

    return worth_it
