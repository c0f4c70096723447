"""Tokens, by the metadata server; secrets, with them: asked by Google's own library."""

import base64
from dataclasses import replace

import google.auth.transport.requests
import google_auth_httplib2
import httpx
import pytest
from google.auth import compute_engine
from google.auth.compute_engine import _metadata

from tests.live.proxy import listening
from tests.story.conftest import ACCESSOR, AGENT, KEY, PARENT, PROJECT, READS_KEY, RUNNER, STRANGER
from tests.story.google.metadata import Metadata

NAME = f"{PARENT}/jobs/df-dev-hello"
HEADERS = {"Metadata-Flavor": "Google"}


@pytest.fixture
def metadata(google, monkeypatch):
    """The machine of the agent: what google-auth takes for the one that it runs on."""
    server = Metadata(google.identities, AGENT, PROJECT)
    with listening(server.answer) as root:
        host = root.removeprefix("http://")
        monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", host)  # read when it is imported
        monkeypatch.setenv("GCE_METADATA_IP", host)
        yield root


def ask(root, path, headers=HEADERS):
    return httpx.get(f"{root}/computeMetadata/v1/{path}", headers=headers)


def secret(google, email, name=f"{KEY}/versions/1"):
    headers = {"Authorization": f"Bearer {google.identities.token(email).value}"}
    asked = type("Asked", (), {"method": "GET", "path": f"/v1/{name}:access", "headers": headers})
    return google.secrets.answer(asked)


def test_googles_library_finds_out_where_and_who_it_is(metadata):
    request = google.auth.transport.requests.Request()
    assert _metadata.ping(request)
    assert _metadata.get_project_id(request) == PROJECT
    assert _metadata.get_service_account_info(request)["email"] == AGENT
    credentials = compute_engine.Credentials()
    credentials.refresh(request)
    assert credentials.service_account_email == AGENT


def test_a_token_that_no_longer_holds_is_renewed_by_googles_client(google, metadata):
    credentials = compute_engine.Credentials()
    jobs = google.built(google_auth_httplib2.AuthorizedHttp(credentials))
    jobs = jobs.projects().locations().jobs()
    run = google.cloud_run
    run.grants.give(f"projects/{PROJECT}", "roles/run.viewer", f"serviceAccount:{AGENT}")
    assert jobs.list(parent=PARENT).execute() == {}
    google.identities.revoke()
    jobs.list(parent=PARENT).execute()
    assert [each.code for each in run.asked] == [200, 401, 200]


def test_who_does_not_say_that_he_means_it_gets_no_token(metadata):
    token = "instance/service-accounts/default/token"
    assert ask(metadata, token).json()["token_type"] == "Bearer"
    assert ask(metadata, token, {}).status_code == 403
    assert ask(metadata, token, HEADERS | {"X-Forwarded-For": "10.0.0.1"}).status_code == 403


def test_a_machine_gives_tokens_of_its_own_account_only(metadata):
    assert ask(metadata, f"instance/service-accounts/{RUNNER}/token").status_code == 404
    assert ask(metadata, f"instance/service-accounts/{AGENT}/email").text == AGENT
    assert ask(metadata, "instance/attributes/user-data").status_code == 404


def test_a_token_is_given_again_until_it_is_nearly_over(google, metadata):
    def token():
        return ask(metadata, "instance/service-accounts/default/token").json()["access_token"]

    first = token()
    assert token() == first
    [kept] = google.identities.tokens
    google.identities.tokens[kept] = replace(google.identities.tokens[kept], until=0)
    assert token() != first


def test_an_account_that_is_gone_has_no_token_and_its_old_ones_are_nobodys(google, metadata):
    token = ask(metadata, "instance/service-accounts/default/token").json()["access_token"]
    google.identities.emails.remove(AGENT)
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{google.root}/v2/{NAME}", headers=headers).status_code == 401


def test_a_token_holds_for_its_time(google):
    google.identities.lifetime = -1
    assert secret(google, RUNNER).status_code == 401


def test_who_may_reads_a_secret(google):
    told = secret(google, RUNNER).json()
    assert told["name"] == f"{KEY}/versions/1"
    assert base64.b64decode(told["payload"]["data"]) == b"pnu_the_right_key"
    assert secret(google, RUNNER, f"{KEY}/versions/latest").json() == told


@pytest.mark.parametrize("name", [f"{KEY}/versions/1", f"projects/{PROJECT}/secrets/x/versions/1"])
def test_who_may_not_does_not_hear_whether_there_is_one(google, name):
    told = secret(google, STRANGER, name)
    assert told.status_code == 403
    assert told.json()["error"]["message"] == (
        f"Permission 'secretmanager.versions.access' denied for resource '{name}' (or it may not"
        " exist)."
    )


def test_a_secret_whose_grant_is_gone_is_closed(google):
    google.grants.take(*READS_KEY)
    assert secret(google, RUNNER).status_code == 403


def test_a_version_that_is_not_there_or_not_open_is_refused(google):
    assert secret(google, RUNNER, f"{KEY}/versions/2").status_code == 404
    assert secret(google, RUNNER, f"{KEY}/versions/0").status_code == 404
    google.grants.give(
        other := f"projects/{PROJECT}/secrets/x", ACCESSOR, f"serviceAccount:{RUNNER}"
    )
    assert secret(google, RUNNER, f"{other}/versions/latest").status_code == 404
    google.secrets.disabled.add(f"{KEY}/versions/1")
    told = secret(google, RUNNER)
    assert (told.status_code, told.json()["error"]["status"]) == (400, "FAILED_PRECONDITION")
    google.secrets.versions[KEY][0] = None
    assert "is in DESTROYED state" in secret(google, RUNNER).json()["error"]["message"]
