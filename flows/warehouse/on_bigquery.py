"""A warehouse that is a dataset in BigQuery."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.cloud import bigquery

from flows.passing import passes
from flows.warehouse.door import Column, Door, NotIngested, Refused, Row, WarehouseUnavailable

TYPES = {
    pa.string(): "STRING",
    pa.int64(): "INT64",
    pa.float64(): "FLOAT64",
    pa.timestamp("us", "UTC"): "TIMESTAMP",
}
IN_SQL = {"INTEGER": "INT64", "FLOAT": "FLOAT64"}  # the API has names of its own


@contextmanager
def opened(url: str, *, read_only: bool) -> Iterator[Door]:
    told = urlsplit(url)
    [location] = parse_qs(told.query).get("location", ["US"])
    try:
        with client(told.netloc, location) as connected:
            yield BigQuery(connected, told.path.strip("/"), url, read_only=read_only)
    except Exception as error:
        if passes(error):
            raise WarehouseUnavailable(f"{url}: {error}") from error
        raise


def client(project: str, location: str) -> bigquery.Client:
    return bigquery.Client(project=project, location=location)


class BigQuery:
    def __init__(
        self, connected: bigquery.Client, dataset: str, url: str, *, read_only: bool
    ) -> None:
        self._client, self._url = connected, url
        self._dataset = bigquery.DatasetReference(connected.project, dataset)
        # What comes in waits in a dataset of its own, where nobody takes it for what is there.
        self._incoming = bigquery.DatasetReference(connected.project, f"{dataset}_staging")
        if not read_only:
            for each in (self._dataset, self._incoming):
                self._make(each)

    def _make(self, dataset: bigquery.DatasetReference) -> None:
        try:
            self._client.get_dataset(dataset)  # that is granted more often than making one
        except NotFound:
            made = bigquery.Dataset(dataset)
            made.location = self._client.location
            self._client.create_dataset(made, exists_ok=True)

    def ask(self, sql: str) -> list[Row]:
        try:
            return self._run(sql)
        except NotFound as missing:
            raise NotIngested(f"{self._url} lacks a table that was asked for") from missing

    def columns(self, table: str) -> list[Column]:
        try:
            found = self._client.get_table(self._dataset.table(table)).schema
        except NotFound:
            return []
        return [
            Column(each.name, IN_SQL.get(each.field_type, each.field_type), not each.is_nullable)
            for each in found
        ]

    def type_of(self, type_: pa.DataType) -> str:
        return TYPES[type_]

    def name_of(self, table: str) -> str:
        return _in_sql(self._dataset.table(table))

    def quoted(self, column: str) -> str:
        return f"`{column}`"

    def replace(
        self,
        table: str,
        rows: pa.Table,
        constants: Mapping[str, str],
        where: str,
        changes: Sequence[str] = (),
    ) -> None:
        into = self.name_of(table)
        there = ", ".join(map(self.quoted, [*rows.column_names, *constants]))
        new = ", ".join([*map(self.quoted, rows.column_names), *(f"@{key}" for key in constants)])
        try:
            for change in changes:
                self._run(change)
            with self._staged(table, rows) as staged:
                # One job: it goes on in BigQuery, or is rolled back there, if we die meanwhile.
                deletion = f"DELETE FROM {into} WHERE {where}"  # noqa: S608
                insertion = f"INSERT INTO {into} ({there}) SELECT {new} FROM {staged}"  # noqa: S608
                script = ["BEGIN TRANSACTION", deletion, insertion, "COMMIT TRANSACTION", ""]
                self._run("; ".join(script), constants)
        except GoogleAPICallError as error:
            if passes(error) or "concurrent update" in str(error):
                raise WarehouseUnavailable(f"{self._url}: {error}") from error
            told = error.errors[0]["message"] if error.errors else error.message
            raise Refused(f"the warehouse does not take it: {told}") from error

    @contextmanager
    def _staged(self, table: str, rows: pa.Table) -> Iterator[str]:
        """The rows in a table of their own, which is gone in a day even if we die."""
        name = self._incoming.table(f"{table}_{uuid4().hex}")
        schema = [bigquery.SchemaField(each.name, TYPES[each.type]) for each in rows.schema]
        made = bigquery.Table(name, schema)
        made.expires = datetime.now(UTC) + timedelta(days=1)
        self._client.create_table(made)
        try:
            content = BytesIO()
            pq.write_table(rows, content)
            size = content.tell()
            told = bigquery.LoadJobConfig(
                source_format=bigquery.SourceFormat.PARQUET,
                write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
                schema=schema,
            )
            job = self._client.load_table_from_file(
                content, name, rewind=True, size=size, job_config=told
            )
            job.result()
            yield _in_sql(name)
        finally:
            self._client.delete_table(name, not_found_ok=True)

    def _run(self, sql: str, told: Mapping[str, str] | None = None) -> list[Row]:
        parameters = [
            bigquery.ScalarQueryParameter(key, "STRING", value)
            for key, value in (told or {}).items()
        ]
        config = bigquery.QueryJobConfig(default_dataset=self._dataset, query_parameters=parameters)
        answer = self._client.query(sql, job_config=config).result()
        return [dict(row.items()) for row in answer]


def _in_sql(table: bigquery.TableReference) -> str:
    return f"`{table.project}.{table.dataset_id}.{table.table_id}`"
