"""One process at a time: a file lock that the kernel releases when its holder dies."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def exclusive(path: Path, when_busy: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock at ``path``; tell ``when_busy`` who has it before waiting for it."""
    with _held(path, when_busy) as lock:
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


@contextmanager
def _held(path: Path, when_busy: Callable[[str], None]) -> Iterator[TextIO]:
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                when_busy(lock.read().strip() or "unknown")
                fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_at(path, lock):
                yield lock
                return


def _is_at(path: Path, lock: TextIO) -> bool:
    """Not so where whoever held it has removed it, with its folder: nobody else sees it then."""
    try:
        return os.path.samestat(path.stat(), os.fstat(lock.fileno()))
    except FileNotFoundError:
        return False
