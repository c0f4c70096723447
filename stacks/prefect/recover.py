"""The way out when an `up` was killed: ``python -m stacks.prefect.recover [--stack NAME] [--yes]``.

A killed `up` leaves a lock, a note of what it was about to make, perhaps objects in Prefect that
no state knows, and in a file backend perhaps half a state. This puts the state of one step before
in the place of a half one, takes the lock away, looks at what is there, and finishes the `up`;
what the killed one had made, and so is just as the program declares it, is taken into the state.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path


def recover(stack: str | None = None, *, yes: bool = False) -> int:
    """The exit code of the last command; each one is shown before it runs."""
    common = ["--stack", stack] if stack else []
    sure = ["--yes", "--skip-preview"] if yes else []
    _mend_states()
    # Pulumi Cloud calls it an error when there is nothing to cancel; the others would say why.
    _pulumi("cancel", "--yes", *common)
    code = _pulumi("refresh", "--clear-pending-creates", *sure, *common)
    return code or _pulumi("up", *sure, *common, PREFECT_ADOPT="identical")


def _mend_states() -> None:
    """Pulumi (3.250) writes a state file in place: killed meanwhile, it leaves it empty."""
    told = subprocess.run(["pulumi", "whoami", "--json"], capture_output=True, check=True)
    url = str(json.loads(told.stdout).get("url", ""))
    if not url.startswith("file://"):
        return
    states = Path(url.removeprefix("file://")).expanduser() / ".pulumi" / "stacks"
    for state in states.rglob("*.json"):
        before = state.with_name(f"{state.name}.bak")
        if not _is_whole(state) and _is_whole(before):
            print(f"+ cp {before} {state}", file=sys.stderr, flush=True)
            shutil.copy(before, state)


def _is_whole(state: Path) -> bool:
    try:
        return bool(json.loads(state.read_text()))
    except (OSError, ValueError):
        return False


def _pulumi(*arguments: str, **env: str) -> int:
    told = [f"{name}={value}" for name, value in env.items()]
    print("+", *told, "pulumi", *arguments, file=sys.stderr, flush=True)
    return subprocess.run(["pulumi", *arguments], env=os.environ | env, check=False).returncode


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="python -m stacks.prefect.recover")
    options.add_argument("--stack", help="the stack's name; else the one that is selected")
    options.add_argument("--yes", action="store_true", help="ask nothing")
    told = options.parse_args()
    sys.exit(recover(told.stack, yes=told.yes))
