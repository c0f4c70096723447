"""A stand-in for BigQuery's REST API, as far as the warehouse uses it, with DuckDB behind it.

It is strict where BigQuery is: datasets and tables must exist, a script is one job and all of it
is undone where a statement of it fails, and DDL has no place in a transaction.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from io import BytesIO
from threading import Lock
from typing import Any
from urllib.parse import unquote

import duckdb
import httpx
import pyarrow.parquet as pq

from tests.live.proxy import Asked, listening

TYPES = {"STRING": "VARCHAR", "INTEGER": "BIGINT", "FLOAT": "DOUBLE", "TIMESTAMP": "TIMESTAMPTZ"}
NAMES = {"VARCHAR": "STRING", "BIGINT": "INTEGER", "DOUBLE": "FLOAT"}
IN_DDL = {"STRING": "VARCHAR", "INT64": "BIGINT", "FLOAT64": "DOUBLE"}


class Answer(Exception):
    """What BigQuery says when it does not do something."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        self.status, self.reason, self.message = status, reason, message


class Store:
    def __init__(self) -> None:
        self.database = duckdb.connect()
        self.database.execute("SET TimeZone = 'UTC'")
        self.jobs: dict[str, dict[str, Any]] = {}
        self.scripts: list[str] = []
        self.failing: list[Answer] = []  # what the next jobs answer
        self.lock = Lock()

    def has(self, dataset: str) -> bool:
        asked = "SELECT 1 FROM duckdb_schemas() WHERE schema_name = ?"
        return self.database.execute(asked, [dataset]).fetchone() is not None

    def fields(self, dataset: str, table: str) -> list[dict[str, str]]:
        asked = (
            "SELECT column_name, data_type, is_nullable FROM duckdb_columns() "
            "WHERE schema_name = ? AND table_name = ? ORDER BY column_index"
        )
        found = self.database.execute(asked, [dataset, table]).fetchall()
        if not found:
            raise Answer(404, "notFound", f"Not found: Table {dataset}.{table}")
        return [
            {
                "name": name,
                "type": NAMES.get(type_, "TIMESTAMP"),
                "mode": "NULLABLE" if nullable else "REQUIRED",
            }
            for name, type_, nullable in found
        ]

    def query(self, job: dict[str, Any]) -> dict[str, Any]:
        told = job["configuration"]["query"]
        if self.failing:
            raise self.failing.pop(0)
        self.scripts.append(told["query"])
        dataset = told["defaultDataset"]["datasetId"]
        if not self.has(dataset):
            raise Answer(404, "notFound", f"Not found: Dataset {dataset}")
        parameters = {
            each["name"]: each["parameterValue"]["value"]
            for each in told.get("queryParameters", ())
        }
        sql = re.sub(r"`[^`.]+\.([^`.]+)\.([^`.]+)`", r'"\1"."\2"', told["query"]).replace("`", '"')
        sql = re.sub(r"@(\w+)", r"$\1", sql)
        for name, type_ in IN_DDL.items():
            sql = re.sub(rf"\b{name}\b", type_, sql)
        answer = None
        try:
            self.database.execute(f'USE "{dataset}"')
            for each in filter(None, (part.strip() for part in sql.split(";"))):
                used = {key: value for key, value in parameters.items() if f"${key}" in each}
                answer = self.database.execute(each, used or None)
        except duckdb.CatalogException as missing:
            raise Answer(404, "notFound", f"Not found: {missing}") from missing
        except duckdb.Error as error:
            if "BEGIN" in sql:
                self.database.execute("ROLLBACK")
            raise Answer(400, "invalidQuery", str(error)) from error
        columns = (answer.description if answer else None) or []
        rows = answer.fetchall() if answer and columns else []
        return {
            "schema": {
                "fields": [
                    {"name": name, "type": "INTEGER" if "INT" in str(type_) else "STRING"}
                    for name, type_, *_ in columns
                ]
            },
            "rows": [{"f": [{"v": None if v is None else str(v)} for v in row]} for row in rows],
            "totalRows": str(len(rows)),
        }

    def load(self, job: dict[str, Any], content: bytes) -> dict[str, Any]:
        into = job["configuration"]["load"]["destinationTable"]
        self.fields(into["datasetId"], into["tableId"])
        rows = pq.read_table(BytesIO(content))
        self.database.register("landed", rows)
        table = f'"{into["datasetId"]}"."{into["tableId"]}"'
        self.database.execute(f"INSERT INTO {table} BY NAME SELECT * FROM landed")  # noqa: S608
        return {}


class Api:
    """What the store answers, over HTTP. Whose project it is is for others to ask."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def answer(self, asked: Asked) -> httpx.Response:
        project, _, path = asked.path.partition("?")[0].partition("/projects/")[2].partition("/")
        with self.store.lock:
            try:
                return httpx.Response(200, json=self.told(asked, project, path))
            except Answer as problem:
                errors = [{"reason": problem.reason, "message": problem.message}]
                told = {"code": problem.status, "message": problem.message, "errors": errors}
                return httpx.Response(problem.status, json={"error": told})

    def told(self, asked: Asked, project: str, path: str) -> dict[str, Any]:
        body = asked.body
        match asked.method, [unquote(part) for part in path.split("/")]:
            case "GET", ["datasets", dataset]:
                if not self.store.has(dataset):
                    raise Answer(404, "notFound", f"Not found: Dataset {dataset}")
                return {"datasetReference": {"projectId": project, "datasetId": dataset}}
            case "POST", ["datasets"]:
                made: dict[str, Any] = json.loads(body)
                self.store.database.execute(
                    f"CREATE SCHEMA {made['datasetReference']['datasetId']}"
                )
                return made
            case "GET", ["datasets", dataset, "tables", table]:
                reference = {"projectId": project, "datasetId": dataset, "tableId": table}
                fields = self.store.fields(dataset, table)
                return {"tableReference": reference, "schema": {"fields": fields}}
            case "POST", ["datasets", dataset, "tables"]:
                made = json.loads(body)
                assert int(made["expirationTime"]) > 0
                columns = ", ".join(
                    f'"{each["name"]}" {TYPES.get(each["type"]) or IN_DDL[each["type"]]}'
                    for each in made["schema"]["fields"]
                )
                table = made["tableReference"]["tableId"]
                self.store.database.execute(f'CREATE TABLE "{dataset}"."{table}" ({columns})')
                return made
            case "DELETE", ["datasets", dataset, "tables", table]:
                self.store.database.execute(f'DROP TABLE "{dataset}"."{table}"')
                return {}
            case "POST", ["jobs"]:
                return self.job(asked, project)
            case "GET", ["jobs", job]:
                return self.store.jobs[job]
            case "GET", ["queries", job]:
                return self.store.jobs[job]["answer"]
        raise Answer(501, "notImplemented", f"{asked.method} {asked.path}")

    def job(self, asked: Asked, project: str) -> dict[str, Any]:
        content, body = b"", asked.body
        if asked.path.startswith("/upload/"):
            named = {name.lower(): value for name, value in asked.headers.items()}
            head = f"Content-Type: {named['content-type']}\r\n\r\n".encode()
            first, second = message_from_bytes(head + body).get_payload()
            told = json.loads(first.get_payload(decode=True))
            content = second.get_payload(decode=True)
        else:
            told = json.loads(body)
        name = told["jobReference"]["jobId"]
        answer = self.store.load(told, content) if content else self.store.query(told)
        reference = {"projectId": project, "jobId": name, "location": "EU"}
        told |= {"id": name, "jobReference": reference, "status": {"state": "DONE"}}
        told["answer"] = answer | {"jobComplete": True, "jobReference": reference}
        told["statistics"] = {"query": {"statementType": "SELECT"}}
        self.store.jobs[name] = told
        return told


@contextmanager
def served() -> Iterator[tuple[str, Store]]:
    """The address of the API, and what is behind it."""
    store = Store()
    with listening(Api(store).answer) as address:
        yield address, store
