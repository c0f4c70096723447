"""A stack as it stands: what it runs, and how its Prefect is reached; asked of Pulumi."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prefect_as_code.connection import Connection, resolve

from .errors import RefusedError

PROJECT = "dataflows"
NEEDED = ("images", "images_repository", "images_revision", "deployments")


@dataclass(frozen=True, kw_only=True)
class Running:
    """What a stack runs, by its outputs."""

    images: Mapping[str, str]  # by name, the digest
    repository: str
    revision: str
    deployments: Mapping[str, str]  # by flow/deployment, the id


def running(stack: str) -> Running:
    """What the stack runs now.

    Raises:
        RefusedError: Pulumi does not know it, or it was not deployed, or it has no images.
    """
    # Whatever a plugin makes of a digest that comes from a build with a password: it is no secret.
    told = _pulumi("stack", "output", "--json", "--show-secrets", stack=stack)
    if missing := [name for name in NEEDED if not told.get(name)]:
        raise RefusedError(
            f"The stack {stack} has no output {', '.join(missing)}, so there is nothing to promote "
            f"from it. Deploy it first, `make deploy STACK={stack}`; its runs have to be Cloud Run "
            "jobs."
        )
    return Running(
        images=told["images"],
        repository=told["images_repository"],
        revision=told["images_revision"],
        deployments=told["deployments"],
    )


def connection(stack: str) -> Connection:
    """Where the stack's Prefect is and who we are there, as the program itself resolves it."""
    return resolve(_Config(_pulumi("config", "--json", "--show-secrets", stack=stack)))


class _Config:
    def __init__(self, told: Mapping[str, Any]) -> None:
        self.told = told

    def get(self, key: str) -> str | None:
        value: str | None = self.told.get(f"{PROJECT}:{key}", {}).get("value")
        return value


def _pulumi(*command: str, stack: str) -> dict[str, Any]:
    """What Pulumi answers. It may hold secrets, so no error shows it."""
    call = ["pulumi", *command, "--stack", stack, "--non-interactive"]
    try:
        done = subprocess.run(call, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise RefusedError(
            "There is no `pulumi` on PATH: call this by `make promote` or `make rollback`."
        ) from None
    if done.returncode:
        raise RefusedError(
            f"`{' '.join(call[:-1])}` failed: {done.stderr.strip()}\nA new shell needs "
            "PULUMI_BACKEND_URL again; docs/INITIAL_SETUP.md has it."
        )
    told: dict[str, Any] = json.loads(done.stdout)
    return told
