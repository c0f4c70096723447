"""Shows that slow work goes on: how much is done, for how long, and how long it may still take."""

import sys
import threading
import time
from types import TracebackType
from typing import Self, TextIO

SECONDS_BETWEEN_LINES = 15.0  # where there is no terminal to draw on
SECONDS_BETWEEN_DRAWINGS = 0.5
ERASE = "\r\033[K"


class Progress:
    """One line, redrawn on a terminal; a line now and then in a log."""

    def __init__(self, label: str, expected: int = 0, out: TextIO | None = None) -> None:
        self.label, self.expected, self.done = label, expected, 0
        self.out = out or sys.stderr
        self.started = time.monotonic()
        self._finished = threading.Event()
        self._drawing = threading.Thread(target=self._draw, daemon=True)

    def advance(self) -> None:
        self.done += 1

    def line(self) -> str:
        elapsed = time.monotonic() - self.started
        of = f"{self.done} of {self.expected}" if self.expected else f"{self.done}"
        text = f"{self.label}: {of}, {spell(elapsed)}"
        left = self.expected - self.done
        if self.done > self.expected // 20 and left > 0 and not self._finished.is_set():
            text += f", about {spell(elapsed * left / self.done)} to go"
        return text

    def __enter__(self) -> Self:
        self._drawing.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._finished.set()
        self._drawing.join()
        erase = ERASE if self.out.isatty() else ""
        if self.done or self.expected or kind:
            print(f"{erase}{self.line()}", file=self.out, flush=True)

    def _draw(self) -> None:
        terminal = self.out.isatty()
        pause = SECONDS_BETWEEN_DRAWINGS if terminal else SECONDS_BETWEEN_LINES
        while not self._finished.wait(pause):
            if terminal:
                print(f"{ERASE}{self.line()}", end="", file=self.out, flush=True)
            else:
                print(self.line(), file=self.out, flush=True)


def spell(seconds: float) -> str:
    """As in ``4 s`` and ``3 m 20 s``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} m {rest} s" if minutes else f"{rest} s"
