"""Grows .venv to what a command needs: python3 -m tools.packages .venv/.program

The sets of packages come from one resolution and each holds the one before, so whoever asks for a
smaller one has it in a larger one, and nothing is ever taken out and brought again.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

VENV = Path(".venv")
# By the file whose date says when it was last installed, the lock of a set; the smallest first.
SETS = {
    ".program": "requirements.txt",
    ".local": "requirements-local.txt",
    ".made": "requirements-dev.txt",
}


def chosen(wanted: str) -> str:
    """The set to install: the one that is wanted, or a larger one that is there already."""
    order = [*SETS]
    return max((wanted, *(s for s in SETS if (VENV / s).exists())), key=order.index)


def is_fresh(name: str) -> bool:
    stamp, lock = VENV / name, Path(SETS[name])
    return stamp.exists() and stamp.stat().st_mtime >= lock.stat().st_mtime


def install(lock: str) -> None:
    python, uv = VENV / "bin/python", VENV / "bin/uv"
    print(f"python: making .venv, once for each {lock}", file=sys.stderr, flush=True)
    if not python.exists():
        _run(sys.executable, "-m", "venv", str(VENV))
    if not uv.exists():
        [version] = re.findall(r"^uv==[^ ;]+", Path(SETS[".made"]).read_text(), re.MULTILINE)
        _run(str(python), "-m", "pip", "install", "-q", version)
    # Python keeps what it compiles of a package when it is first imported, which takes a second;
    # to compile all of them takes most of a minute. Where it may not keep it, each start would.
    compiled = ["--compile-bytecode"] if os.environ.get("PYTHONDONTWRITEBYTECODE") else []
    _run(str(uv), "pip", "sync", "-q", *compiled, "--python", str(python), lock)


def grow(wanted: str) -> None:
    name = chosen(wanted)
    if not is_fresh(name):
        install(SETS[name])
    for each in SETS:
        (VENV / each).touch()
        if each == name:
            return


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False)
    if done.returncode:
        sys.exit(done.returncode)  # what went wrong is on the screen


if __name__ == "__main__":
    grow(Path(sys.argv[1]).name)
