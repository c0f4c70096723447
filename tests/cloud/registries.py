"""The registries that images go to: one on this machine, or just a list in the cloud's file."""

import os
import re
from collections.abc import Callable

from tests.cloud.cloud import CloudError, World
from tests.cloud.values import Props
from tests.registry import RealRegistry

_GOOGLE = re.compile(
    r"(?P<location>[a-z0-9-]+)-docker\.pkg\.dev/(?P<project>[^/]+)/(?P<id>[^/]+)/.+"
)


class Registries:
    """All of them, for whoever has these credentials. A name's tag does not count."""

    def __init__(self, world: World, credentials: list[Props]) -> None:
        self.world = world
        self.passwords = {each["address"]: each.get("password") for each in credentials}
        host = os.environ.get("STAND_IN_REGISTRY")
        self.real = RealRegistry(host) if host else None

    def push(self, name: str, put: Callable[[RealRegistry | None, str], str]) -> str:
        """The digest of what ``put`` has put into a repository of a registry, if it is a real one,
        once it may.
        """
        name = _untagged(name)
        self._admit(name)
        digest = put(self.real, name.partition("/")[2])
        reference = f"{name}@{digest}"
        if reference not in self.world.manifests:
            self.world.manifests.append(reference)
        return digest

    def has(self, name: str, digest: str) -> bool:
        name = _untagged(name)
        if self.real:
            return self.real.has(name.partition("/")[2], digest)
        return f"{name}@{digest}" in self.world.manifests

    def remove(self, name: str, digest: str) -> None:
        """What is not there any more is fine."""
        name = _untagged(name)
        if self.real and self.has(name, digest):
            self.real.remove(name.partition("/")[2], digest)
        self.world.manifests[:] = [m for m in self.world.manifests if m != f"{name}@{digest}"]

    def _admit(self, name: str) -> None:
        """Google's take what somebody brings whom they know, for a repository that stands."""
        found = _GOOGLE.fullmatch(name)
        if found is None:
            return
        host = name.partition("/")[0]
        if not self.passwords.get(host):
            raise CloudError(f"failed to push {name}: denied: Unauthenticated request")
        id_ = "projects/{project}/locations/{location}/repositories/{id}".format_map(
            found.groupdict()
        )
        if id_ not in self.world.objects:
            raise CloudError(
                f'failed to push {name}: name unknown: Repository "{found["id"]}" not found'
            )


def _untagged(name: str) -> str:
    """``host:5000/image:tag`` without the tag."""
    return re.sub(r":[^:/]+$", "", name)
