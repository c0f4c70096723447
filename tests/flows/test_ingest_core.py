"""Ingesting, without Prefect: each partition exactly once, or not at all."""

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pytest

from flows.ingest import core, tables
from flows.landing import Landing
from flows.warehouse import Row, Warehouse, WarehouseUnavailable
from tests.flows.conftest import Held
from tests.flows.slices import ask, bring_in, land, parquet, put, some

BY_MONTH = (
    "SELECT source_partition AS month, COUNT(*) AS flights, SUM(flight) AS numbers "
    "FROM flights GROUP BY 1 ORDER BY 1"
)


def in_any_order(rows: list[Row]) -> list[str]:
    return sorted(repr(sorted(row.items())) for row in rows)


def test_a_file_ingested_twice_is_there_once(landing: Landing, warehouse: Warehouse) -> None:
    land(landing, "flights", "2013-01", some("flights", "2013-01"))
    assert bring_in(landing, warehouse) == ["flights/2013-01"]
    once = ask(warehouse, "SELECT * FROM flights ORDER BY ALL")
    assert bring_in(landing, warehouse) == []
    assert ask(warehouse, "SELECT * FROM flights ORDER BY ALL") == once
    assert len(once) == 40


def test_even_a_forced_second_load_adds_nothing(landing: Landing, warehouse: Warehouse) -> None:
    land(landing, "flights", "2013-01", some("flights", "2013-01"))
    for _ in range(2):
        core.load(warehouse, [core.check(landing, core.Partition("2013-01", "flights"), held={})])
    assert core.rows_in(warehouse, "flights") == 40


def test_months_come_in_one_after_the_other(landing: Landing, warehouse: Warehouse) -> None:
    for month, count in (("2013-02", 10), ("2013-01", 20), ("2013-03", 30)):
        land(landing, "flights", month, some("flights", month, count))
        assert bring_in(landing, warehouse) == [f"flights/{month}"]
    assert [row["flights"] for row in ask(warehouse, BY_MONTH)] == [20, 10, 30]


def test_a_corrected_file_replaces_exactly_its_rows(landing: Landing, warehouse: Warehouse) -> None:
    for month in ("2013-01", "2013-02"):
        land(landing, "flights", month, some("flights", month))
    bring_in(landing, warehouse)
    [_, february] = ask(warehouse, BY_MONTH)

    corrected = some("flights", "2013-01", 25)
    land(landing, "flights", "2013-01", put(corrected, "flight", pa.array([7] * 25)))
    assert bring_in(landing, warehouse) == ["flights/2013-01"]
    assert ask(warehouse, BY_MONTH) == [
        {"month": "2013-01", "flights": 25, "numbers": 175},
        february,
    ]


def test_every_value_arrives_as_it_landed(landing: Landing, warehouse: Warehouse) -> None:
    landed = some("flights", "2013-01", 1000)
    land(landing, "flights", "2013-01", landed)
    bring_in(landing, warehouse)
    back = ask(
        warehouse,
        "SELECT * EXCLUDE (source_partition, source_sha256) "
        "REPLACE (epoch(time_hour) AS time_hour) FROM flights",
    )
    sent = [row | {"time_hour": row["time_hour"].timestamp()} for row in landed.to_pylist()]
    assert in_any_order(back) == in_any_order(sent)


def test_rows_that_the_warehouse_lost_are_loaded_again(
    landing: Landing, warehouse: Warehouse
) -> None:
    land(landing, "flights", "2013-01", some("flights", "2013-01"))
    bring_in(landing, warehouse)
    with duckdb.connect(warehouse.url.removeprefix("duckdb://")) as database:
        database.execute("DELETE FROM aviation.flights WHERE day = 1 AND minute < 30")
    assert core.rows_in(warehouse, "flights") < 40
    assert bring_in(landing, warehouse) == ["flights/2013-01"]
    assert core.rows_in(warehouse, "flights") == 40


JANUARY = some("flights", "2013-01")
DAMAGE = {
    "not a readable parquet file": b"<html>503 Service Unavailable</html>",
    "not a readable parquet file (": parquet(JANUARY)[:-200],
    "not a readable parquet file (P": b"",
    "it has no column carrier, dest": JANUARY.drop_columns(["carrier", "dest"]),
    "dep_delay is string, not int64": put(
        JANUARY, "dep_delay", JANUARY["dep_delay"].cast(pa.string())
    ),
    "flight: 18446744073709551615 does not fit int64 (row 0)": put(
        JANUARY, "flight", pa.array([2**64 - 1] * 40, pa.uint64())
    ),
    "a column gate that flows/ingest/tables.py does not declare": JANUARY.append_column(
        "gate", pa.array(["B7"] * 40)
    ),
    "1 of its rows are of another month than 2013-01": pa.concat_tables(
        [JANUARY, some("flights", "2013-02", 1)]
    ),
    "40 of its rows have no carrier": pa.table(
        {**{name: JANUARY[name] for name in JANUARY.column_names}, "carrier": pa.nulls(40, "str")}
    ),
}


@pytest.mark.parametrize(("wrong", "content"), DAMAGE.items(), ids=list(DAMAGE))
def test_a_damaged_file_is_refused_with_where_it_is_and_what_is_wrong(
    wrong: str, content: pa.Table | bytes, landing: Landing
) -> None:
    land(landing, "flights", "2013-01", content)
    with pytest.raises(core.PartitionError) as refused:
        core.check(landing, core.Partition("2013-01", "flights"), held={})
    assert str(refused.value).startswith(f"{landing.url}/flights/2013-01.parquet: ")
    assert wrong in str(refused.value)


def test_a_month_that_was_asked_for_and_has_not_landed_is_named(landing: Landing) -> None:
    [flights, _] = [
        each for each in core.look(landing, ["2013-07"]).partitions if each.table in tables.MONTHLY
    ]
    with pytest.raises(core.PartitionError, match=r"flights/2013-07\.parquet: nothing has landed"):
        core.check(landing, flights, held={})


@pytest.mark.parametrize(
    ("name", "landed", "values"),
    [
        ("flight", pa.array([1, 2, 3], pa.int16()), [1, 2, 3]),
        ("flight", pa.array([1, 2, 3]).cast(pa.decimal128(19, 0)), [1, 2, 3]),
        ("dep_delay", pa.nulls(3), [None, None, None]),
        ("dep_delay", pa.array([1.0, math.nan, None]), [1, None, None]),
        ("carrier", pa.array(["UA", "AA", "B6"], pa.string_view()), ["UA", "AA", "B6"]),
        ("carrier", pa.array(["UA", "AA", "B6"]).dictionary_encode(), ["UA", "AA", "B6"]),
        ("origin", pa.array(["JFK", "LGA", "EWR"], pa.large_string()), ["JFK", "LGA", "EWR"]),
    ],
    ids=str,
)
def test_a_file_may_keep_a_column_in_another_type(
    name: str, landed: pa.Array, values: list[object], landing: Landing, warehouse: Warehouse
) -> None:
    land(landing, "flights", "2013-01", put(JANUARY.slice(0, 3), name, landed))
    assert bring_in(landing, warehouse) == ["flights/2013-01"]
    found = ask(warehouse, f"SELECT {name} AS found FROM flights")  # noqa: S608
    assert [row["found"] for row in found] == values
    assert bring_in(landing, warehouse) == []


def test_an_instant_may_land_in_another_zone_and_unit(
    landing: Landing, warehouse: Warehouse
) -> None:
    instants = JANUARY["time_hour"].cast(pa.timestamp("ms", "America/New_York"))
    land(landing, "flights", "2013-01", put(JANUARY, "time_hour", instants))
    assert bring_in(landing, warehouse) == ["flights/2013-01"]
    found = ask(warehouse, "SELECT epoch(time_hour) AS seconds FROM flights")
    assert [row["seconds"] for row in found] == [
        each.timestamp() for each in JANUARY["time_hour"].to_pylist()
    ]


def test_a_column_declared_later_is_added_to_the_warehouse(
    landing: Landing, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(landing, "flights", "2013-01", JANUARY)
    bring_in(landing, warehouse)
    more = pa.schema([*tables.SCHEMAS["flights"], pa.field("gate", pa.string())])
    monkeypatch.setitem(tables.SCHEMAS, "flights", more)
    february = some("flights", "2013-02", 3).append_column("gate", pa.array(["A1", "B7", "C3"]))
    land(landing, "flights", "2013-02", february)
    assert bring_in(landing, warehouse) == ["flights/2013-02"]
    gates = ask(warehouse, "SELECT COUNT(*) AS n, COUNT(gate) AS gates FROM flights")
    assert gates == [{"n": 43, "gates": 3}]


def test_a_database_that_another_process_writes_to_is_busy_not_broken(
    landing: Landing,
    warehouse: Warehouse,
    another_process_writes: Held,
) -> None:
    land(landing, "flights", "2013-01", JANUARY)
    with another_process_writes(warehouse) as holder:
        named = rf"warehouse\.duckdb is in use.*{holder.pid}"
        with pytest.raises(WarehouseUnavailable, match=named):
            core.ledger(warehouse)
        with pytest.raises(WarehouseUnavailable, match="is in use"):
            bring_in(landing, warehouse)
    assert bring_in(landing, warehouse) == ["flights/2013-01"]


def test_a_file_that_is_no_database_is_broken_not_busy(warehouse: Warehouse) -> None:
    Path(warehouse.url.removeprefix("duckdb://")).write_text("not a database " * 100)
    with pytest.raises(duckdb.IOException, match="not a valid DuckDB database"):
        core.ledger(warehouse)


@pytest.mark.parametrize("written", [quote, lambda name: name.replace("%", "%25")])
@pytest.mark.parametrize("name", ["flights", "with space", "a#1", "a?b=1", "[a]*", "a%20b", "é"])
def test_the_database_file_may_have_most_names(
    name: str, written: Callable[[str], str], landing: Landing, tmp_path: Path
) -> None:
    warehouse = Warehouse(f"duckdb://{tmp_path}/deep/er/{written(name)}.duckdb")
    land(landing, "flights", "2013-01", JANUARY)
    assert bring_in(landing, warehouse) == ["flights/2013-01"]
    assert bring_in(landing, warehouse) == []
    assert core.rows_in(warehouse, "flights") == 40
    assert [each.name for each in (tmp_path / "deep/er").iterdir()] == [f"{name}.duckdb"]


def test_a_database_file_named_like_its_schema_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"aviation\.duckdb: .* rename it"):
        core.ledger(Warehouse(f"duckdb://{tmp_path}/aviation.duckdb"))


def test_a_run_leaves_nothing_behind_but_the_warehouse(
    landing: Landing, warehouse: Warehouse, tmp_path: Path
) -> None:
    land(landing, "flights", "2013-01", JANUARY)
    places = {name: tmp_path / "elsewhere" / name for name in ("cwd", "home", "temp")}
    for place in places.values():
        place.mkdir(parents=True)
    code = (
        "import sys; from tests.flows.slices import *; "
        "print(bring_in(Landing(sys.argv[1]), Warehouse(sys.argv[2])))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, landing.url, warehouse.url],
        cwd=places["cwd"],
        env={
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "HOME": str(places["home"]),
            "TMPDIR": str(places["temp"]),
        },
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout == "['flights/2013-01']\n"
    assert set((tmp_path / "elsewhere").rglob("*")) == set(places.values())


def test_no_column_has_a_name_that_bigquery_reserves() -> None:
    columns = [core.PARTITION, core.FINGERPRINT]
    columns += [name for schema in tables.SCHEMAS.values() for name in schema.names]
    reserved = ("_table_", "_file_", "_partition", "_row_timestamp", "__root__", "_colidentifier")
    assert [name for name in columns if name.lower().startswith(reserved)] == []


def test_a_warehouse_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="duckdb:///… or bigquery://…"):
        core.ledger(Warehouse("postgres://localhost/db"))
