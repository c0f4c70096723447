"""Which commit the stack is made from."""

import subprocess


def git_revision() -> str:
    """The commit, with ``-dirty`` where files differ from it; ``unknown`` where there is no git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
