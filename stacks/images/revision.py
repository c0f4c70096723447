"""Which commit the stack is made from, and which one an image is of."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """The last commit that touched some files; ``version`` is for people, and sorts by date."""

    commit: str
    version: str


def git_revision() -> str:
    """The commit, with ``-dirty`` where files differ from it; ``unknown`` where there is no git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def last_change(paths: Sequence[str], aside: Sequence[str] = ()) -> Change | None:
    """The last commit that touched ``paths``, marked where files differ from it; less ``aside``.

    None where nobody can tell: there is no git, the files are in no commit yet, or the clone is
    shallow, whose last commit seems to have touched every file.
    """
    told = (*paths, *(f":(exclude){path}" for path in aside))
    try:
        if _git("rev-parse", "--is-shallow-repository") == "true":
            return None
        commit, _, date = _git("log", "-1", "--format=%H %cs", "--", *told).partition(" ")
        dirty = "-dirty" if _git("status", "--porcelain", "--", *told) else ""
    except (OSError, subprocess.CalledProcessError):
        return None
    return Change(f"{commit}{dirty}", f"{date}-{commit[:7]}{dirty}") if commit else None


def _git(*words: str) -> str:
    # As everywhere else, * stays within a folder.
    done = subprocess.run(
        ["git", "--glob-pathspecs", *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
