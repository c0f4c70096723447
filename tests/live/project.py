"""A Pulumi project in a directory of its own, driven by the command line as a user would."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.live.stack import environment


@dataclass
class Project:
    """``program`` is the text of its ``__main__.py``; the state is a file beside it.

    Deployments on the server bear ``name``, so what looks for those has one of its own.
    """

    home: Path
    api_url: str
    engine: Path
    program: str
    name: str = "project"

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True)
        (self.home / "state").mkdir()
        (self.home / "Pulumi.yaml").write_text(f"name: {self.name}\nruntime: python\n")
        (self.home / "__main__.py").write_text(self.program)
        self.run("pulumi", "stack", "init", "test")

    def env(self, api_url: str | None = None) -> dict[str, str]:
        told = environment(self.home, self.engine, api_url or self.api_url)
        told["PULUMI_BACKEND_URL"] = f"file://{self.home}/state"
        told["VIRTUAL_ENV"] = str(Path(sys.executable).parents[1])
        return os.environ | told

    def start(self, *command: str, api_url: str) -> subprocess.Popen[bytes]:
        out = (self.home / "said.log").open("w")
        return subprocess.Popen(
            command, cwd=self.home, env=self.env(api_url), stdout=out, stderr=out
        )

    def run(self, *command: str) -> str:
        """What it said; a failure is the test's."""
        done = subprocess.run(
            command, cwd=self.home, env=self.env(), capture_output=True, text=True, check=False
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"{' '.join(command)}\n{said}"
        return said
