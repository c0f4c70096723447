"""The image that ours are built upon: Python's own, or Debian's Python where it cannot be had."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.containers.engine import Docker, NoEngineError

DOCKERFILE = Path(__file__).parents[2] / "images" / "runner" / "Dockerfile"
MADE = "dataflows-base:bookworm"
_PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def default() -> str:
    """What the Dockerfiles build upon if they are told of nothing else."""
    found = re.search(r"^ARG BASE_IMAGE=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE)
    assert found, f"{DOCKERFILE} has no ARG BASE_IMAGE="  # noqa: S101
    return found[1]


def base_image(docker: Docker) -> str:
    """The name of one that the engine has; made once in some two minutes if it cannot be pulled."""
    wanted = default()
    if docker.has(MADE):
        return MADE
    if docker.has(wanted) or not (why := docker.call("pull", "--quiet", wanted)).returncode:
        return wanted
    if os.geteuid() or not shutil.which("debootstrap"):
        raise NoEngineError(
            f"{wanted} cannot be pulled, and only root with debootstrap can make another base:"
            f" {why.stderr.strip()}"
        )
    make(docker)
    return MADE


def make(docker: Docker) -> None:
    """Debian with its Python, and with the certificates that this machine trusts."""
    with tempfile.TemporaryDirectory(prefix="dataflows-base-") as made:
        root = Path(made)
        command = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "bookworm"]
        subprocess.run([*command, root], check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(root / "var/cache/apt")
        shutil.rmtree(root / "var/lib/apt/lists")
        if _CERTIFICATES.exists():
            shutil.copy(_CERTIFICATES, root / _CERTIFICATES.relative_to("/"))
        archive = root.with_suffix(".tar")
        try:
            subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
            trust = f"PIP_CERT={_CERTIFICATES} SSL_CERT_FILE={_CERTIFICATES}"
            docker.run("import", "-c", f"ENV {trust}", str(archive), MADE)
        finally:
            archive.unlink(missing_ok=True)
