"""The real engine and a real Prefect server, for stacks in a cloud that is a file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cloud.checkout import Checkout
from tests.live.conftest import api_url, nothing_left_running, prefect, pulumi_bin
from tests.registry import RealRegistry, registry

__all__ = ["api_url", "checkout", "nothing_left_running", "prefect", "pulumi_bin", "registry"]


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture
def beside(
    tmp_path: Path, api_url: str, pulumi_bin: Path, bytecode: Path, registry: RealRegistry
) -> Callable[[str], Checkout]:
    """Stacks of one repository, whose images are in a real registry."""
    return lambda stack: Checkout(
        tmp_path / "one", stack, api_url, pulumi_bin, bytecode, registry.host
    )


@pytest.fixture
def checkout(
    tmp_path: Path, api_url: str, pulumi_bin: Path, bytecode: Path, registry: RealRegistry
) -> Callable[[str], Checkout]:
    return lambda stack: Checkout(
        tmp_path / stack, stack, api_url, pulumi_bin, bytecode, registry.host
    )
