"""Replacing a partition is one step: whenever the process dies, and whoever looks meanwhile."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from flows.ingest import core
from flows.landing import Landing
from flows.warehouse import Warehouse
from flows.warehouse.on_duckdb import path_of
from tests.flows.slices import ask, bring_in, land, put, some

ROOT = Path(__file__).parents[2]

# Dies before the statement that starts so, as a run does whose machine goes away.
DIE_BEFORE = """
import os, signal, sys
import duckdb
from flows.warehouse import on_duckdb

class Dying:
    def __init__(self, connection): self.connection = connection
    def __getattr__(self, name):
        if name == sys.argv[3]:
            os.kill(os.getpid(), signal.SIGKILL)
        return getattr(self.connection, name)
    def execute(self, sql, *told):
        if sql.startswith(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        return self.connection.execute(sql, *told)

door = on_duckdb.DuckDb
on_duckdb.DuckDb = lambda connection, path: door(Dying(connection), path)
"""
BRING_IN = """
import sys
from tests.flows.slices import *
bring_in(Landing(sys.argv[1]), Warehouse(sys.argv[2]))
"""


def start(code: str, landing: Landing, warehouse: Warehouse, *told: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code, landing.url, warehouse.url, *told], cwd=ROOT
    )


def january(landing: Landing, number: int, rows: int = 40) -> None:
    """A January whose flights all have one number, to tell its states apart."""
    flights = some("flights", "2013-01", rows)
    land(landing, "flights", "2013-01", put(flights, "flight", pa.array([number] * rows)))


def numbers(warehouse: Warehouse) -> list[tuple[int, int]]:
    found = ask(warehouse, "SELECT flight, COUNT(*) AS n FROM flights WHERE month = 1 GROUP BY 1")
    return [(row["flight"], row["n"]) for row in found]


@pytest.mark.parametrize("moment", ["ALTER TABLE", "DELETE FROM", "register", "INSERT", "commit"])
def test_a_run_that_dies_leaves_the_old_month(
    landing: Landing, warehouse: Warehouse, moment: str
) -> None:
    january(landing, 1)
    land(landing, "flights", "2013-02", some("flights", "2013-02"))
    bring_in(landing, warehouse)
    with duckdb.connect(path_of(warehouse.url)) as database:  # so that there is something to alter
        database.execute("ALTER TABLE aviation.flights DROP COLUMN tailnum")
    january(landing, 2)
    assert start(DIE_BEFORE + BRING_IN, landing, warehouse, moment).wait() == -signal.SIGKILL
    assert numbers(warehouse) == [(1, 40)]
    assert bring_in(landing, warehouse) == ["flights/2013-01"]
    assert numbers(warehouse) == [(2, 40)]
    assert core.rows_in(warehouse, "flights") == 80


def test_whoever_looks_sees_one_whole_month_whenever_a_run_is_killed(
    landing: Landing, warehouse: Warehouse
) -> None:
    january(landing, 0, rows=4000)
    bring_in(landing, warehouse)
    dice = random.Random(2013)  # noqa: S311
    seen, kills = set(), int(os.environ.get("KILLS", "5"))
    for number in range(1, kills + 1):
        january(landing, number, rows=4000)
        run = start(BRING_IN, landing, warehouse)
        ends = time.monotonic() + dice.uniform(0.3, 2.0)
        while run.poll() is None and time.monotonic() < ends:
            seen.update(glimpse(warehouse))
        run.kill()
        run.wait()
        after = numbers(warehouse)
        assert len(after) == 1
        seen.update(after)
    assert {rows for _, rows in seen} == {4000}


def glimpse(warehouse: Warehouse) -> list[tuple[int, int]]:
    """What a reader sees who comes by just now: nothing, while the file is held by a writer."""
    try:
        found = numbers(warehouse)
    except RuntimeError:
        return []
    assert len(found) == 1, f"January was {found}"
    return found


def test_what_is_reported_is_what_happened_to_each_table(
    landing: Landing, warehouse: Warehouse
) -> None:
    for table in ("flights", "weather"):
        land(landing, table, "2013-01", some(table, "2013-01"))
    bring_in(landing, warehouse)
    with duckdb.connect(path_of(warehouse.url)) as database:
        database.execute(
            "DROP TABLE aviation.weather; CREATE VIEW aviation.weather AS SELECT 1 AS x"
        )
    files = [
        core.check(landing, core.Partition("2013-01", table), {})
        for table in ("weather", "flights")
    ]
    refused = core.load(warehouse, files)
    assert [str(each) for each in refused] == ["weather/2013-01"]
    assert core.rows_in(warehouse, "flights") == 40
