"""Brings the local stack up, step by step, and proves it with real runs."""

from functools import partial

import httpx
from rich.console import Console

from local import prefect, steps
from local.environment import environment
from local.places import Places
from local.proof import prove, show, show_reports
from local.records import marked
from local.runs import Run, Runs, WorkerGoneError, client
from local.services import Services
from local.stack import Stack
from tools import engine
from tools.command import watched
from tools.locks import exclusive

AGAIN = "`make up` goes on from here."


def up(places: Places, console: Console, *, proof: bool = True) -> bool:
    """Whether everything runs, and every run of the proof, if it is wanted, has completed."""
    places.make()
    services = Services(places, console.print)
    step = partial(steps.step, console=console, words=partial(_words, services), again=AGAIN)
    others = exclusive(
        places.lock("up"),
        lambda pid: console.print(f"process {pid} already brings it up: waiting for it"),
    )
    with others, watched(places.root):
        with step("engine"):
            found = engine.find()
        with step("server"):
            server = services.ensure("server", lambda k: prefect.server(places, k, console.print))
        with step("stack"):
            ours = environment(places, server.api_url, found.bin)
            stack = Stack(places=places, environment=ours, say=console.print)
            stack.up()
            pool = str(stack.outputs()["work_pool"])
        with client(server.api_url) as api:
            runs = Runs(api)
            with step("worker"):
                if not services.running("worker"):
                    _settle(runs, places, pool, console)
                services.ensure("worker", lambda k: prefect.worker(places, k, server.api_url, pool))
            ended: list[Run] = []
            if proof:
                with step("runs"):
                    ended = prove(
                        runs, stack.name, lambda: services.running("worker") is not None, console
                    )
                show(ended, runs, server.api_url, console)
            console.print(f"Prefect: {server.api_url.removesuffix('/api')}   stop: make down")
            show_reports(ended, runs, server.api_url, console)
    return all(run.completed for run in ended)


def _words(services: Services, error: Exception) -> str:
    if isinstance(error, httpx.TransportError):
        return f"the server does not answer ({error}). {services.tail('server')}"
    if isinstance(error, WorkerGoneError):
        return f"{error}. {services.tail('worker')}"
    return str(error)


def _settle(runs: Runs, places: Places, pool: str, console: Console) -> None:
    alive = {run for _, run in marked("worker", places.base) if run}
    if ghosts := runs.settle(pool, alive):
        console.print(f"  {ghosts} flow runs had lost their processes: Prefect knows now")
