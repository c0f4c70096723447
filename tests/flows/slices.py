"""Small slices of the real data, as files that could have landed."""

from functools import cache
from io import BytesIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flows.ingest import core, sample
from flows.landing import Landing
from flows.warehouse import Row, Warehouse


def some(table: str, month: str = "", count: int = 40) -> pa.Table:
    """The first real rows of a month, or of a snapshot."""
    rows = _year(table)
    if not month:
        return rows.slice(0, count)
    return rows.filter(pc.equal(rows["month"], int(month[-2:]))).slice(0, count)


def land(landing: Landing, table: str, key: str, rows: pa.Table | bytes) -> None:
    landing.write(table, key, rows if isinstance(rows, bytes) else parquet(rows))


def parquet(rows: pa.Table) -> bytes:
    content = BytesIO()
    pq.write_table(rows, content)
    return content.getvalue()


def bring_in(landing: Landing, warehouse: Warehouse) -> list[str]:
    """Ingest all that has landed, without Prefect; says which partitions had to be loaded."""
    held = core.ledger(warehouse)
    loaded = []
    for batch in core.batches(core.look(landing).partitions).values():
        files = [core.check(landing, partition, held) for partition in batch]
        assert core.load(warehouse, files) == {}
        loaded += [str(file.partition) for file in files if file.content is not None]
    return loaded


def ask(warehouse: Warehouse, sql: str) -> list[Row]:
    with warehouse.reader() as door:
        return door.ask(sql)


def put(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    """The same rows with one column exchanged."""
    return rows.set_column(rows.column_names.index(name), name, values)


@cache
def _year(table: str) -> pa.Table:
    return sample.rows_of(table)
