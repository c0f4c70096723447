"""The two images as a stack would build them, on a real engine."""

from collections.abc import Iterator

import httpx
import pytest
from prefect_gcp.workers.cloud_run_v2 import CloudRunWorkerV2

from tests.e2e.containers import Built, Images
from tests.live.conftest import api_url, prefect
from tests.registry import registry
from tools.containers.base import base_image
from tools.containers.engine import Docker, running

__all__ = ["api_url", "prefect", "registry"]


@pytest.fixture(scope="session")
def docker() -> Iterator[Docker]:
    with running() as found:
        yield found


@pytest.fixture(scope="session")
def base(docker: Docker) -> str:
    return base_image(docker)


@pytest.fixture(scope="session")
def images(docker: Docker, base: str) -> Images:
    return Images(docker, base)


@pytest.fixture(scope="session")
def runner(images: Images) -> Built:
    return images.build("runner")


@pytest.fixture(scope="session")
def agent(images: Images) -> Built:
    return images.build("agent")


@pytest.fixture
def pool(prefect: httpx.Client) -> str:
    """A pool of the agent's type, as a stack has it."""
    told = {
        "name": "in-the-cloud",
        "type": CloudRunWorkerV2.type,
        "base_job_template": CloudRunWorkerV2.get_default_base_job_template(),
    }
    prefect.delete("/work_pools/in-the-cloud")
    prefect.post("/work_pools/", json=told).raise_for_status()
    return told["name"]
