"""How many writes go on at once: as many as the server bears, found out while writing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

_MOST: Final = 16
_FEW: Final = 3  # writes that have to go well before one more at once is dared, at first
_CAUTION: Final = 8  # how many times as many, each time that daring it was too much


@dataclass
class Pace:
    """One write at a time at first; one more after some that went well; half, when refused.

    SQLite bears one: each second writer is refused at once (503, "database is locked"). Plain AIMD
    runs into that again and again: 12 to 16 s for 100 deployments on 2 cores. So each refusal makes
    it dare less often: 7.6 to 11.6 s, as with a lock (6.8 to 12.6 s). A strong server is asked by
    all of Pulumi's threads after some ten writes.
    """

    at_once: int = 1
    _needed: int = _FEW
    _well: int = 0
    _going: int = 0
    _room: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def turn(self) -> Iterator["Turn"]:
        """Wait until one more write is borne; the turn has to be told how it went."""
        with self._room:
            self._room.wait_for(lambda: self._going < self.at_once)
            self._going += 1
            turn = Turn(self.at_once)
        try:
            yield turn
        finally:
            with self._room:
                self._going -= 1
                self._learn(turn)
                self._room.notify_all()

    def _learn(self, turn: "Turn") -> None:
        if not turn.refused:
            self._well += 1
            if self._well >= self._needed and self.at_once < _MOST:
                self.at_once += 1
                self._well = 0
        elif 1 < turn.at_once <= self.at_once:  # else of a burst that has been learned from
            self.at_once //= 2
            self._well = 0
            self._needed *= _CAUTION


@dataclass
class Turn:
    """One write; ``refused``: the server said that it was too much."""

    at_once: int
    refused: bool = False
