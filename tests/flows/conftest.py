"""A Prefect server for the flows' tests, and stacks of their own to run in."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from prefect.blocks.system import Secret
from prefect.testing.utilities import prefect_test_harness
from prefect.variables import Variable

from flows.landing import Landing
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


@pytest.fixture
def another_process_writes() -> Callable[[Warehouse, float], AbstractContextManager[int]]:
    """Another process holds the DuckDB file open, for so many seconds at most."""

    @contextmanager
    def writing(warehouse: Warehouse, seconds: float) -> Iterator[int]:
        path = Path(warehouse.url.removeprefix("duckdb://"))
        code = (
            "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); "
            "print('held', flush=True); time.sleep(float(sys.argv[2]))"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code, str(path), str(seconds)], stdout=subprocess.PIPE
        ) as holder:
            assert holder.stdout
            holder.stdout.readline()
            yield holder.pid
            holder.kill()

    return writing
