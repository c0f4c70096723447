"""A repository, a real registry and a real Prefect server; Pulumi alone is played."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from promotion.__main__ import main
from tests.live.conftest import api_url, prefect, pulumi_bin
from tests.promotion.runs import Runs
from tests.registry import RealRegistry, image, registry

__all__ = ["api_url", "prefect", "pulumi_bin", "registry"]

REVISION = "4e" * 20
_PULUMI = """\
#!/bin/sh
# Answers what the file says that is named for the stack, the last but one argument.
for argument; do before=$stack; stack=$argument; done
cat "$(dirname "$0")/$1-$before.json" 2>/dev/null && exit
echo "error: no stack named '$before' found" >&2; exit 255
"""
_DEV = "config:\n  dataflows:images:\n    source: build\n    repository: dataflows-dev\n"
_PROD = """\
# Comments stay.
config:
  dataflows:google: {project: acme-data-prod} # short
  dataflows:images:
    source: promote # of dev
    repository: dataflows-prod
    scanning: true

  # About the agent.
  dataflows:agent:
    availability: group
"""
_LOCAL = "config:\n  dataflows:runner:\n    kind: process\n"


@dataclass
class Workshop:
    """``folder`` is the checkout; ``dev`` what its stack says of itself."""

    folder: Path
    bin: Path
    api_url: str
    registry: RealRegistry
    runs: Runs
    dev: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.bin.mkdir()
        for name, text in (("dev", _DEV), ("prod", _PROD), ("local", _LOCAL)):
            (self.folder / f"Pulumi.{name}.yaml").write_text(text)
        (self.bin / "pulumi").write_text(_PULUMI)
        (self.bin / "pulumi").chmod(0o755)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("config", "user.name", "Ada Lovelace")
        self.git("config", "user.email", "ada@example.com")
        self.commit()

    def deployed(self, content: str) -> dict[str, str]:
        """Images of that content are dev's, by name their digests; its deployments have no run."""
        repository = f"acme-data-dev/{self.folder.parent.name}"
        images = {
            name: self.registry.push(f"{repository}/{name}", image(f"{name} {content}"))
            for name in ("agent", "runner")
        }
        self.runs.deploy(images["runner"])
        self.dev = {
            "images": images,
            "images_repository": f"{self.registry.host}/{repository}",
            "images_revision": REVISION,
            "deployments": self.runs.deployments,
        }
        self.answers()
        return images

    def proved(self, content: str) -> dict[str, str]:
        images = self.deployed(content)
        for name in self.runs.deployments:
            self.runs.run(name, "COMPLETED")
        return images

    def answers(self, api_url: str | None = None, key: str = "") -> None:
        """What Pulumi says of dev."""
        (self.bin / "stack-dev.json").write_text(json.dumps(self.dev))
        told = {
            "dataflows:prefect": {"value": json.dumps({"api_url": api_url or self.api_url})},
            "dataflows:prefect_api_key": {"value": key, "secret": True},
        }
        (self.bin / "config-dev.json").write_text(json.dumps(told))

    @property
    def prod(self) -> Path:
        return self.folder / "Pulumi.prod.yaml"

    def promote(self, *options: str, origin: str = "dev", to: str = "prod") -> int:
        return main(["promote", "--from", origin, "--to", to, *options])

    def rollback(self, *options: str, stack: str = "prod") -> int:
        return main(["rollback", "--stack", stack, *options])

    def git(self, *command: str) -> str:
        done = subprocess.run(
            ["git", *command], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "a commit")


@pytest.fixture
def refusing() -> Iterator[str]:
    """The API's URL of a server that knows nobody, as Prefect Cloud answers a wrong key."""

    class Refuse(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(401)
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    server.server_close()


@pytest.fixture
def call() -> Callable[..., int]:
    """The command line's exit status, however it ends."""

    def run(*words: str) -> int:
        try:
            return main(words)
        except SystemExit as end:
            return int(end.code or 0)

    return run


@pytest.fixture
def workshop(
    tmp_path: Path,
    api_url: str,
    prefect: httpx.Client,
    registry: RealRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> Workshop:
    made = Workshop(tmp_path / "repository", tmp_path / "bin", api_url, registry, Runs(prefect))
    monkeypatch.chdir(made.folder)
    monkeypatch.setenv("PATH", str(made.bin), prepend=os.pathsep)
    return made
