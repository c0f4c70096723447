"""The warehouse: DuckDB on a laptop, BigQuery in the cloud, the same code through dlt."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    import dlt

Row = dict[str, Any]
Ask = Callable[[str], list[Row]]

DATASET = "aviation"  # in DuckDB; a BigQuery URL names its own


class WarehouseUnavailable(RuntimeError):
    """It is busy, or out of reach for now: trying again can help."""


class NotIngested(LookupError):
    """What was asked for has never been loaded; says what was missing, and what to run."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"{missing}: run the flow `ingest` first (`sample` gives it data)")


@dataclass(frozen=True)
class Warehouse:
    """``url`` is ``duckdb:///path/to/file`` or ``bigquery://project/dataset[?location=EU]``.

    DuckDB lets one process write, or several read. So each use opens the file for itself, holds
    it to the end (dlt's own runs would else mix in its staging tables), and lets it go.
    """

    url: str

    @contextmanager
    def pipeline(self) -> Iterator[dlt.Pipeline]:
        """To load with."""
        with self._opened(read_only=False) as pipeline:
            yield pipeline

    @contextmanager
    def reader(self) -> Iterator[Ask]:
        """To ask with, in SQL that both databases speak; tables need no qualification."""
        from dlt.destinations.exceptions import DatabaseUndefinedRelation

        with self._opened(read_only=True) as pipeline, pipeline.sql_client() as client:

            def ask(sql: str) -> list[Row]:
                try:
                    with client.execute_query(sql) as cursor:
                        names = [column[0] for column in cursor.description]
                        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
                except DatabaseUndefinedRelation as missing:
                    raise NotIngested(f"{self.url} lacks a table that was asked for") from missing

            yield ask

    @contextmanager
    def _opened(self, *, read_only: bool) -> Iterator[dlt.Pipeline]:
        # A run leaves nothing behind: dlt restores what it must know from the warehouse itself.
        os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
        import dlt
        from dlt.common.exceptions import TransientException
        from dlt.pipeline import trace
        from dlt.pipeline.exceptions import PipelineStepFailed

        trace.TRACKING_MODULES = []  # even switched off they write a user's id, to /var or home
        scheme = urlsplit(self.url).scheme
        if scheme not in ("duckdb", "bigquery"):
            raise ValueError(f"{self.url}: a warehouse is duckdb:///… or bigquery://…")
        opened = self._duckdb if scheme == "duckdb" else self._bigquery
        with (
            TemporaryDirectory(prefix="dataflows-dlt-", ignore_cleanup_errors=True) as folder,
            opened(read_only=read_only) as (destination, dataset),
        ):
            try:
                yield dlt.pipeline(
                    "ingest", pipelines_dir=folder, destination=destination, dataset_name=dataset
                )
            except TransientException as passing:
                raise WarehouseUnavailable(f"{self.url}: {passing}") from passing
            except PipelineStepFailed as failed:
                if isinstance(failed.exception, TransientException):
                    raise WarehouseUnavailable(f"{self.url}: {failed}") from failed
                raise

    @contextmanager
    def _duckdb(self, *, read_only: bool) -> Iterator[tuple[Any, str]]:
        import dlt
        import duckdb

        path = Path(unquote(urlsplit(self.url).path))
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
            yield dlt.destinations.duckdb(connection), DATASET

    @contextmanager
    def _bigquery(self, *, read_only: bool) -> Iterator[tuple[Any, str]]:
        import dlt

        url = urlsplit(self.url)
        [location] = parse_qs(url.query).get("location", ["US"])
        destination = dlt.destinations.bigquery(location=location, project_id=url.netloc)
        yield destination, url.path.strip("/")


PATIENCE = [1.0, 2.0, 5.0, 10.0, 20.0, 30.0]  # seconds between the tries of a task


def worth_retrying(_task: Any, _run: Any, state: Any) -> bool:
    """For ``retry_condition_fn``: another try is for a warehouse that was busy, nothing else."""
    return isinstance(state.result(raise_on_failure=False), WarehouseUnavailable)
