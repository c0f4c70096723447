"""What a command says of itself: which step begins, in which it failed, and that it was
interrupted.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx
from rich.console import Console

from local.runs import RunError
from local.services import ServiceError
from local.stack import StackError
from tools import engine
from tools.command import Interrupt

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


def status_of(command: Callable[[], int], console: Console) -> int:
    """The command's own exit status; else what went wrong is said, in a line."""
    try:
        return command()
    except (StepError, *EXPECTED) as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        return 1
    except KeyboardInterrupt as interrupt:
        with suppress(OSError):  # the terminal was closed
            console.print("\nInterrupted; the same command goes on from here.")
        return interrupt.status if isinstance(interrupt, Interrupt) else 130
