"""Makes the builder that `pulumi up` builds images on, where this machine has its Docker.

`python -m tools.builder dev`. Pulumi's plugin takes any builder of buildx but Docker's own, and
where there is none it makes one at /var/run/docker.sock, for which it has 30 seconds: too few where
BuildKit's image is pulled slowly, and the wrong place where DOCKER_HOST or a context says another.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from tools.plugins import needed
from tools.readiness import config_of


def builds(stack: str) -> bool:
    """What there is no file of builds nothing; whoever runs Pulumi says so."""
    known = Path(f"Pulumi.{stack}.yaml").is_file()
    return known and "docker-build" in needed(config_of(stack, Path()))


def name() -> str:
    """Another place of Docker has another builder."""
    place = os.environ.get("DOCKER_HOST") or os.environ.get("DOCKER_CONTEXT") or _current_context()
    if place in ("", "default"):
        return "dataflows"
    return f"dataflows-{hashlib.sha256(place.encode()).hexdigest()[:8]}"


def _current_context() -> str:
    folder = os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker"
    try:
        return str(json.loads(Path(folder, "config.json").read_text()).get("currentContext", ""))
    except (OSError, ValueError):
        return ""


def ensure(builder: str) -> None:
    """Without Docker nothing is built, which is no fault while no image has to be."""
    try:
        if not _buildx("inspect", "--bootstrap", builder).returncode:
            return
        if _buildx("version").returncode:
            print(
                "docker: it has no buildx, which builds images: https://docs.docker.com/go/buildx/",
                file=sys.stderr,
            )
            return
        print(f"docker: making the builder {builder}", file=sys.stderr, flush=True)
        made = _buildx("create", "--name", builder, "--driver", "docker-container", "--bootstrap")
    except FileNotFoundError:
        return
    if made.returncode:
        print(f"docker: there is no builder: {made.stderr.strip()}", file=sys.stderr)


def _buildx(*words: str) -> "subprocess.CompletedProcess[str]":
    command = ["docker", "buildx", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    if builds(sys.argv[1]):
        ensure(name())
