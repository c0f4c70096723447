"""BigQuery: the tests' own stand-in behind the grants of the stand-in Google."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.flows.bigquery import Api, Store
from tests.live.proxy import Asked
from tests.story.google.answers import Refused, denied, not_stood_in
from tests.story.google.grants import Grants
from tests.story.google.identities import Identities
from tests.story.google.routes import called, sent

HOST = "bigquery.googleapis.com"
_ON_A_DATASET = {
    "bigquery.datasets.get": "bigquery.datasets.get",
    "bigquery.tables.delete": "bigquery.tables.delete",
    "bigquery.tables.get": "bigquery.tables.get",
    "bigquery.tables.insert": "bigquery.tables.create",
}
_OF_A_JOB = ("bigquery.jobs.get", "bigquery.jobs.getQueryResults")  # whoever made it may


@dataclass
class BigQuery:
    grants: Grants
    identities: Identities
    store: Store = field(default_factory=Store)
    makers: dict[str, str] = field(default_factory=dict)  # of jobs

    def answer(self, asked: Asked) -> httpx.Response:
        try:
            self._admit(asked, self.identities.member(asked.headers))
        except Refused as error:
            return error.answer
        return Api(self.store).answer(asked)

    def have(self, datasets: set[str]) -> None:
        """These, and no other, with the tables of those that were there."""
        asked = "SELECT schema_name FROM duckdb_schemas() WHERE NOT internal"
        with self.store.lock:
            rows = self.store.database.execute(asked).fetchall()
            there = {name for (name,) in rows} - {"main"}
            for name in sorted(there - datasets):
                self.store.database.execute(f'DROP SCHEMA "{name}" CASCADE')
            for name in sorted(datasets - there):
                self.store.database.execute(f'CREATE SCHEMA "{name}"')

    def _admit(self, asked: Asked, member: str) -> None:
        path = urlsplit(asked.path).path.removeprefix("/upload")
        method, (project, *rest) = called("bigquery.v2", asked.method, path)
        if method.id in _OF_A_JOB:
            if self.makers.get(rest[0]) != member:
                raise denied("bigquery.jobs.get", f"projects/{project}/jobs/{rest[0]}")
        elif method.id == "bigquery.jobs.insert":
            self._need(member, "bigquery.jobs.create", f"projects/{project}")
            body = sent(asked)
            for permission, dataset in _touched(body["configuration"]):
                self._need(member, permission, f"projects/{project}/datasets/{dataset}")
            self.makers[body["jobReference"]["jobId"]] = member
        elif method.id in _ON_A_DATASET:
            dataset = f"projects/{project}/datasets/{rest[0]}"
            self._need(member, _ON_A_DATASET[method.id], dataset)
        else:
            raise not_stood_in(method.id)

    def _need(self, member: str, permission: str, resource: str) -> None:
        if not self.grants.may(member, permission, resource):
            raise denied(permission, resource)


def _touched(configuration: dict[str, Any]) -> set[tuple[str, str]]:
    """What a job does, and with which datasets: of a script, all that it may do with each."""
    if told := configuration.get("load"):
        return {("bigquery.tables.updateData", told["destinationTable"]["datasetId"])}
    told = configuration["query"]
    datasets = {told["defaultDataset"]["datasetId"]}
    datasets |= set(re.findall(r"`[^`.]+\.([^`.]+)\.[^`.]+`", told["query"]))
    needed = {"bigquery.tables.getData"}
    if re.search(r"\b(INSERT|DELETE|MERGE|UPDATE)\b", told["query"]):
        needed.add("bigquery.tables.updateData")
    if re.search(r"\bCREATE TABLE\b", told["query"]):
        needed.add("bigquery.tables.create")
    return {(permission, dataset) for permission in needed for dataset in datasets}
