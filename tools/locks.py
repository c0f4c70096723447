"""One process at a time: a file lock that the kernel releases when its holder dies."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(path: Path, when_busy: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock at ``path``; tell ``when_busy`` who has it before waiting for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock:  # never removed: a waiter would hold a file that nobody sees
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            when_busy(lock.read().strip() or "unknown")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
