"""The ingest as people run it: in Prefect, with damaged files and busy databases."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from prefect.exceptions import ParameterTypeError

from flows.ingest import core, tables
from flows.ingest import flow as ingest_flow
from flows.ingest.flow import ingest
from flows.landing import Landing
from flows.warehouse import Warehouse
from tests.flows.conftest import Held, Stack, killing
from tests.flows.runs import artifacts, finished, task_runs
from tests.flows.slices import ask, land, put, some


def happened(data: str) -> dict[str, tuple[str, int]]:
    return {row["partition"]: (row["what happened"], row["rows"]) for row in json.loads(data)}


def test_the_whole_year_of_the_sample_is_336776_flights(stack: Stack) -> None:
    run = finished(ingest(sample=True, return_state=True))
    assert run.state_name == "Completed"
    assert run.labels["rows"] == 336_776
    counts = {table: core.rows_in(stack.warehouse, table) for table in tables.SCHEMAS}
    assert counts == {
        "flights": 336_776,
        "weather": 26_115,
        "airlines": 16,
        "airports": 1_458,
        "planes": 3_322,
    }
    left = artifacts(run)
    assert left["ingest"] == 100
    assert happened(left["partitions"])["flights/2013-01"] == ("loaded", 27_004)

    again = finished(ingest(sample=True, return_state=True))
    assert {what for what, _ in happened(artifacts(again)["partitions"]).values()} == {"unchanged"}
    assert again.labels["rows"] == 336_776
    assert not [name for name in task_runs(again) if name.startswith("load ")]


def test_a_damaged_file_fails_alone_and_at_once(stack: Stack) -> None:
    for month in ("2013-01", "2013-02", "2013-03"):
        land(stack.landing, "flights", month, some("flights", month))
        land(stack.landing, "weather", month, some("weather", month))
    land(stack.landing, "flights", "2013-02", b"half a file")

    run = finished(ingest(return_state=True))

    assert run.state_name == "Failed"
    assert run.state
    assert run.state.message
    assert "1 of 6 partitions failed, in file://" in run.state.message
    assert "\nflights/2013-02: file://" in run.state.message
    assert "not a readable parquet file" in run.state.message
    assert "rows" not in run.labels
    assert ask(
        stack.warehouse, "SELECT DISTINCT source_partition AS month FROM flights ORDER BY 1"
    ) == [
        {"month": "2013-01"},
        {"month": "2013-03"},
    ]
    assert core.rows_in(stack.warehouse, "weather") == 120
    outcomes = happened(artifacts(run)["partitions"])
    assert outcomes["flights/2013-02"] == ("failed", 0)
    assert outcomes["weather/2013-02"] == ("loaded", 40)
    assert task_runs(run)["check flights/2013-02"].run_count == 1

    land(stack.landing, "flights", "2013-02", some("flights", "2013-02"))
    mended = finished(ingest(return_state=True))
    assert mended.labels["rows"] == 120
    loaded = [
        name
        for name, (what, _) in happened(artifacts(mended)["partitions"]).items()
        if what == "loaded"
    ]
    assert loaded == ["flights/2013-02"]


def test_bytes_that_are_no_text_keep_no_other_month_out(stack: Stack) -> None:
    raw = pa.array([b"IAH", b"Montr\xe9al", b"MIA"], pa.binary())
    latin = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    for month in ("2013-01", "2013-02", "2013-03"):
        land(stack.landing, "flights", month, some("flights", month, 3))
    land(stack.landing, "flights", "2013-02", put(some("flights", "2013-02", 3), "dest", latin))
    run = finished(ingest(return_state=True))
    assert run.state
    assert run.state.message == (
        f"1 of 3 partitions failed, in {stack.landing.url}\n"
        f"flights/2013-02: {stack.landing.url}/flights/2013-02.parquet: "
        "dest: a value is not UTF-8 (row 1)"
    )
    assert task_runs(run)["check flights/2013-02"].run_count == 1
    assert core.rows_in(stack.warehouse, "flights") == 6


def test_of_a_month_each_table_is_told_of_by_itself(stack: Stack) -> None:
    raw = pa.array([b"EWR", b"\xe9WR", b"JFK"], pa.binary())
    latin = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    land(stack.landing, "flights", "2013-02", some("flights", "2013-02", 3))
    land(stack.landing, "weather", "2013-02", put(some("weather", "2013-02", 3), "origin", latin))
    run = finished(ingest(return_state=True))
    assert run.state
    assert run.state.message
    assert run.state.message.splitlines()[1:] == [
        f"weather/2013-02: {stack.landing.url}/weather/2013-02.parquet: "
        "origin: a value is not UTF-8 (row 1)"
    ]
    assert happened(artifacts(run)["partitions"]) == {
        "flights/2013-02": ("loaded", 3),
        "weather/2013-02": ("failed", 0),
    }
    assert core.rows_in(stack.warehouse, "flights") == 3

    # And where it is the warehouse that does not take one of them.
    with stack.warehouse.writer() as door:
        door.ask(
            "CREATE TABLE aviation.weather "
            "(source_partition VARCHAR, source_sha256 VARCHAR, visib VARCHAR)"
        )
    land(stack.landing, "flights", "2013-02", some("flights", "2013-02", 2))
    land(stack.landing, "weather", "2013-02", some("weather", "2013-02", 3))
    run = finished(ingest(return_state=True))
    assert happened(artifacts(run)["partitions"]) == {
        "flights/2013-02": ("loaded", 2),
        "weather/2013-02": ("failed", 0),
    }
    assert core.rows_in(stack.warehouse, "flights") == 2


def test_many_bad_files_fit_a_screen(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    months = [f"19{year}-{month:02}" for year in (90, 91) for month in range(1, 13)]
    for month in months:
        land(stack.landing, "flights", month, b"not parquet")
    run = finished(ingest(return_state=True))
    assert run.state
    assert run.state.message
    lines = run.state.message.splitlines()
    assert lines[0].startswith("24 of 24 partitions failed, in file://")
    assert lines[-1] == "and 19 more: the artifact `partitions` has all of them"
    assert len(lines) == 7
    assert max(map(len, lines)) < 600
    told = json.loads(artifacts(run)["partitions"])
    assert [row["partition"] for row in told] == [f"flights/{month}" for month in months]
    assert all("not a readable parquet file" in row["problem"] for row in told)
    assert "Traceback" not in caplog.text


def test_all_that_landed_is_told_of_and_what_has_gone(stack: Stack) -> None:
    for month in ("2013-01", "2013-02"):
        land(stack.landing, "flights", month, some("flights", month, 3))
    ingest()
    folder = Path(stack.landing.url.removeprefix("file://"))
    (folder / "flights/2013-02.parquet").rename(folder / "flights/february.parquet")
    (folder / "notes.txt").touch()
    run = finished(ingest(return_state=True))
    assert run.state
    assert run.state.message == (
        f"1 of 4 partitions failed, in {stack.landing.url}\n"
        "flights/february.parquet: the name is no month like 2013-01"
    )
    assert happened(artifacts(run)["partitions"]) == {
        "flights/2013-01": ("unchanged", 3),
        "flights/2013-02": ("kept", 3),
        "flights/february.parquet": ("failed", 0),
        "notes.txt": ("passed over", 0),
    }
    assert core.rows_in(stack.warehouse, "flights") == 6


def test_rows_whose_file_has_gone_are_removed_where_that_is_declared(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "FILE_GONE", "remove")
    for month in ("2013-01", "2013-02"):
        land(stack.landing, "flights", month, some("flights", month, 3))
        land(stack.landing, "weather", month, some("weather", month, 3))
    ingest()
    folder = Path(stack.landing.url.removeprefix("file://"))
    (folder / "flights/2013-02.parquet").unlink()
    shutil.rmtree(folder / "weather")  # all of it: rather out of reach than withdrawn
    run = finished(ingest(return_state=True))
    assert happened(artifacts(run)["partitions"]) == {
        "flights/2013-01": ("unchanged", 3),
        "flights/2013-02": ("removed", 3),
        "weather/2013-01": ("kept", 3),
        "weather/2013-02": ("kept", 3),
    }
    assert core.rows_in(stack.warehouse, "flights") == 3
    assert core.rows_in(stack.warehouse, "weather") == 6


def test_rows_loaded_and_rows_held_are_told_apart(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    land(stack.landing, "flights", "2013-01", some("flights", "2013-01", 3))
    assert ingest() == {"loaded": 3, "held": 3}
    land(stack.landing, "flights", "2013-02", some("flights", "2013-02", 4))
    state = ingest(return_state=True)
    assert state.result() == {"loaded": 4, "held": 7}
    told = json.loads(artifacts(finished(state))["tables"])
    assert told == [{"table": "flights", "rows loaded": 4, "rows held": 7}]
    assert "flights: 4 rows loaded, 7 held in duckdb://" in caplog.text
    assert "flights/2013-02: 4 rows loaded" in caplog.text
    assert "flights/2013-01: 3 rows, as the warehouse has them" in caplog.text
    assert sorted(task_runs(finished(state))) == [
        "check flights/2013-01",
        "check flights/2013-02",
        "list what landed",
        "load 2013-02",
        "read the ledger",
    ]


def test_only_the_months_asked_for_are_looked_at(stack: Stack) -> None:
    run = finished(ingest(months=["2013-02"], sample=True, return_state=True))
    assert sorted(happened(artifacts(run)["partitions"])) == [
        "airlines/all",
        "airports/all",
        "flights/2013-02",
        "planes/all",
        "weather/2013-02",
    ]
    assert stack.landing.keys("flights") == ["2013-02"]
    assert run.labels["rows"] == 24_951


def test_a_month_that_has_not_landed_fails_by_name(stack: Stack) -> None:
    land(stack.landing, "flights", "2013-01", some("flights", "2013-01"))
    run = finished(ingest(months=["2013-09"], return_state=True))
    assert run.state
    assert run.state.message
    assert "2 of 2 partitions failed" in run.state.message
    assert "nothing has landed there" in run.state.message


def test_an_empty_landing_is_an_error_not_a_success(stack: Stack) -> None:
    state = ingest(return_state=True)
    with pytest.raises(FileNotFoundError, match="nothing has landed in file://"):
        state.result()


def test_a_bucket_of_its_own_endpoint_is_ingested_with_the_same_code(
    s3: Landing, warehouse: Warehouse, register: Callable[[Landing, Warehouse], None]
) -> None:
    bucket = Landing(f"{s3.url}/flow", s3.options)
    register(bucket, warehouse)
    land(bucket, "flights", "2013-01", some("flights", "2013-01"))
    land(bucket, "flights", "2013-02", b"damaged")
    run = finished(ingest(return_state=True))
    assert run.state
    assert run.state.message
    assert "flights/2013-02: s3://landing/raw/flow/flights/2013-02.parquet: " in run.state.message
    assert "made-up" not in run.state.message
    assert core.rows_in(warehouse, "flights") == 40


def test_a_busy_database_is_waited_for(
    stack: Stack,
    another_process_writes: Held,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ingest_flow.look_up, "retry_delay_seconds", [0.0] * 6)
    land(stack.landing, "flights", "2013-01", some("flights", "2013-01"))
    with another_process_writes(stack.warehouse) as holder:
        monkeypatch.setattr(ingest_flow.look_up, "retry_condition_fn", killing(holder))
        run = finished(ingest(return_state=True))
    assert run.labels["rows"] == 40
    waited = task_runs(run)["read the ledger"]
    assert waited.run_count == 2


def test_a_network_that_fails_once_is_tried_again(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(stack.landing, "flights", "2013-01", some("flights", "2013-01"))
    monkeypatch.setattr(ingest_flow.check, "retry_delay_seconds", [0, 0, 0])
    answers: list[Any] = [ConnectionResetError("peer went away"), Landing.read]

    def flaky(landing: Landing, table: str, key: str) -> bytes:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        content: bytes = answer(landing, table, key)
        return content

    monkeypatch.setattr(Landing, "read", flaky)
    run = finished(ingest(return_state=True))
    assert run.labels["rows"] == 40
    assert task_runs(run)["check flights/2013-01"].run_count == 2


@pytest.mark.parametrize(
    "months", [["2013-13"], ["2013-1"], ["january"], ["\uff12\uff10\uff11\uff13-01"], ["2013-01\n"]]
)
def test_a_month_is_written_like_2013_01(prefect_server: None, months: list[str]) -> None:
    with pytest.raises(ParameterTypeError):
        ingest(months=months)
