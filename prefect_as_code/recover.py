"""The way out of a killed `up`: ``python -m prefect_as_code.recover [--stack NAME] [--yes]``.

A killed `up` leaves a lock, a note of what it was about to make, and perhaps objects in Prefect
that no state knows. This takes the lock away, looks at what is there, and finishes the `up`; what
the killed one had made, and so is just as the program declares it, is taken into the state. Of
deployments that it had made and that the program no longer declares, it tells; ``--prune`` removes
them.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from .orphans import Orphans, told_by_pulumi


def recover(stack: str | None = None, *, yes: bool = False, prune: bool = False) -> int:
    """The exit code of the last command; each one is shown before it runs."""
    common = ["--stack", stack] if stack else []
    sure = ["--yes", "--skip-preview"] if yes else []
    _mend_backend()
    # Pulumi Cloud calls it an error when there is nothing to cancel; the others would say why.
    _pulumi("cancel", "--yes", *common)
    code = _pulumi("refresh", "--clear-pending-creates", *sure, *common)
    code = code or _pulumi(
        "up", *sure, *common, PREFECT_ADOPT=os.environ.get("PREFECT_ADOPT", "identical")
    )
    if not code:
        _tell_of(Orphans(stack), prune=prune)
    return code


def _tell_of(orphans: Orphans, *, prune: bool) -> None:
    if not orphans.found:
        return
    if prune:
        orphans.remove()
    what = "Removed" if prune else "Left, unless --prune is given"
    print(
        f"{what}: deployments that this stack has made and no longer knows: "
        f"{', '.join(sorted(orphans.found))}",
        file=sys.stderr,
    )


def _mend_backend() -> None:
    """Of a file backend: take away attributes of files that were cut off.

    Pulumi (3.250) writes a state at once, but what it notes beside it, ``….attrs``, in place:
    killed meanwhile, it says "failed to load checkpoint: EOF" from then on.
    """
    url = str(told_by_pulumi("whoami", "--json").get("url", ""))
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
    pulumi = subprocess.Popen(["pulumi", *arguments], env=os.environ | env)
    try:
        return pulumi.wait()
    except KeyboardInterrupt:  # it has heard it too, and finishes the step in hand
        pulumi.wait()
        raise


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="python -m prefect_as_code.recover")
    options.add_argument("--stack", help="the stack's name; else the one that is selected")
    options.add_argument("--yes", action="store_true", help="ask nothing")
    options.add_argument(
        "--prune",
        action="store_true",
        help="remove deployments that this stack has made and no longer knows",
    )
    told = options.parse_args()
    try:
        sys.exit(recover(told.stack, yes=told.yes, prune=told.prune))
    except KeyboardInterrupt:
        sys.exit(130)
