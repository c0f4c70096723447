"""A proxy before the Prefect server that fails now and then, by a seed."""

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.live.proxy import Asked, Reset, forwarding, listening

FAULTS = (
    "429",
    "503",
    "slow",
    "reset before the request",
    "reset after the commit",
    "answered too late",
)


@dataclass
class Faulty:
    """``share`` of the requests meet with a fault; ``late`` is more than a client waits."""

    url: str = ""
    seed: int = 0
    share: float = 0.35
    late: float = 0.0
    met: Counter[str] = field(default_factory=Counter)
    _count: Iterator[int] = field(default_factory=itertools.count)
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, seed: int) -> None:
        self.seed, self._count = seed, itertools.count()
        self.met.clear()

    def next(self) -> str | None:
        with self._counting:
            chance = random.Random(f"{self.seed}/{next(self._count)}")  # noqa: S311 - no secret
            fault = chance.choice(FAULTS) if chance.random() < self.share else None
            if fault:
                self.met[fault] += 1
            return fault


@contextmanager
def failing(api_url: str, *, late: float = 0.0) -> Iterator[Faulty]:
    faulty = Faulty(late=late)
    with forwarding(api_url) as forward:

        def answer(asked: Asked) -> httpx.Response:
            match faulty.next():
                case "429":
                    return httpx.Response(429, headers={"Retry-After": "0"})
                case "503":
                    return httpx.Response(503, json={"exception_message": "Service Unavailable"})
                case "slow":
                    time.sleep(0.02)
                case "reset before the request":
                    raise Reset
                case "reset after the commit":
                    forward(asked)
                    raise Reset
                case "answered too late":
                    told = forward(asked)
                    time.sleep(faulty.late)
                    return told
            return forward(asked)

        with listening(answer) as root:
            faulty.url = f"{root}/api"
            yield faulty
