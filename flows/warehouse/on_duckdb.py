"""A warehouse that is one file: DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pyarrow as pa

from flows.warehouse.door import (
    DATASET,
    Column,
    Door,
    NotIngested,
    Refused,
    Row,
    WarehouseUnavailable,
)

TYPES = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.timestamp("us", "UTC"): "TIMESTAMP WITH TIME ZONE",
}


def path_of(url: str) -> Path:
    return Path(unquote(url.removeprefix("duckdb://")))


@contextmanager
def opened(url: str, *, read_only: bool) -> Iterator[Door]:
    path = path_of(url)
    if path.stem.lower() == DATASET:
        raise ValueError(f"{path}: DuckDB cannot tell it from its schema {DATASET}; rename it")
    if read_only and not path.exists():
        raise NotIngested(f"{path} is not there yet")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = duckdb.connect(path, read_only=read_only)
    except duckdb.IOException as refused:
        if "lock" in str(refused):
            raise WarehouseUnavailable(
                f"{path} is in use: DuckDB lets one process write, or several read. {refused}"
            ) from refused
        raise
    with connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield DuckDb(connection, path)


class DuckDb:
    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._connection, self._path = connection, path
        if _schemas(connection):
            connection.execute(f"USE {DATASET}")

    def ask(self, sql: str) -> list[Row]:
        try:
            answer = self._connection.execute(sql)
        except duckdb.CatalogException as missing:
            raise NotIngested(f"{self._path} lacks a table that was asked for") from missing
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def columns(self, table: str) -> list[Column]:
        found = self._connection.execute(
            "SELECT column_name, data_type, NOT is_nullable FROM duckdb_columns() "
            "WHERE schema_name = ? AND lower(table_name) = lower(?) ORDER BY column_index",
            [DATASET, table],
        )
        return [Column(*row) for row in found.fetchall()]

    def type_of(self, type_: pa.DataType) -> str:
        return TYPES[type_]

    def name_of(self, table: str) -> str:
        return f"{DATASET}.{self.quoted(table)}"

    def quoted(self, column: str) -> str:
        doubled = column.replace('"', '""')
        return f'"{doubled}"'

    def replace(
        self,
        table: str,
        rows: pa.Table,
        constants: Mapping[str, str],
        where: str,
        changes: Sequence[str] = (),
    ) -> None:
        name = self.name_of(table)
        told = "".join(f", ${key} AS {self.quoted(key)}" for key in constants)
        connection = self._connection
        try:
            connection.begin()
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {DATASET}")
            for change in changes:
                connection.execute(change)
            connection.execute(f"DELETE FROM {name} WHERE {where}")  # noqa: S608
            connection.register("incoming", rows)
            connection.execute(
                f"INSERT INTO {name} BY NAME SELECT *{told} FROM incoming",  # noqa: S608
                dict(constants),
            )
            connection.commit()
        except duckdb.Error as error:
            with suppress(duckdb.Error):  # it may have done so by itself
                connection.rollback()
            raise Refused(f"the warehouse does not take it: {_in_a_line(error)}") from error
        finally:
            connection.unregister("incoming")


def _schemas(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute("SELECT 1 FROM duckdb_schemas() WHERE schema_name = ?", [DATASET])
    return found.fetchone() is not None


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())
