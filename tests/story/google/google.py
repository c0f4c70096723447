"""One Google: everything that the story's containers ask at a name of Google's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.live.proxy import Answer, Asked
from tests.story.google.answers import not_stood_in
from tests.story.google.cloud_run.executor import Executor
from tests.story.google.cloud_run.server import CloudRun
from tests.story.google.grants import Grants
from tests.story.google.identities import Identities
from tests.story.google.metadata import Metadata
from tests.story.google.secret_manager import SecretManager


@dataclass
class Google:
    """``others`` are the answers of further services, by host. ``strangers`` are hosts that were
    asked though nobody stands in for them: a story that ends with one has not been told.
    """

    grants: Grants
    identities: Identities
    secrets: SecretManager
    cloud_run: CloudRun
    others: dict[str, Answer] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)

    @property
    def services(self) -> dict[str, Answer]:
        own = {
            "run.googleapis.com": self.cloud_run.answer,
            "secretmanager.googleapis.com": self.secrets.answer,
        }
        return own | self.others

    def answer(self, asked: Asked) -> httpx.Response:
        named = {name.lower(): value for name, value in asked.headers.items()}
        host = named.get("host", "").partition(":")[0]
        service = self.services.get(host)
        if service is None:
            self.strangers.append(host)
            return not_stood_in(f"{host}{asked.path}").answer
        return service(asked)

    def metadata(self, email: str, project: str) -> Metadata:
        """For one machine, or one execution."""
        return Metadata(self.identities, email, project, self.cloud_run.projects[project])


def google(executor: Executor, projects: Mapping[str, int], **told: Any) -> Google:
    """With nobody in it, and nothing granted. ``told`` is for Cloud Run."""
    grants, identities = Grants(), Identities()
    secrets = SecretManager(grants, identities)
    run = CloudRun(grants, identities, secrets, executor, dict(projects), **told)
    return Google(grants, identities, secrets, run)
