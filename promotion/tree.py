"""The checkout, as git sees it."""

import subprocess
from pathlib import Path

from .errors import RefusedError


def changed(folder: Path) -> list[str]:
    """The files that differ from the commit."""
    lines = _git(folder, "status", "--porcelain", "--untracked-files=no").splitlines()
    return [line[3:] for line in lines]


def author(folder: Path) -> str | None:
    """Whoever commits here, if git knows."""
    done = subprocess.run(
        ["git", "config", "user.name"], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or None


def _git(folder: Path, *command: str) -> str:
    try:
        done = subprocess.run(
            ["git", *command], cwd=folder, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise RefusedError("There is no `git` on PATH, and a promotion is a commit.") from None
    if done.returncode:
        raise RefusedError(f"`git {command[0]}` failed in {folder}: {done.stderr.strip()}")
    return done.stdout
