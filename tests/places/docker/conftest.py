"""A docker stack on the real engine, with what its control plane is made of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import base, docker
from tests.live.conftest import nothing_left_running, pulumi_bin
from tests.places.docker.checkout import Checkout
from tools.containers.base import MADE
from tools.containers.engine import Docker

__all__ = ["base", "docker", "nothing_left_running", "pulumi_bin"]

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent / "images"


@pytest.fixture(scope="session")
def control_plane(docker: Docker, base: str) -> dict[str, str]:
    """The images of docker-compose.yml, by variable: none, where the official ones can be had."""
    if base != MADE:
        return {}
    named = {"DATAFLOWS_POSTGRES_IMAGE": "postgres", "DATAFLOWS_PREFECT_IMAGE": "prefect"}
    contexts = {"postgres": HERE / "postgres", "prefect": ROOT / "images/agent"}
    for name in named.values():
        docker.build(
            f"dataflows-{name}:e2e",
            *("--build-arg", f"BASE_IMAGE={base}"),
            *("--file", str(HERE / name / "Dockerfile"), str(contexts[name])),
        )
    return {variable: f"dataflows-{name}:e2e" for variable, name in named.items()}


@pytest.fixture(scope="module")
def checkout(
    docker: Docker,
    base: str,
    control_plane: dict[str, str],
    pulumi_bin: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Checkout]:
    made = Checkout(tmp_path_factory.mktemp("docker"), docker, base, control_plane)
    yield made
    if (made.repository / ".docker").exists():  # a test has failed before it was destroyed
        made.change("host", on_destroy="delete")
        made.run("destroy", "--yes")
