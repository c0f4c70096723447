"""A small Google: a project with an agent that makes jobs, and a runner that they act as."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import google_auth_httplib2
import httplib2
import pytest
from google.oauth2.credentials import Credentials
from googleapiclient import discovery

from stacks.places.google.agent import PERMISSIONS
from tests.live.proxy import listening
from tests.story.google.cloud_run.scripted import Scripted
from tests.story.google.google import Google
from tests.story.google.google import google as everything

PROJECT, REGION = "acme-data", "europe-west1"
AGENT = f"df-dev-agent@{PROJECT}.iam.gserviceaccount.com"
RUNNER = f"df-dev-runner@{PROJECT}.iam.gserviceaccount.com"
STRANGER = f"nobody@{PROJECT}.iam.gserviceaccount.com"
ROLE = f"projects/{PROJECT}/roles/df_dev_agent"
KEY = f"projects/{PROJECT}/secrets/df-dev-prefect-api-key"
REPOSITORY = f"projects/{PROJECT}/locations/{REGION}/repositories/df-dev"
IMAGE = f"{REGION}-docker.pkg.dev/{PROJECT}/df-dev/runner@sha256:{'2b' * 32}"
PARENT = f"projects/{PROJECT}/locations/{REGION}"

ACCESSOR = "roles/secretmanager.secretAccessor"
AS_RUNNER = (
    f"projects/{PROJECT}/serviceAccounts/{RUNNER}",
    "roles/iam.serviceAccountUser",
    f"serviceAccount:{AGENT}",
)
PULLS = (REPOSITORY, "roles/artifactregistry.reader", f"serviceAccount:{AGENT}")
MAKES_JOBS = (f"projects/{PROJECT}", ROLE, f"serviceAccount:{AGENT}")
READS_KEY = (KEY, ACCESSOR, f"serviceAccount:{RUNNER}")


def job(**changes: Any) -> dict[str, Any]:
    """A body as the worker sends it; ``changes`` are of the task's template."""
    reference = {"secret": "df-dev-prefect-api-key", "version": "1"}
    container = {
        "image": IMAGE,
        "command": ["python3", "/opt/runner/execute.py"],
        "args": [],
        "env": [
            {"name": "DATAFLOWS_STACK", "value": "dev"},
            {"name": "PREFECT_API_KEY", "valueSource": {"secretKeyRef": reference}},
        ],
        "resources": {"limits": {"cpu": "1000m", "memory": "512Mi"}},
    }
    task = {
        "serviceAccount": RUNNER,
        "maxRetries": 0,
        "timeout": "3600s",
        "containers": [container | changes.pop("container", {})],
    }
    return {
        "client": "prefect",
        "launchStage": changes.pop("launchStage", "GA"),
        "labels": {"stack": "dev"},
        "template": {"labels": {"stack": "dev"}, "template": task | changes},
    }


@dataclass
class Reached(Google):
    """At ``root``, on this machine."""

    root: str = ""

    @property
    def executor(self) -> Scripted:
        made = self.cloud_run.executor
        assert isinstance(made, Scripted)
        return made

    def jobs(self, email: str = AGENT) -> Any:
        """Google's own client of Cloud Run's jobs, with a token of that identity."""
        return self.client(email).projects().locations().jobs()

    def client(self, email: str = AGENT) -> Any:
        token = self.identities.token(email).value
        return self.built(google_auth_httplib2.AuthorizedHttp(Credentials(token), http=_http()))

    def built(self, http: Any) -> Any:
        options = {"api_endpoint": self.root}
        return discovery.build("run", "v2", client_options=options, http=http)


def _http() -> httplib2.Http:
    return httplib2.Http(timeout=20)


@pytest.fixture(scope="session")
def place() -> Iterator[dict[str, Any]]:
    """Where a Google listens: each test has one of its own, at one address."""
    here: dict[str, Any] = {}
    with listening(lambda asked: here["answer"](asked)) as root:
        here["root"] = root
        yield here


def small(root: str = "") -> Reached:
    made = everything(Scripted(), {PROJECT: 123456789012}, grace=0.3)
    made.identities.emails |= {AGENT, RUNNER, STRANGER}
    made.grants.replace([MAKES_JOBS, AS_RUNNER, PULLS, READS_KEY], {ROLE: PERMISSIONS})
    made.secrets.add(KEY, b"pnu_the_right_key")
    return Reached(**vars(made), root=root)


@pytest.fixture
def google(place: dict[str, Any]) -> Iterator[Reached]:
    """It listens to what is asked of Cloud Run."""
    made = small(place["root"])
    place["answer"] = made.cloud_run.answer
    yield made
    made.cloud_run.end()


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """What a question answers, once the answer is true."""

    def asked(question: Callable[[], Any], seconds: float = 10) -> Any:
        deadline = time.monotonic() + seconds
        while not (answer := question()):
            assert time.monotonic() < deadline, "it never came about"
            time.sleep(0.01)
        return answer

    return asked
