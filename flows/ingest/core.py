"""What ingesting means, without Prefect: what damages a file, how one is loaded once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flows.ingest import tables
from flows.ingest.columns import first, fitted
from flows.ingest.partitions import Landed, Partition, PartitionError, Stranger, batches, look
from flows.ingest.schema import changes
from flows.landing import Damaged, Landing
from flows.passing import passes
from flows.warehouse import Door, NotIngested, Refused, Warehouse

__all__ = ["Landed", "Partition", "PartitionError", "Stranger", "batches", "look"]

# Each row says where it is from, so that data and ledger are one thing and cannot disagree.
# (BigQuery reserves names that start with `_partition` or `_file_`.)
PARTITION, FINGERPRINT = "source_partition", "source_sha256"
OURS = [pa.field(name, pa.string(), nullable=False) for name in (PARTITION, FINGERPRINT)]


@dataclass(frozen=True)
class Held:
    """What the warehouse holds of a partition: of which file (none: of several), how many rows."""

    fingerprint: str | None
    rows: int


Ledger = Mapping[Partition, Held]


@dataclass(frozen=True)
class Checked:
    """A landed file that can be loaded; no ``content`` where the warehouse has it already."""

    partition: Partition
    rows: int
    fingerprint: str
    content: pa.Table | None = field(default=None, repr=False)


def ledger(warehouse: Warehouse) -> Ledger:
    """What the warehouse holds, read from the rows themselves."""
    held: dict[Partition, Held] = {}
    with suppress(NotIngested), warehouse.reader() as door:
        for table in tables.SCHEMAS:
            with suppress(NotIngested):
                for row in door.ask(
                    f"SELECT {PARTITION}, COUNT(*) AS row_count, "  # noqa: S608
                    f"MIN({FINGERPRINT}) AS first_file, MAX({FINGERPRINT}) AS last_file "
                    f"FROM {door.name_of(table)} GROUP BY {PARTITION}"
                ):
                    one = row["first_file"] if row["first_file"] == row["last_file"] else None
                    held[Partition(row[PARTITION], table)] = Held(one, row["row_count"])
    return held


def held_of(partition: Partition, held: Ledger) -> Ledger:
    """What the warehouse holds where a file would go: of its month, or of its whole table."""
    if partition.table in tables.SNAPSHOTS:
        return {each: of for each, of in held.items() if each.table == partition.table}
    return {partition: held[partition]} if partition in held else {}


def gone(held: Ledger, landed: Landed) -> dict[Partition, bool]:
    """The months that the warehouse has rows of, and whose file is no longer there; and whether
    the rows are to be removed: never where nothing of the table is there, as that looks more
    like a landing out of reach."""
    there = set(landed.partitions)
    within_reach = {each.table for each in there}
    return {
        each: tables.FILE_GONE == "remove" and each.table in within_reach
        for each in sorted(held)
        if each.table in tables.MONTHLY and each not in there
    }


def check(landing: Landing, partition: Partition, held: Ledger) -> Checked:
    """Read a landed file; PartitionError says what is wrong with it, and where it is."""
    url = landing.url_of(partition.path)
    try:
        content = landing.read(partition.table, partition.key)
    except FileNotFoundError as missing:
        raise PartitionError(f"{url}: nothing has landed there") from missing
    except Damaged as damage:
        raise PartitionError(f"{url}: {damage}") from damage
    try:
        file = pq.ParquetFile(
            BytesIO(content),
            page_checksum_verification=True,
            coerce_int96_timestamp_unit="us",  # in nanoseconds the year 2300 would overflow
        )
        fingerprint, rows = sha256(content).hexdigest(), file.metadata.num_rows
        if not rows and partition.table not in tables.MAY_BE_EMPTY:
            raise PartitionError("it has no rows, and MAY_BE_EMPTY does not name its table")
        wanted = {partition: Held(fingerprint, rows)} if rows else {}
        if held_of(partition, held) == wanted:
            return Checked(partition, rows, fingerprint)
        return Checked(partition, rows, fingerprint, _as_declared(file, content, partition))
    except (pa.ArrowException, OSError) as unreadable:
        raise PartitionError(f"{url}: not a readable parquet file ({unreadable})") from unreadable
    except ValueError as damage:
        raise PartitionError(f"{url}: {damage}") from damage


def load(warehouse: Warehouse, files: Iterable[Checked]) -> dict[Partition, str]:
    """Make the warehouse hold exactly the rows of these files, and say which it does not take,
    and why. Each file goes in whole and at once, or not at all."""
    refused = {}
    new = [file for file in files if file.content is not None]
    if new:
        with warehouse.writer() as door:
            for file in new:
                try:
                    _replace(door, file)
                except Exception as problem:
                    if passes(problem):
                        raise
                    refused[file.partition] = _in_words(problem)
    return refused


def remove(warehouse: Warehouse, partition: Partition) -> None:
    """Take the rows of a partition out of the warehouse."""
    nothing = tables.SCHEMAS[partition.table].empty_table()
    constants = {PARTITION: partition.key, FINGERPRINT: ""}
    with warehouse.writer() as door:
        door.replace(partition.table, nothing, constants, f"{PARTITION} = '{partition.key}'")


def rows_in(warehouse: Warehouse, table: str) -> int:
    """How many rows the warehouse holds of ``table``."""
    with suppress(NotIngested), warehouse.reader() as door:
        asked = f"SELECT COUNT(*) AS row_count FROM {door.name_of(table)}"  # noqa: S608
        [row] = door.ask(asked)
        return int(row["row_count"])
    return 0


def _in_words(problem: Exception) -> str:
    ours = isinstance(problem, PartitionError | Refused)
    return str(problem) if ours else f"{type(problem).__name__}: {problem}"


def _replace(door: Door, file: Checked) -> None:
    table, key = file.partition.table, file.partition.key
    where = "TRUE" if table in tables.SNAPSHOTS else f"{PARTITION} = '{key}'"
    declared = pa.schema([*tables.SCHEMAS[table], *OURS])
    constants = {PARTITION: key, FINGERPRINT: file.fingerprint}
    door.replace(table, file.content, constants, where, changes(door, table, declared, where))


def _as_declared(file: pq.ParquetFile, content: bytes, partition: Partition) -> pa.Table:
    """The rows in the declared columns and types, or a PartitionError."""
    schema = tables.SCHEMAS[partition.table]
    names = file.schema_arrow.names
    if missing := [name for name in schema.names if name not in names]:
        raise PartitionError(f"it has no column {', '.join(missing)}")
    if strange := [name for name in names if name not in schema.names or names.count(name) > 1]:
        raise PartitionError(
            f"it has a column {', '.join(strange)} that flows/ingest/tables.py does not declare"
        )
    read, kept = file.read(), map(file.schema.column, range(len(names)))
    int96 = [each.path for each in kept if each.physical_type == "INT96"]
    # Opened without another word, they are in nanoseconds.
    fine = pq.ParquetFile(BytesIO(content)).read(int96) if int96 else {}
    nanoseconds = {name: fine[name] for name in int96}
    table = pa.table(
        [fitted(read[each.name], each, int96=nanoseconds.get(each.name)) for each in schema],
        schema=schema,
    )
    if partition.table in tables.MONTHLY:
        year, month = (int(part) for part in partition.key.split("-"))
        others = pc.or_(pc.not_equal(table["year"], year), pc.not_equal(table["month"], month))
        if count := pc.sum(others).as_py():
            raise PartitionError(
                f"{count} of its rows are of another month than {partition.key} "
                f"(row {first(others)})"
            )
    return table
