"""What ingesting means: which partitions there are, what damages one, how one is loaded once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flows.ingest.tables import MONTHLY, SCHEMAS, SNAPSHOTS
from flows.landing import Landing
from flows.warehouse import NotIngested, Warehouse

# Each row says where it is from, so that data and ledger are one thing and cannot disagree.
# (BigQuery reserves names that start with `_partition` or `_file_`.)
PARTITION, FINGERPRINT = "source_partition", "source_sha256"


class PartitionError(ValueError):
    """A file that cannot be loaded as it is; another try would not help."""


@dataclass(frozen=True, order=True)
class Partition:
    """A month of a table, or its snapshot: one file in the landing, replaced as a whole."""

    key: str
    table: str

    def __str__(self) -> str:
        return f"{self.table}/{self.key}"


@dataclass(frozen=True)
class Loaded:
    """What the warehouse holds of a partition: of which file (none: of several), how many rows."""

    fingerprint: str | None
    rows: int


@dataclass(frozen=True)
class Checked:
    """A landed file that can be loaded; no ``content`` where the warehouse has it already."""

    partition: Partition
    rows: int
    content: pa.Table | None = field(default=None, repr=False)


Ledger = Mapping[Partition, Loaded]


def partitions(landing: Landing, months: Iterable[str] | None = None) -> list[Partition]:
    """The partitions to look at: the snapshots, and the ``months`` (all landed, unless given)."""
    found = [Partition(key, table) for table in SNAPSHOTS for key in landing.keys(table)]
    asked = None if months is None else set(months)
    for table in MONTHLY:
        found += [Partition(key, table) for key in asked or landing.keys(table)]
    return sorted(found)


def batches(found: Sequence[Partition]) -> dict[str, list[Partition]]:
    """Partitions that go into the warehouse together: those of a month, and the snapshots."""
    together = groupby(sorted(found), key=lambda partition: partition.key)
    return {key: list(of_key) for key, of_key in together}


def ledger(warehouse: Warehouse) -> Ledger:
    """What the warehouse holds, read from the rows themselves."""
    held: dict[Partition, Loaded] = {}
    with suppress(NotIngested), warehouse.reader() as ask:
        for table in SCHEMAS:
            with suppress(NotIngested):
                for row in ask(
                    f"SELECT {PARTITION}, COUNT(*) AS row_count, "  # noqa: S608
                    f"MIN({FINGERPRINT}) AS first_file, MAX({FINGERPRINT}) AS last_file "
                    f"FROM {table} GROUP BY {PARTITION}"
                ):
                    one = row["first_file"] if row["first_file"] == row["last_file"] else None
                    held[Partition(row[PARTITION], table)] = Loaded(one, row["row_count"])
    return held


def check(landing: Landing, partition: Partition, held: Ledger) -> Checked:
    """Read a landed file; PartitionError says what is wrong with it, and where it is."""
    url = landing.url_of(partition.table, partition.key)
    try:
        content = landing.read(partition.table, partition.key)
    except FileNotFoundError as missing:
        raise PartitionError(f"{url}: nothing has landed there") from missing
    try:
        file = pq.ParquetFile(BytesIO(content))
        fingerprint, rows = sha256(content).hexdigest(), file.metadata.num_rows
        if held.get(partition) == Loaded(fingerprint, rows):
            return Checked(partition, rows)
        table = _as_declared(file.read(), partition)
    except (pa.ArrowException, OSError) as unreadable:
        raise PartitionError(f"{url}: not a readable parquet file ({unreadable})") from unreadable
    except PartitionError as damage:
        raise PartitionError(f"{url}: {damage}") from damage
    for name, value in ((PARTITION, partition.key), (FINGERPRINT, fingerprint)):
        column = pa.field(name, pa.string(), nullable=False)
        table = table.append_column(column, pa.repeat(value, rows))
    return Checked(partition, rows, table)


def load(warehouse: Warehouse, files: Iterable[Checked]) -> None:
    """Make the warehouse hold exactly the rows of these files, in one dlt run."""
    import dlt

    tables = [
        dlt.resource(
            [file.content],
            name=file.partition.table,
            write_disposition={"disposition": "merge", "strategy": "delete-insert"},
            merge_key=PARTITION,
        )
        for file in files
        if file.content is not None
    ]
    if tables:
        with warehouse.pipeline() as pipeline:
            pipeline.run(tables, loader_file_format="parquet")


def rows_in(warehouse: Warehouse, table: str) -> int:
    """How many rows the warehouse holds of ``table``."""
    with suppress(NotIngested), warehouse.reader() as ask:
        [row] = ask(f"SELECT COUNT(*) AS row_count FROM {table}")  # noqa: S608
        return int(row["row_count"])
    return 0


def _as_declared(table: pa.Table, partition: Partition) -> pa.Table:
    """The same rows in the declared columns and types, or a PartitionError."""
    schema = SCHEMAS[partition.table]
    names = table.column_names
    if missing := [name for name in schema.names if name not in names]:
        raise PartitionError(f"it has no column {', '.join(missing)}")
    if strange := [name for name in names if name not in schema.names or names.count(name) > 1]:
        raise PartitionError(
            f"it has a column {', '.join(strange)} that flows/ingest/tables.py does not declare"
        )
    if not table.num_rows:
        raise PartitionError("it has no rows")
    columns = []
    for declared in schema:
        column = table[declared.name]
        if _kind(column.type) != _kind(declared.type):
            raise PartitionError(f"{declared.name} is {column.type}, not {declared.type}")
        if column.null_count and not declared.nullable:
            raise PartitionError(f"{column.null_count} of its rows have no {declared.name}")
        try:
            columns.append(column.cast(declared.type))
        except pa.ArrowInvalid as lossy:
            raise PartitionError(f"{declared.name}: {lossy}") from lossy
    if partition.table in MONTHLY:
        year, month = (int(part) for part in partition.key.split("-"))
        ours = pc.and_(pc.equal(table["year"], year), pc.equal(table["month"], month))
        if others := table.num_rows - pc.sum(ours).as_py():
            raise PartitionError(f"{others} of its rows are of another month than {partition.key}")
    return pa.table(columns, schema=schema)


def _kind(type_: pa.DataType) -> str:
    """Types of one kind hold the same values: parquet writers choose widths as they like."""
    if pa.types.is_dictionary(type_):
        return _kind(type_.value_type)
    if pa.types.is_integer(type_):
        return "whole number"
    if pa.types.is_floating(type_):
        return "number"
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
        return "text"
    if pa.types.is_timestamp(type_) and type_.tz:
        return "instant"
    return str(type_)
