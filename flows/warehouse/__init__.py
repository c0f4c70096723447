"""The warehouse: DuckDB on a laptop, BigQuery in the cloud, the same questions to both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flows.warehouse.door import (
    Ask,
    Column,
    Door,
    NotIngested,
    Refused,
    Row,
    WarehouseUnavailable,
)

__all__ = [
    "Ask",
    "Column",
    "Door",
    "NotIngested",
    "Refused",
    "Row",
    "Warehouse",
    "WarehouseUnavailable",
]


@dataclass(frozen=True)
class Warehouse:
    """``url`` is ``duckdb:///path/to/file`` or ``bigquery://project/dataset[?location=EU]``.

    The path of a DuckDB file is written as ``Path.as_uri`` writes it: ``%20`` is a blank, ``%25``
    a per cent sign. Every other sign, ``#`` and ``?`` too, stands for itself.

    DuckDB lets one process write, or several read. So each use opens the file for itself, and
    lets it go at its end.
    """

    url: str

    @contextmanager
    def reader(self) -> Iterator[Ask]:
        """To ask with, in SQL that both databases speak; tables need no qualification."""
        with self._opened(read_only=True) as door:
            yield door.ask

    @contextmanager
    def writer(self) -> Iterator[Door]:
        """To load with; the database is made where there is none."""
        with self._opened(read_only=False) as door:
            yield door

    @contextmanager
    def _opened(self, *, read_only: bool) -> Iterator[Door]:
        match self.url.partition("://")[0]:
            case "duckdb":
                from flows.warehouse.on_duckdb import opened
            case "bigquery":
                from flows.warehouse.on_bigquery import opened
            case _:
                raise ValueError(f"{self.url}: a warehouse is duckdb:///… or bigquery://…")
        with opened(self.url, read_only=read_only) as door:
            yield door
