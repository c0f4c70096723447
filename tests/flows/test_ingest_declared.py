"""A declaration that changes: the warehouse follows, or a message says what to do."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.ingest import core, tables
from flows.ingest.tables import NUMBER, TEXT
from flows.landing import Landing
from flows.warehouse import Warehouse
from tests.flows.slices import ask, bring_in, land, put, some

JANUARY, FEBRUARY = some("flights", "2013-01", 3), some("flights", "2013-02", 3)
GATES = pa.array(["A1", "B7", "C3"])
REQUIRED, OPTIONAL = {"nullable": False}, {"nullable": True}


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change the declaration of a column of flights: its type, what it may be, or that it is."""

    def changed(name: str, type_: pa.DataType | None, nullable: bool = True) -> None:
        fields = {each.name: each for each in tables.SCHEMAS["flights"]}
        if type_ is None:
            del fields[name]
        else:
            fields[name] = pa.field(name, type_, nullable=nullable)
        monkeypatch.setitem(tables.SCHEMAS, "flights", pa.schema(list(fields.values())))

    return changed


def load(landing: Landing, warehouse: Warehouse, key: str, rows: pa.Table) -> str:
    """What the warehouse says to it, or nothing."""
    land(landing, "flights", key, rows)
    file = core.check(landing, core.Partition(key, "flights"), {})
    return core.load(warehouse, [file]).get(file.partition, "")


def test_whole_numbers_that_become_doubles_are_not_rounded(
    landing: Landing, warehouse: Warehouse, declare: Callable[..., None]
) -> None:
    assert load(landing, warehouse, "2013-01", JANUARY) == ""
    halves = put(FEBRUARY, "dep_delay", pa.array([0.4, 1.5, 2.5]))
    with pytest.raises(core.PartitionError, match=r"dep_delay: 0\.4 is no whole number \(row 0\)"):
        load(landing, warehouse, "2013-02", halves)
    declare("dep_delay", NUMBER)
    refused = load(landing, warehouse, "2013-02", halves)
    assert refused.startswith("dep_delay is declared double, and the warehouse has BIGINT: ")
    assert 'DROP TABLE aviation."flights"' in refused
    assert core.rows_in(warehouse, "flights") == 3
    with warehouse.writer() as door:  # as the message says
        door.ask('DROP TABLE aviation."flights"')
    assert load(landing, warehouse, "2013-02", halves) == ""
    assert ask(warehouse, "SELECT AVG(dep_delay) AS mean FROM flights") == [
        {"mean": pytest.approx(4.4 / 3)}
    ]


def test_a_required_column_declared_later_needs_rows_that_have_it(
    landing: Landing, warehouse: Warehouse, declare: Callable[..., None]
) -> None:
    load(landing, warehouse, "2013-01", JANUARY)
    declare("gate", TEXT, nullable=False)
    february = FEBRUARY.append_column("gate", GATES)
    refused = load(landing, warehouse, "2013-02", february)
    assert refused.startswith(
        "gate is required, and the warehouse has 3 rows without it: declare it optional, or"
    )
    declare("gate", TEXT)
    assert load(landing, warehouse, "2013-02", february) == ""
    declare("gate", TEXT, nullable=False)
    assert load(landing, warehouse, "2013-02", february).startswith("gate is required, and the")
    assert load(landing, warehouse, "2013-01", JANUARY.append_column("gate", GATES)) == ""
    assert load(landing, warehouse, "2013-02", february) == ""


def test_a_required_column_becomes_optional_or_is_taken_out(
    landing: Landing, warehouse: Warehouse, declare: Callable[..., None]
) -> None:
    load(landing, warehouse, "2013-01", JANUARY)
    declare("dest", TEXT)
    assert load(landing, warehouse, "2013-02", put(FEBRUARY, "dest", pa.nulls(3))) == ""
    declare("origin", None)
    assert load(landing, warehouse, "2013-02", FEBRUARY.drop_columns("origin")) == ""
    counts = ask(
        warehouse, "SELECT COUNT(*) AS n, COUNT(dest) AS d, COUNT(origin) AS o FROM flights"
    )
    assert counts == [{"n": 6, "d": 6, "o": 3}]


def test_a_month_may_be_empty_where_that_is_declared(
    landing: Landing, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(landing, warehouse, "2013-01", JANUARY)
    nothing = JANUARY.slice(0, 0)
    monkeypatch.setattr(tables, "MAY_BE_EMPTY", ())
    with pytest.raises(core.PartitionError, match="it has no rows, and MAY_BE_EMPTY does not"):
        load(landing, warehouse, "2013-01", nothing)
    assert core.rows_in(warehouse, "flights") == 3
    monkeypatch.setattr(tables, "MAY_BE_EMPTY", ("flights",))
    assert bring_in(landing, warehouse) == ["flights/2013-01"]
    assert core.rows_in(warehouse, "flights") == 0
    assert bring_in(landing, warehouse) == []


def from_spark(instants: pa.Array) -> bytes:
    content = pa.BufferOutputStream()
    rows = put(JANUARY, "time_hour", instants)
    pq.write_table(rows, content, use_deprecated_int96_timestamps=True, store_schema=False)
    written: bytes = content.getvalue().to_pybytes()
    return written


def test_an_instant_from_spark_is_loaded_as_utc_of_whatever_year(
    landing: Landing, warehouse: Warehouse
) -> None:
    instants = [datetime(2013, 1, 1, 5), datetime(9999, 12, 31, 23, 59, 59, 999999), datetime.min]
    land(landing, "flights", "2013-01", from_spark(pa.array(instants, pa.timestamp("us", "UTC"))))
    assert bring_in(landing, warehouse) == ["flights/2013-01"]
    found = ask(warehouse, "SELECT epoch_us(time_hour) AS micros FROM flights ORDER BY 1")
    start = datetime(1970, 1, 1)
    micros = [(instant - start) // timedelta(microseconds=1) for instant in sorted(instants)]
    assert [row["micros"] for row in found] == micros


def test_an_instant_finer_than_a_microsecond_is_not_cut(landing: Landing) -> None:
    land(landing, "flights", "2013-01", from_spark(pa.array([0, 1000, 1001], pa.timestamp("ns"))))
    problem = r"time_hour: .*\.000001 and a part of a microsecond do not fit timestamp.*\(row 2\)"
    with pytest.raises(core.PartitionError, match=problem):
        core.check(landing, core.Partition("2013-01", "flights"), {})


def test_a_flipped_bit_is_found_where_pages_have_checksums(landing: Landing) -> None:
    content = pa.BufferOutputStream()
    rows = put(JANUARY, "distance", pa.array([1024, 1400, 1025]))
    pq.write_table(rows, content, compression="none", write_page_checksum=True)
    flipped = bytearray(content.getvalue().to_pybytes())
    flipped[flipped.index((1400).to_bytes(8, "little")) + 1] ^= 8
    land(landing, "flights", "2013-01", bytes(flipped))
    with pytest.raises(core.PartitionError, match="CRC checksum verification failed"):
        core.check(landing, core.Partition("2013-01", "flights"), {})


def test_a_warehouse_of_an_older_release_goes_on(landing: Landing, warehouse: Warehouse) -> None:
    """dlt made its tables, with the same columns, and kept tables of its own beside them."""
    load(landing, warehouse, "2013-01", JANUARY)
    with warehouse.writer() as door:
        for sql in (
            "CREATE TABLE aviation._dlt_version (version BIGINT NOT NULL)",
            "CREATE SCHEMA aviation_staging",
            "CREATE TABLE aviation_staging.flights AS SELECT * FROM aviation.flights",
        ):
            door.ask(sql)
    held = core.ledger(warehouse)
    assert core.check(landing, core.Partition("2013-01", "flights"), held).content is None
    assert load(landing, warehouse, "2013-02", FEBRUARY) == ""
    assert core.rows_in(warehouse, "flights") == 6
