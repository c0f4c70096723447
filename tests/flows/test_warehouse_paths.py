"""A warehouse that is a file is the one that its URL names, whatever signs are in the name."""

from pathlib import Path

import pytest

from flows.warehouse import Warehouse

NAMES = ("w#1.duckdb", "w?1.duckdb", "w [1].duckdb", "w*1.duckdb", "wü 日.duckdb")


@pytest.mark.parametrize("name", [*NAMES, "w%23.duckdb"])
def test_as_the_name_is_written_in_a_url(tmp_path: Path, name: str):
    opened(tmp_path, (tmp_path / name).as_uri().removeprefix("file://"), name)


@pytest.mark.parametrize("name", NAMES)
def test_as_it_is(tmp_path: Path, name: str):
    opened(tmp_path, f"{tmp_path}/{name}", name)


def opened(folder: Path, path: str, name: str) -> None:
    with Warehouse(f"duckdb://{path}").writer() as door:
        assert door.ask("SELECT 1 AS one") == [{"one": 1}]
    assert [each.name for each in folder.iterdir()] == [name]
