"""How many writes go on at once, before servers that bear much and little."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from prefect_as_code.api import Patience, PrefectApi
from prefect_as_code.connection import Connection
from prefect_as_code.paths import at
from tests.prefect_as_code.fake_prefect import URL, ok

THREADS = 4  # as many as Pulumi's dynamic provider process has


class Server:
    """Takes ``bears`` writes at once, and refuses at once what is more."""

    def __init__(self, bears: int, refusal: int = 503, takes: float = 0.002) -> None:
        self.bears, self.refusal, self.takes = bears, refusal, takes
        self.at_once = self.most = self.refused = 0
        self.counting = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return ok("3.8.8")
        with self.counting:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            refuse = self.at_once > self.bears
            self.refused += refuse
        held = threading.Event()
        held.wait(self.takes)
        with self.counting:
            self.at_once -= 1
        return httpx.Response(self.refusal) if refuse else ok()


def write(server: Callable[[httpx.Request], httpx.Response], times: int) -> float:
    """Seconds for so many writes by Pulumi's threads."""
    api = PrefectApi(Connection(api_url=URL), httpx.MockTransport(server), Patience(pause=0.0001))
    began = time.monotonic()
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda n: api.call("PATCH", at("/x/{}", str(n)), {}), range(times)))
    return time.monotonic() - began


def test_a_strong_server_is_asked_by_all_threads_at_once():
    server = Server(bears=THREADS)
    write(server, times=60)
    assert (server.most, server.refused) == (THREADS, 0)


def test_a_server_that_bears_one_write_is_seldom_asked_two():
    """SQLite's case. Without learning, most of the writes would be refused once or more."""
    server = Server(bears=1)
    write(server, times=200)
    assert server.refused <= 8


def test_a_rate_limit_slows_down_as_a_busy_database_does():
    server = Server(bears=2, refusal=429)
    write(server, times=200)
    assert server.refused <= 12


def test_a_server_that_refuses_everything_for_a_while_is_not_given_up():
    told = iter([httpx.Response(503)] * 10)

    def ailing(request: httpx.Request) -> httpx.Response:
        return ok("3.8.8") if request.method == "GET" else next(told, ok())

    write(ailing, times=20)
