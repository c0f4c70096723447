"""The name of an image: where it is, and the digest of its content."""

import ipaddress
from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """``host/repository@digest``; the repository's last part is the image's name."""

    host: str
    repository: str
    digest: str

    @classmethod
    def of(cls, name: str, digest: str) -> "Reference":
        """From ``host/repository``, as a registry's URL and an image's name come to."""
        host, _, repository = name.partition("/")
        return cls(host, repository, digest)

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}@{self.digest}"

    @property
    def is_google(self) -> bool:
        return self.host.endswith("-docker.pkg.dev")

    @property
    def url(self) -> str:
        """The API of its repository. A registry on this machine speaks plain HTTP."""
        name = self.host.rpartition(":")[0] or self.host
        scheme = "http" if name == "localhost" or _is_loopback(name) else "https"
        return f"{scheme}://{self.host}/v2/{self.repository}"


def google_repository(location: str, project: str, repository: str) -> str:
    """The URL of a repository in Artifact Registry, as a reference goes on behind it."""
    return f"{location}-docker.pkg.dev/{project}/{repository}"


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
