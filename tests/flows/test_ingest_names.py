"""Which files are partitions; and nothing lands unseen."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.ingest import core, tables
from flows.landing import Landing
from flows.warehouse import Warehouse
from tests.flows.slices import ask, bring_in, land, some

FLIGHTS = some("flights", "2013-01", 3)
NO_MONTH = "the name is no month like 2013-01"


def put(landing: Landing, path: str, content: bytes = b"") -> None:
    where = Path(landing.url.removeprefix("file://"), path)
    where.parent.mkdir(parents=True, exist_ok=True)
    if content:
        where.write_bytes(content)
    else:
        pq.write_table(FLIGHTS, where)


def seen(landing: Landing, months: list[str] | None = None) -> dict[str, tuple[str, bool]]:
    strangers = core.look(landing, months or ()).strangers
    return {each.path: (each.problem, each.failed) for each in strangers}


@pytest.mark.parametrize(
    "name",
    [
        *(
            "2013-1",
            "2013-001",
            "2013-0_1",
            "+2013-01",
            " 2013-01",
            "\uff12\uff10\uff11\uff13-01",
            "2013-01\n",
        ),
        *("2013-13", "2013-00", "2013-01-15", "january", "201301", "2013-01_20130210"),
        *("2013-01 (1)", "2013-01.snappy", "2013-01.corrected"),
    ],
)
def test_a_month_has_one_name(landing: Landing, warehouse: Warehouse, name: str) -> None:
    for path in ("flights/2013-01.parquet", f"flights/{name}.parquet"):
        put(landing, path)
    problem, failed = seen(landing)[f"flights/{name}.parquet"]
    assert problem.startswith(NO_MONTH)
    assert failed
    assert bring_in(landing, warehouse) == ["flights/2013-01"]
    assert core.rows_in(warehouse, "flights") == 3


def test_the_month_that_was_meant_is_guessed(landing: Landing) -> None:
    put(landing, "flights/2013-1.parquet")
    [(problem, _)] = seen(landing).values()
    assert problem == f"{NO_MONTH}: write 2013-01.parquet, if it is that month"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("flights/2013-02.PARQUET", "not in its place: flights/<month>.parquet"),
        ("flights/2013-02.parq", "not in its place: flights/<month>.parquet"),
        ("flights/2013-02.parquet.gz", "not in its place: flights/<month>.parquet"),
        ("flights/2013/2013-02.parquet", "not in its place: flights/<month>.parquet"),
        ("flights/year=2013/month=02/part-0.parquet", "not in its place: flights/<month>.parquet"),
        ("flights/[2013]/*?#%20.parquet", "not in its place: flights/<month>.parquet"),
        ("airlines/old/all.parquet", "not in its place: airlines/all.parquet"),
        ("airlines/2013-02.parquet", "the name is no snapshot: it is called all, or like 2013-01-"),
        ("airlines/2013-02-31.parquet", "the name is no snapshot"),
        ("Flights/2013-02.parquet", "not in its place: the table's folder is flights"),
        ("2013-02.parquet", "passed over: it is in no table's folder"),
    ],
)
def test_data_in_another_place_fails_by_name(landing: Landing, path: str, problem: str) -> None:
    put(landing, "flights/2013-01.parquet")
    put(landing, path)
    [(where, (told, failed))] = seen(landing).items()
    assert (where, failed) == (path, True)
    assert told.startswith(problem)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("flights/2013-02.csv", "flights/2013-02.csv"),
        ("flights/read me.txt", "flights/read me.txt"),
        ("flights/_temporary/0/part-0.parquet", "flights/_temporary/0/part-0.parquet"),
        ("gates/2013-02.parquet", "gates/"),
        ("notes.txt", "notes.txt"),
    ],
)
def test_what_may_be_no_data_is_passed_over_aloud(landing: Landing, path: str, shown: str) -> None:
    put(landing, path, b"anything")
    [(where, (problem, failed))] = seen(landing).items()
    assert (where, failed) == (shown, False)
    assert problem.startswith("passed over: ")


def test_what_writers_leave_for_themselves_is_no_news(landing: Landing) -> None:
    for path in ("flights/.2013-01-half", "flights/_SUCCESS", "flights/._x.parquet", ".DS_Store"):
        put(landing, path, b"anything")
    assert seen(landing) == {}


def test_a_folder_called_like_a_month_is_one_stranger(landing: Landing) -> None:
    for part in ("part-0.snappy.parquet", "part-1.snappy.parquet", ".part-0.crc", "_SUCCESS"):
        put(landing, f"flights/2013-02.parquet/{part}")
    told = {"flights/2013-02.parquet": ("a folder of 2 files: land one file", True)}
    assert seen(landing) == told
    assert seen(landing, ["2013-02"]) == told
    assert [str(each) for each in core.look(landing, ["2013-02"]).partitions] == ["weather/2013-02"]


def test_of_a_bucket_all_is_told_too(s3: Landing) -> None:
    import boto3

    bucket = Landing("s3://landing/strange", s3.options)
    client = boto3.client(
        "s3",
        endpoint_url=s3.options["endpoint_url"],
        aws_access_key_id=s3.options["key"],
        aws_secret_access_key=s3.options["secret"],
        region_name="us-east-1",
    )
    in_another_place = "not in its place: flights/<month>.parquet, as 2013-01.parquet"
    strange = {
        "flights/2013-02.PARQUET": (in_another_place, True),
        "flights/year=2013/month=02/part-0.parquet": (in_another_place, True),
        "Flights/2013-02.parquet": ("not in its place: the table's folder is flights", True),
        "2013-02.parquet": ("passed over: it is in no table's folder", True),
    }
    folder = "flights/2013-03.parquet"
    parts = [f"{folder}/{part}" for part in ("part-0.parquet", "part-1.parquet", "_SUCCESS")]
    markers = ["", "flights/", f"{folder}/", "weather/"]  # by which stores remember a folder
    for path in ("flights/2013-01.parquet", *strange, *parts, *markers):
        client.put_object(Bucket="landing", Key=f"strange/{path}", Body=b"")
    strange[folder] = ("a folder of 2 files: land one file", True)
    assert seen(bucket) == strange
    assert [str(each) for each in core.look(bucket).partitions] == ["flights/2013-01"]


def test_of_the_months_asked_for_every_file_is_told(landing: Landing) -> None:
    for path in ("flights/2013-02.PARQUET", "flights/january.parquet"):
        put(landing, path)
    assert list(seen(landing, ["2013-02"])) == ["flights/2013-02.PARQUET"]


@pytest.mark.parametrize(
    "month", ["2013-1", "2013-13", "\uff12\uff10\uff11\uff13-01", "2013-01\n", "*"]
)
def test_a_month_that_is_none_cannot_be_asked_for(landing: Landing, month: str) -> None:
    with pytest.raises(core.PartitionError, match="no month like 2013-01"):
        core.look(landing, [month])


def test_the_snapshot_called_all_counts_and_without_one_the_newest(
    landing: Landing, warehouse: Warehouse
) -> None:
    airlines = some("airlines", count=2)
    for key in ("2013-02-28", "2013-01-31"):
        land(landing, "airlines", key, airlines)
    assert bring_in(landing, warehouse) == ["airlines/2013-02-28"]
    land(landing, "airlines", "2013-03-31", airlines.slice(0, 1))
    assert bring_in(landing, warehouse) == ["airlines/2013-03-31"]
    assert core.rows_in(warehouse, "airlines") == 1
    land(landing, "airlines", "all", airlines)
    assert bring_in(landing, warehouse) == ["airlines/all"]
    assert bring_in(landing, warehouse) == []
    assert core.rows_in(warehouse, "airlines") == 2
    assert seen(landing)["airlines/2013-03-31.parquet"] == (
        "an older snapshot: airlines/all is the one taken",
        False,
    )


NAMES = ["GateChanges", "vôos", "Preços de passagens", "gate-changes", "order", "2013", "a.b", "日"]


@pytest.mark.parametrize("name", [*NAMES, "[raw]", "voos*", "données#1", 'a"b'])
def test_a_table_may_be_called_as_its_team_likes(
    landing: Landing, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(tables, "MONTHLY", (*tables.MONTHLY, name))
    monkeypatch.setitem(tables.SCHEMAS, name, tables.SCHEMAS["flights"])
    land(landing, name, "2013-01", FLIGHTS)
    assert bring_in(landing, warehouse) == [f"{name}/2013-01"]
    assert bring_in(landing, warehouse) == []
    assert core.rows_in(warehouse, name) == 3
    assert ask(warehouse, "SELECT table_name FROM duckdb_tables()") == [{"table_name": name}]


@pytest.mark.parametrize("name", [*NAMES, "Ano", "a#b", 'a"b'])
def test_a_column_may_be_called_as_its_team_likes(
    landing: Landing, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    land(landing, "flights", "2013-01", FLIGHTS)
    assert bring_in(landing, warehouse) == ["flights/2013-01"]
    values = ["a", "b", None]
    for table, rows in (("flights", FLIGHTS), ("airlines", some("airlines", count=3))):
        declared = pa.schema([*tables.SCHEMAS[table], pa.field(name, pa.string())])
        monkeypatch.setitem(tables.SCHEMAS, table, declared)
        key = "2013-01" if table == "flights" else "all"
        land(landing, table, key, rows.append_column(name, pa.array(values)))
    assert bring_in(landing, warehouse) == ["flights/2013-01", "airlines/all"]
    assert bring_in(landing, warehouse) == []
    for table in ("flights", "airlines"):
        found = ask(warehouse, f"SELECT * FROM {table}")  # noqa: S608
        assert [row[name] for row in found] == values
