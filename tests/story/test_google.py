"""Google at its own names: the worker's client, as it is, finds the stand-in there."""

import socket
from types import SimpleNamespace

import httplib2
import httpx
import pytest
from google.auth import compute_engine
from google.auth.compute_engine import _metadata
from googleapiclient.errors import HttpError
from prefect_gcp.workers.cloud_run_v2 import CloudRunWorkerV2

from tests.live.proxy import listening
from tests.story.conftest import AGENT, KEY, PARENT, PROJECT, RUNNER, job, small
from tests.story.google.authority import Authority

NAMES = ["run.googleapis.com", "secretmanager.googleapis.com", "pubsub.googleapis.com"]


@pytest.fixture
def there(tmp_path, monkeypatch):
    """One Google at its names, and the agent's machine, for this process."""
    made = small()
    authority = Authority(tmp_path, NAMES)
    monkeypatch.setattr(httplib2, "CA_CERTS", str(authority.bundle))  # read when it is imported
    with (
        listening(made.answer, tls=authority.tls) as root,
        listening(made.metadata(AGENT, PROJECT).answer) as machine,
    ):
        port = int(root.rpartition(":")[2])
        look_up, connect = socket.getaddrinfo, socket.socket.connect

        def placed(host, at):
            """As the container's /etc/hosts will say."""
            return ("127.0.0.1", port) if host in NAMES else (host, at)

        # httplib2 looks a name up, and then gives the name to connect().
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda host, at, *rest, **told: look_up(*placed(host, at), *rest)
        )
        monkeypatch.setattr(
            socket.socket, "connect", lambda self, where: connect(self, placed(*where[:2]))
        )
        host = machine.removeprefix("http://")
        monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", host)
        monkeypatch.setenv("GCE_METADATA_IP", host)
        yield SimpleNamespace(google=made, trust=str(authority.certificate))
        made.cloud_run.end()


def test_the_workers_own_client_makes_a_job_at_googles_own_name(there):
    credentials = SimpleNamespace(get_credentials_from_service_account=compute_engine.Credentials)
    configuration = SimpleNamespace(credentials=credentials)
    with CloudRunWorkerV2._get_client(configuration) as locations:
        locations.jobs().create(parent=PARENT, jobId="df-dev-hello", body=job()).execute()
        with pytest.raises(HttpError, match=r"'run\.jobs\.list' denied"):
            locations.jobs().list(parent=PARENT).execute()
    assert f"{PARENT}/jobs/df-dev-hello" in there.google.cloud_run.jobs
    assert not there.google.strangers


def test_a_secret_is_read_at_googles_own_name(there):
    token = there.google.identities.token(RUNNER).value
    url = f"https://secretmanager.googleapis.com/v1/{KEY}/versions/1:access"
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(url, headers=headers, verify=there.trust).status_code == 200


def test_a_service_that_nobody_stands_in_for_is_noted(there):
    answer = httpx.get("https://pubsub.googleapis.com/v1/x", verify=there.trust)
    assert answer.status_code == 501
    assert there.google.strangers == ["pubsub.googleapis.com"]


def test_nobody_else_trusts_it(there):
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get("https://run.googleapis.com/")
