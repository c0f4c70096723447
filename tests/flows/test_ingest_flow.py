"""The ingest as people run it: in Prefect, with damaged files and busy databases."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from prefect.exceptions import ParameterTypeError

from flows.ingest import core
from flows.ingest import flow as ingest_flow
from flows.ingest.flow import ingest
from flows.landing import Landing
from flows.warehouse import Warehouse
from tests.flows.conftest import Stack
from tests.flows.runs import artifacts, finished, task_runs
from tests.flows.slices import ask, land, some


def happened(data: str) -> dict[str, tuple[str, int]]:
    return {row["partition"]: (row["what happened"], row["rows"]) for row in json.loads(data)}


def test_the_whole_year_of_the_sample_is_336776_flights(stack: Stack) -> None:
    run = finished(ingest(sample=True, return_state=True))
    assert run.state_name == "Completed"
    assert run.labels["rows"] == 336_776
    counts = {table: core.rows_in(stack.warehouse, table) for table in core.SCHEMAS}
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
    assert "1 of 6 partitions failed. flights/2013-02: file://" in run.state.message
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
    assert "2 of 2 partitions failed. flights/2013-09" in run.state.message
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
    another_process_writes: Callable[[Warehouse, float], AbstractContextManager[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ingest_flow.look_up, "retry_delay_seconds", [0.5] * 6)
    land(stack.landing, "flights", "2013-01", some("flights", "2013-01"))
    with another_process_writes(stack.warehouse, 1):
        run = finished(ingest(return_state=True))
    assert run.labels["rows"] == 40
    [waited] = [task for name, task in task_runs(run).items() if name.startswith("look_up")]
    assert waited.run_count > 1


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


@pytest.mark.parametrize("months", [["2013-13"], ["2013-1"], ["january"], []])
def test_a_month_is_written_like_2013_01(prefect_server: None, months: list[str]) -> None:
    with pytest.raises(ParameterTypeError):
        ingest(months=months)
