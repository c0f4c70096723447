"""The steps of bringing a stack up: what begins is said, and in which of them something failed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
from rich.console import Console

from local.runs import RunError
from local.services import ServiceError
from local.stack import StackError
from tools import engine

EXPECTED = (engine.NoEngineError, ServiceError, StackError, RunError, httpx.HTTPError)


class StepError(Exception):
    """A step failed; the message says which, and why."""


@contextmanager
def step(
    name: str, *, console: Console, words: Callable[[Exception], str], again: str
) -> Iterator[None]:
    """Say what begins, and how long it took; name the step in what goes wrong inside."""
    console.print(f"[bold]{name}[/bold]")
    started = time.monotonic()
    try:
        yield
    except EXPECTED as error:
        raise StepError(f"step {name!r} failed: {words(error).rstrip()}\n{again}") from error
    console.print(f"  [dim]{time.monotonic() - started:.1f} s[/dim]")
