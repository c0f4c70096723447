"""One real Prefect server for all live tests; each test has a stack of its own."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import hypothesis  # noqa: F401 - see nothing_left_running
import pytest

from tests.live.server import PatientClient, prefect_server
from tests.live.stack import Stack
from tools import engine


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Pulumi's SDK leaves coroutines of failed programs behind. Collected while Python compiles a
    module, they end pytest: "AST constructor recursion depth mismatch". Hypothesis' plugin imports
    it at the very end, so it is imported here, at the beginning.
    """
    yield
    gc.collect()


@pytest.fixture(scope="session")
def pulumi_bin() -> Iterator[Path]:
    """The engine's directory, which is on PATH from here on."""
    found = engine.find().bin
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(found), prepend=os.pathsep)
        yield found


@pytest.fixture(scope="session")
def api_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prefect_server(tmp_path_factory.mktemp("prefect")) as url:
        yield url


@pytest.fixture
def prefect(api_url: str) -> Iterator[httpx.Client]:
    """The server as a person at its API sees it, without Pulumi."""
    with PatientClient(base_url=api_url, timeout=60) as client:
        yield client


@pytest.fixture
def python_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider process is the `python3` on PATH, which has to be the one of these tests."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")


@pytest.fixture
def stack(tmp_path: Path, api_url: str, pulumi_bin: Path, python_first: None) -> Stack:
    return Stack(home=tmp_path / "pulumi", api_url=api_url, engine=pulumi_bin)
