"""What Cloud Run answers next instead of the truth, by method."""

import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field

import httpx

from tests.live.proxy import Reset
from tests.story.google.answers import Refused

_SAID = {
    429: "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per"
    " region' of service 'run.googleapis.com' for consumer 'project_number:123456789012'.",
    500: "Internal error encountered.",
    503: "The service is currently unavailable.",
}


@dataclass(frozen=True)
class Fault:
    """``after``: what was asked for is done all the same. A ``code`` of 0 breaks the connection."""

    code: int
    after: bool = False

    def answer(self) -> httpx.Response:
        if not self.code:
            raise Reset
        return Refused(self.code, _SAID[self.code]).answer


@dataclass
class Faults:
    """Methods have their last words in the discovery document: ``jobs.run``, ``executions.get``."""

    _next: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def give(self, method: str, *codes: int, after: bool = False) -> None:
        for code in codes:
            if code and code not in _SAID:
                raise ValueError(f"of {sorted(_SAID)} and 0, not {code}")
            self._next[method].append(Fault(code, after))

    def take(self, method: str) -> Fault | None:
        with self._lock:
            return self._next[method].popleft() if self._next[method] else None

    @property
    def left(self) -> dict[str, int]:
        """How many were never met, by method."""
        return {method: len(each) for method, each in self._next.items() if each}
