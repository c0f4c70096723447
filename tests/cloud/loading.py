"""Builds that are really done, where ``STAND_IN_DOCKER`` names a client that can build."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from tests.cloud.cloud import CloudError


def client() -> str:
    """Of Docker; where none is named, images are played."""
    return os.environ.get("STAND_IN_DOCKER", "")


def build(told: Mapping[str, Any], host: str) -> str:
    """The id of the image that is on the host now; whatever of it cannot be done is refused."""
    builder = told.get("builder", {}).get("name")
    if builder != "default":
        raise CloudError(f"the stand-in has the engine's own builder alone, not {builder!r}")
    return _build(told, host, told.get("tags", []))


def push(told: Mapping[str, Any], host: str, name: str) -> str:
    """The digest of the image that is at ``name`` in a registry now, of which no tag is left.

    There is no cache but the engine's own, whatever is told of others.
    """
    tag = f"{name}:{uuid4().hex}"
    _build(told, host, [tag])
    try:
        said = _docker(host, "push", tag)
    finally:
        _docker(host, "rmi", tag, check=False)
    return re.findall(r"digest: (sha256:[0-9a-f]{64})", said)[-1]


def _build(told: Mapping[str, Any], host: str, tags: Sequence[str]) -> str:
    words = ["build", "--quiet", "--file", told["dockerfile"]["location"]]
    words += [f"--tag={tag}" for tag in tags]
    words += [f"--platform={each}" for each in told.get("platforms", [])]
    words += [f"--build-arg={name}={value}" for name, value in told.get("buildArgs", {}).items()]
    words += [f"--label={name}={value}" for name, value in told.get("labels", {}).items()]
    return _docker(host, *words, told["context"]["location"])


def remove(tag: str, host: str) -> None:
    """Whatever becomes of it is not said."""
    _docker(host, "rmi", tag, check=False)


def _docker(host: str, *words: str, check: bool = True) -> str:
    env = os.environ | {"DOCKER_BUILDKIT": "1"} | ({"DOCKER_HOST": host} if host else {})
    done = subprocess.run([client(), *words], env=env, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise CloudError(f"failed to solve: {done.stderr}")
    return done.stdout.strip()
