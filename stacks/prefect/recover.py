"""The way out when an `up` was killed: ``python -m stacks.prefect.recover [--stack NAME] [--yes]``.

A killed `up` leaves a lock, a note of what it was about to make, and perhaps objects in Prefect
that no state knows. This takes the lock away, looks at what is there, and finishes the `up`; what
the killed one had made, and so is just as the program declares it, is taken into the state.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path


def recover(stack: str | None = None, *, yes: bool = False) -> int:
    """The exit code of the last command; each one is shown before it runs."""
    common = ["--stack", stack] if stack else []
    sure = ["--yes", "--skip-preview"] if yes else []
    _mend_backend()
    # Pulumi Cloud calls it an error when there is nothing to cancel; the others would say why.
    _pulumi("cancel", "--yes", *common)
    code = _pulumi("refresh", "--clear-pending-creates", *sure, *common)
    return code or _pulumi("up", *sure, *common, PREFECT_ADOPT="identical")


def _mend_backend() -> None:
    """Of a file backend: take away attributes of files that were cut off.

    Pulumi (3.250) writes a state at once, but what it notes beside it, ``….attrs``, in place:
    killed meanwhile, it says "failed to load checkpoint: EOF" from then on.
    """
    told = subprocess.run(["pulumi", "whoami", "--json"], capture_output=True, check=True)
    url = str(json.loads(told.stdout).get("url", ""))
    if not url.startswith("file://"):
        return
    folder, _, _options = url.removeprefix("file://").partition("?")
    for note in (Path(folder).expanduser() / ".pulumi").rglob("*.attrs"):
        if not note.stat().st_size:
            print(f"+ rm {note}", file=sys.stderr, flush=True)
            note.unlink()


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
