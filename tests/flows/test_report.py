"""The report: its figures against figures worked out another way, and what it leaves to read."""

import json
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image

from flows.ingest import core as ingest_core
from flows.ingest.sample import rows_of
from flows.landing import Landing
from flows.report import core, plot
from flows.report import flow as report_flow
from flows.report.flow import report
from flows.warehouse import NotIngested, Warehouse
from tests.flows.conftest import Held, Stack, killing
from tests.flows.runs import artifacts, finished
from tests.flows.slices import bring_in, land, put, some

MONTHS = ("2013-02", "2013-07")


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Some thousand real flights of two months, and the weather of both."""
    folder: Path = tmp_path_factory.mktemp("ingested")
    landing = Landing((folder / "landing").as_uri())
    for month in MONTHS:
        land(landing, "flights", month, some("flights", month, 6000))
        land(landing, "weather", month, some("weather", month, 3000))
    land(landing, "airlines", "all", rows_of("airlines"))
    warehouse = Warehouse(f"duckdb://{folder}/warehouse.duckdb")
    bring_in(landing, warehouse)
    return warehouse


@pytest.fixture(scope="module")
def found(ingested: Warehouse) -> core.Delays:
    with ingested.reader() as door:
        return core.delays(door.ask, late_minutes=20, min_flights=50)


@pytest.fixture(scope="module")
def arrived() -> pd.DataFrame:
    """The same flights with their weather, by pandas."""
    parts = {
        table: pd.concat([some(table, month, 6000).to_pandas() for month in MONTHS])
        for table in ("flights", "weather")
    }
    # The slices of weather are 3000 rows at most, which is all of either month.
    flights = parts["flights"].dropna(subset=["arr_delay"])
    weather = parts["weather"][["origin", "time_hour", "visib", "precip", "wind_speed"]]
    joined = flights.merge(weather, on=["origin", "time_hour"], how="left", validate="many_to_one")
    return joined.assign(late=joined.arr_delay >= 20)


def test_the_whole_is_counted_right(found: core.Delays, arrived: pd.DataFrame) -> None:
    assert found.scheduled == 12_000
    assert found.arrived.flights == len(arrived)
    assert found.arrived.late == arrived.late.sum()
    assert found.arrived.mean_delay == pytest.approx(arrived.arr_delay.mean())
    assert (found.first_month, found.last_month) == MONTHS


def test_hours_are_counted_right(found: core.Delays, arrived: pd.DataFrame) -> None:
    by_hour = arrived.groupby("hour").late.agg(["size", "sum"])
    assert [(int(each.name), each.flights, each.late) for each in found.hours] == [
        (hour, size, late) for hour, size, late in by_hour.itertuples()
    ]


def test_routes_are_the_latest_of_those_with_enough_flights(
    found: core.Delays, arrived: pd.DataFrame
) -> None:
    by_route = arrived.groupby(arrived.origin + " → " + arrived.dest).late.agg(["size", "mean"])
    enough = by_route[by_route["size"] >= 50]
    assert {each.name: each.share for each in found.routes} == pytest.approx(
        enough["mean"].to_dict()
    )
    shares = [each.share for each in found.routes]
    assert shares == sorted(shares, reverse=True)


def test_carriers_go_by_their_names(found: core.Delays, arrived: pd.DataFrame) -> None:
    names = dict(rows_of("airlines").to_pandas().itertuples(index=False))
    by_name = arrived.groupby(arrived.carrier.map(names)).late.agg(["size", "sum"])
    enough = by_name[by_name["size"] >= 50]
    assert {each.name: (each.flights, each.late) for each in found.carriers} == {
        name: (size, late) for name, size, late in enough.itertuples()
    }


def test_the_weather_is_that_of_the_airport_and_the_hour(
    found: core.Delays, arrived: pd.DataFrame
) -> None:
    def counted(flights: pd.DataFrame) -> tuple[int, int]:
        return len(flights), flights.late.sum()

    bands = {each.name: (each.flights, each.late) for each in found.weather["Visibility"]}
    assert bands == {
        "10 miles": counted(arrived[arrived.visib >= 10]),
        "3 to 10 miles": counted(arrived[(arrived.visib >= 3) & (arrived.visib < 10)]),
        "1 to 3 miles": counted(arrived[(arrived.visib >= 1) & (arrived.visib < 3)]),
        "under 1 mile": counted(arrived[arrived.visib < 1]),
    }
    wet = {
        each.name: (each.flights, each.late) for each in found.weather["Rain or snow in the hour"]
    }
    assert wet["none"] == counted(arrived[arrived.precip == 0])
    assert wet["over 0.1 inch"] == counted(arrived[arrived.precip > 0.1])
    wind = {each.name: (each.flights, each.late) for each in found.weather["Wind"]}
    assert wind["20 to 30 mph"] == counted(
        arrived[(arrived.wind_speed >= 20) & (arrived.wind_speed < 30)]
    )


def test_the_weather_s_part_is_what_fair_hours_would_not_have_made_late(
    found: core.Delays, arrived: pd.DataFrame
) -> None:
    fair = arrived[(arrived.visib >= 3) & (arrived.precip == 0) & (arrived.wind_speed < 20)]
    foul = arrived[(arrived.visib < 3) | (arrived.precip > 0) | (arrived.wind_speed >= 20)]
    excess = foul.late.sum() - len(foul) * fair.late.mean()
    assert found.due_to_weather == pytest.approx(excess / arrived.late.sum())
    assert 0 < found.due_to_weather < 1


def test_an_hour_measured_twice_counts_its_flights_once_by_the_worse_reading(
    landing: Landing, warehouse: Warehouse
) -> None:
    clear = some("weather", "2013-02", 3000)
    fog = put(clear, "visib", pa.array([0.25] * len(clear)))
    land(landing, "flights", "2013-02", some("flights", "2013-02", 500))
    land(landing, "weather", "2013-02", pa.concat_tables([clear, fog]))
    land(landing, "airlines", "all", rows_of("airlines"))
    bring_in(landing, warehouse)
    with warehouse.reader() as door:
        counted = core.delays(door.ask)
    assert [(band.name, band.flights) for band in counted.weather["Visibility"]] == [
        ("under 1 mile", counted.arrived.flights)
    ]


def test_what_was_not_measured_is_in_no_band(landing: Landing, warehouse: Warehouse) -> None:
    """NaN is larger than every number to DuckDB, and comparable to none to BigQuery."""
    flights = some("flights", "2013-01", 10)
    hours = pa.array([some("flights", "2013-01", 1)["time_hour"][0].as_py()] * 10)
    hours = pa.compute.add(hours, pa.array(range(10), pa.int64()).cast(pa.duration("s")))
    weather = put(
        some("weather", "2013-01", 10), "time_hour", hours.cast(pa.timestamp("us", "UTC"))
    )
    weather = put(weather, "origin", pa.array(["EWR"] * 10))
    rain = pa.array([0.2, 0.0, 0.0] + [float("nan")] * 7)
    for name, rows in (("flights", flights), ("weather", put(weather, "precip", rain))):
        rows = put(put(rows, "origin", pa.array(["EWR"] * 10)), "time_hour", weather["time_hour"])
        if name == "flights":
            rows = put(rows, "arr_delay", pa.array([0] * 10))
        land(landing, name, "2013-01", rows)
    land(landing, "airlines", "all", rows_of("airlines"))
    bring_in(landing, warehouse)
    with warehouse.reader() as door:
        wet = core.delays(door.ask, min_flights=1).weather["Rain or snow in the hour"]
        [found] = door.ask("SELECT AVG(precip) AS mean, MAX(precip) AS most FROM weather")
    assert {band.name: band.flights for band in wet} == {"none": 2, "over 0.1 inch": 1}
    assert found == {"mean": pytest.approx(0.2 / 3), "most": 0.2}


def test_the_picture_is_a_small_png(found: core.Delays) -> None:
    content = plot.png(found)
    picture = Image.open(BytesIO(content))
    assert (picture.format, picture.size) == ("PNG", (1200, 900))
    assert len(content) < 100_000


def test_there_is_a_picture_even_where_no_route_has_enough_flights(ingested: Warehouse) -> None:
    with ingested.reader() as door:
        few = core.delays(door.ask, min_flights=10_000)
    assert not few.routes
    assert plot.png(few).startswith(b"\x89PNG")


def test_a_report_before_any_ingest_says_what_to_run(
    landing: Landing, warehouse: Warehouse
) -> None:
    with pytest.raises(NotIngested, match="run the flow `ingest` first"), warehouse.reader():
        pass
    land(landing, "airlines", "all", rows_of("airlines"))
    bring_in(landing, warehouse)
    with (
        pytest.raises(NotIngested, match="run the flow `ingest` first"),
        warehouse.reader() as door,
    ):
        core.delays(door.ask)


@pytest.fixture
def ready(stack: Stack) -> Stack:
    for month in MONTHS:
        land(stack.landing, "flights", month, some("flights", month, 600))
        land(stack.landing, "weather", month, some("weather", month, 600))
    land(stack.landing, "airlines", "all", rows_of("airlines"))
    bring_in(stack.landing, stack.warehouse)
    return stack


def test_the_report_leaves_words_a_picture_and_a_table(ready: Stack) -> None:
    run = finished(report(late_minutes=30, min_flights=5, return_state=True))
    assert run.labels["rows"] == ingest_core.rows_in(ready.warehouse, "flights") == 1200
    left = artifacts(run)
    assert "were 30 minutes late or more" in left["delays"]
    encoded = left["delays"].split("data:image/png;base64,")[1].split(")")[0]
    assert Image.open(BytesIO(b64decode(encoded))).size == (1200, 900)
    table = json.loads(left["delays-table"])
    assert {row["by"] for row in table} >= {"carrier", "route", "hour", "visibility", "wind"}
    assert all(row["flights"] >= 5 for row in table if row["by"] in ("carrier", "route"))


def test_the_report_waits_for_an_ingest_that_writes(
    ready: Stack,
    another_process_writes: Held,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report_flow.ask, "retry_delay_seconds", [0.0] * 6)
    with another_process_writes(ready.warehouse) as holder:
        monkeypatch.setattr(report_flow.ask, "retry_condition_fn", killing(holder))
        run = finished(report(return_state=True))
    assert run.state_name == "Completed"


def test_a_report_on_nothing_fails_with_what_to_run(stack: Stack) -> None:
    run = finished(report(return_state=True))
    assert run.state
    assert run.state.message
    assert "run the flow `ingest` first" in run.state.message
