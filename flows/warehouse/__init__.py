"""The warehouse: DuckDB on a laptop, BigQuery in the cloud, the same questions to both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
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

    def reader(self) -> AbstractContextManager[Door]:
        """To ask with, in SQL that both databases speak. Tables need no qualification, but where
        their names are not known to be plain words: ``name_of`` quotes them.
        """
        return self._opened(read_only=True)

    def writer(self) -> AbstractContextManager[Door]:
        """To load with; the database is made where there is none."""
        return self._opened(read_only=False)

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
