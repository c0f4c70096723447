"""A `.local/` of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.places import Places
from local.services import Services


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def services(tmp_path: Path, said: list[str]) -> Iterator[Services]:
    services = Services(Places(tmp_path), said.append)
    yield services
    for name in ("worker", "server"):
        services.stop(name)
