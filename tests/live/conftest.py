"""One real Prefect server for all live tests; each test has a stack of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.server import prefect_server
from tests.live.stack import Stack
from tools import engine


@pytest.fixture(scope="session")
def pulumi_bin() -> Path:
    return engine.find().bin


@pytest.fixture(scope="session")
def api_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prefect_server(tmp_path_factory.mktemp("prefect")) as url:
        yield url


@pytest.fixture
def stack(tmp_path: Path, api_url: str, pulumi_bin: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    # The provider process is the `python3` on PATH, which has to be the one of these tests.
    bin_ = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", bin_, prepend=":")
    return Stack(home=tmp_path / "pulumi", api_url=api_url, engine=pulumi_bin)
