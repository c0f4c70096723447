"""What an execution's container, or a VM's, finds at Google's names: Google, and who it is itself.

The container shares the network of this machine. Google is at one of its loopback addresses, the
metadata server at another for each execution or VM, so that who asks is told by where he asks.
"""

import itertools
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from tests.live.proxy import listening
from tests.story.google.authority import Authority
from tests.story.google.cloud_run.containers import Surroundings
from tests.story.google.cloud_run.executor import Task
from tests.story.google.google import Google

METADATA = "metadata.google.internal"
# What Python's libraries trust, in our images, and what the system's do.
TRUSTED = (
    "/opt/venv/lib/python3.11/site-packages/certifi/cacert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
)


@dataclass
class Inside:
    """``address`` is where Google listens, at port 443. ``port`` is the metadata servers' own;
    another than 80 is one that only tests can want.
    """

    google: Google
    project: str
    authority: Authority
    address: str = "127.7.0.1"
    port: int = 80
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __call__(self, task: Task) -> AbstractContextManager[Surroundings]:
        return self.around(task.service_account)

    @contextmanager
    def around(self, email: str) -> Iterator[Surroundings]:
        """What is met by whoever is this service account."""
        number = next(self._numbers)
        mine = f"127.7.{1 + number // 250}.{1 + number % 250}"
        server = self.google.metadata(email, self.project)
        with listening(server.answer, at=(mine, self.port)) as root:
            # google-auth looks for it by its number first, which no hosts file can change.
            yield Surroundings(
                env={
                    "GCE_METADATA_IP": root.removeprefix("http://"),
                    "SSL_CERT_FILE": TRUSTED[-1],  # for what is not certifi's
                },
                hosts=(
                    f"{METADATA}:{mine}",
                    *(f"{name}:{self.address}" for name in self.google.services),
                ),
                binds=tuple(f"{self.authority.bundle}:{path}:ro" for path in TRUSTED),
                network="host",
            )
