"""The warehouse in BigQuery: the same as in DuckDB, by Google's own client."""

from collections.abc import Iterator

import pyarrow as pa
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from flows.ingest import core, tables
from flows.landing import Landing
from flows.warehouse import Warehouse, WarehouseUnavailable, on_bigquery
from tests.flows.bigquery import Answer, Store, served
from tests.flows.slices import ask, bring_in, land, put, some

WAREHOUSE = Warehouse("bigquery://shop/aviation?location=EU")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    with served() as (address, store):

        def client(project: str, location: str) -> bigquery.Client:
            return bigquery.Client(
                project=project,
                location=location,
                credentials=AnonymousCredentials(),
                client_options={"api_endpoint": address},
            )

        monkeypatch.setattr(on_bigquery, "client", client)
        yield store


def test_a_url_names_project_dataset_and_location(monkeypatch: pytest.MonkeyPatch) -> None:
    def client(project: str, location: str) -> None:
        raise LookupError(f"{project} in {location}")

    monkeypatch.setattr(on_bigquery, "client", client)
    with pytest.raises(LookupError, match="shop in EU"), WAREHOUSE.reader():
        pass


def test_months_are_loaded_replaced_and_left_alone(landing: Landing, store: Store) -> None:
    for month in ("2013-01", "2013-02"):
        land(landing, "flights", month, some("flights", month))
    land(landing, "airlines", "all", some("airlines", count=3))
    loaded = ["flights/2013-01", "flights/2013-02", "airlines/all"]
    assert bring_in(landing, WAREHOUSE) == loaded
    assert bring_in(landing, WAREHOUSE) == []
    january = some("flights", "2013-01", 25)
    land(landing, "flights", "2013-01", put(january, "flight", pa.array([7] * 25)))
    assert bring_in(landing, WAREHOUSE) == ["flights/2013-01"]
    assert core.rows_in(WAREHOUSE, "flights") == 65
    told = ask(WAREHOUSE, "SELECT SUM(flight) AS n FROM flights WHERE month = 1")
    assert [int(row["n"]) for row in told] == [175]
    left = store.database.execute("SELECT 1 FROM duckdb_tables() WHERE schema_name LIKE '%staging'")
    assert left.fetchall() == []


@pytest.mark.parametrize("name", ["GateChanges", "order", "Preços de passagens", "gate-changes"])
def test_a_table_may_be_called_as_its_team_likes(
    landing: Landing, store: Store, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(tables, "MONTHLY", (*tables.MONTHLY, name))
    monkeypatch.setitem(tables.SCHEMAS, name, tables.SCHEMAS["flights"])
    land(landing, name, "2013-01", some("flights", "2013-01", 3))
    assert bring_in(landing, WAREHOUSE) == [f"{name}/2013-01"]
    assert bring_in(landing, WAREHOUSE) == []
    assert core.rows_in(WAREHOUSE, name) == 3
    assert store.database.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [(name,)]


def test_a_replacement_is_one_job_and_one_transaction(landing: Landing, store: Store) -> None:
    land(landing, "flights", "2013-01", some("flights", "2013-01"))
    bring_in(landing, WAREHOUSE)
    [script] = [each for each in store.scripts if "INSERT" in each]
    assert script.split("; ")[0] == "BEGIN TRANSACTION"
    assert script.split("; ")[1].startswith("DELETE FROM `shop.aviation.flights` WHERE")
    assert script.split("; ")[-2] == "COMMIT TRANSACTION"


def test_a_script_that_fails_leaves_the_old_month(landing: Landing, store: Store) -> None:
    land(landing, "flights", "2013-01", some("flights", "2013-01"))
    bring_in(landing, WAREHOUSE)
    land(landing, "flights", "2013-01", some("flights", "2013-01", 25))
    [partition] = core.look(landing).partitions
    file = core.check(landing, partition, {})
    store.failing = [Answer(400, "invalidQuery", "no room")]
    assert core.load(WAREHOUSE, [file]) == {partition: "the warehouse does not take it: no room"}
    store.failing = [Answer(400, "invalidQuery", "aborted due to concurrent update")]
    with pytest.raises(WarehouseUnavailable, match="concurrent update"):
        core.load(WAREHOUSE, [file])
    assert core.rows_in(WAREHOUSE, "flights") == 40


def test_the_declaration_is_followed(
    landing: Landing, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    january = some("flights", "2013-01", 3)
    land(landing, "flights", "2013-01", january)
    bring_in(landing, WAREHOUSE)
    declared = tables.SCHEMAS["flights"]
    optional = [field.with_nullable(True) for field in declared]
    with_gate = pa.schema([*optional, pa.field("gate", pa.string())])
    monkeypatch.setitem(tables.SCHEMAS, "flights", with_gate)
    february = some("flights", "2013-02", 3).append_column("gate", pa.nulls(3))
    land(landing, "flights", "2013-02", put(february, "dest", pa.nulls(3)))
    january = january.append_column("gate", pa.array(["A", "B", "C"]))
    land(landing, "flights", "2013-01", january)
    assert bring_in(landing, WAREHOUSE) == ["flights/2013-01", "flights/2013-02"]
    counts = ask(WAREHOUSE, "SELECT COUNT(dest) AS d, COUNT(gate) AS g FROM flights")
    assert counts == [{"d": 3, "g": 3}]
    at = with_gate.get_field_index("flight")
    doubles = with_gate.set(at, pa.field("flight", pa.float64()))
    monkeypatch.setitem(tables.SCHEMAS, "flights", doubles)
    [partition, _] = core.look(landing).partitions
    refused = core.load(WAREHOUSE, [core.check(landing, partition, {})])
    assert refused[partition].startswith(
        "flight is declared double, and the warehouse has INT64: declare it as it was, or drop"
    )
