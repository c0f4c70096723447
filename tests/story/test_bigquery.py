"""The stand-in BigQuery does for the ingest what the runner is granted, and nothing else."""

import pytest
from google.api_core.exceptions import Forbidden
from google.cloud import bigquery
from google.oauth2.credentials import Credentials

from flows.ingest import core
from flows.landing import Landing
from flows.warehouse import Warehouse, on_bigquery
from tests.flows.slices import bring_in, land, some
from tests.live.proxy import listening
from tests.story.conftest import PROJECT, RUNNER, STRANGER, small
from tests.story.google.bigquery import BigQuery

WAREHOUSE = Warehouse(f"bigquery://{PROJECT}/flights?location=EU")
EDITOR = "roles/bigquery.dataEditor"
MEMBER = f"serviceAccount:{RUNNER}"
JOBS = (f"projects/{PROJECT}", "roles/bigquery.jobUser", MEMBER)
DATA = (f"projects/{PROJECT}/datasets/flights", EDITOR, MEMBER)
STAGING = (f"projects/{PROJECT}/datasets/flights_staging", EDITOR, MEMBER)


@pytest.fixture
def landing(tmp_path):
    made = Landing((tmp_path / "landing").as_uri())
    land(made, "flights", "2013-01", some("flights", "2013-01"))
    return made


@pytest.fixture
def google(monkeypatch):
    made = small()
    made.grants.replace([], {})
    made.who = RUNNER
    stood = BigQuery(made.grants, made.identities)
    stood.have({"flights", "flights_staging"})

    def client(project, location):
        return bigquery.Client(
            project=project,
            location=location,
            credentials=Credentials(made.identities.token(made.who).value),
            client_options={"api_endpoint": root},
        )

    monkeypatch.setattr(on_bigquery, "client", client)
    with listening(stood.answer) as root:
        made.bigquery = stood
        yield made


def test_the_ingest_loads_with_its_three_grants(google, landing):
    for grant in (JOBS, DATA, STAGING):
        google.grants.give(*grant)
    assert bring_in(landing, WAREHOUSE) == ["flights/2013-01"]
    assert core.rows_in(WAREHOUSE, "flights") == 40
    assert {each.resource for each in google.grants.used} == {g[0] for g in (JOBS, DATA, STAGING)}


@pytest.mark.parametrize("lacking", [JOBS, DATA, STAGING], ids=lambda g: g[0].rpartition("/")[2])
def test_without_any_of_them_it_is_refused(google, landing, lacking):
    for grant in {JOBS, DATA, STAGING} - {lacking}:
        google.grants.give(*grant)
    with pytest.raises(Forbidden):
        bring_in(landing, WAREHOUSE)


def test_a_strangers_token_loads_nothing(google, landing):
    for grant in (JOBS, DATA, STAGING):
        google.grants.give(*grant)
    google.who = STRANGER
    with pytest.raises(Forbidden):
        bring_in(landing, WAREHOUSE)


def test_a_dataset_goes_with_all_that_is_in_it(google, landing):
    for grant in (JOBS, DATA, STAGING):
        google.grants.give(*grant)
    bring_in(landing, WAREHOUSE)
    google.bigquery.have(set())
    google.bigquery.have({"flights", "flights_staging"})
    assert core.rows_in(WAREHOUSE, "flights") == 0
