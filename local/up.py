"""Brings the local stack up, step by step, and proves it with real runs."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from local import prefect
from local.environment import environment
from local.places import Places
from local.records import marked
from local.runs import FINAL, Run, RunError, Runs, WorkerGoneError, client
from local.services import ServiceError, Services
from local.stack import NAME, Stack, StackError
from tools import engine
from tools.command import watched
from tools.locks import exclusive

EXPECTED = (engine.NoEngineError, ServiceError, StackError, RunError, httpx.HTTPError)
AGAIN = "`make up` goes on from here."
# Those of a group at once; the report reads what ingest has loaded.
PROOF = (("hello", "ingest"), ("report",))


class StepError(Exception):
    """A step of `up` failed; the message says which, and why."""


def up(places: Places, console: Console, *, proof: bool = True) -> bool:
    """Whether everything runs, and every run of the proof, if it is wanted, has completed."""
    places.make()
    services = Services(places, console.print)
    step = partial(_step, console, services)
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
                    ended = _prove(runs, lambda: services.running("worker") is not None, console)
                _show(ended, server.api_url, console)
            for run in ended:
                if not run.completed:
                    _explain(run, runs, console)
            reports = [found for run in ended for found in runs.reports(run)]
    console.print(f"Prefect: {server.api_url.removesuffix('/api')}   stop: make down")
    for title, artifact in reports:
        page = prefect.artifact_page(server.api_url, artifact)
        console.print(f"{title}: {page}", soft_wrap=True, markup=False)
    return all(run.completed for run in ended)


@contextmanager
def _step(console: Console, services: Services, name: str) -> Iterator[None]:
    """Say what begins, and how long it took; name the step in what goes wrong inside."""
    console.print(f"[bold]{name}[/bold]")
    started = time.monotonic()
    try:
        yield
    except EXPECTED as error:
        told = str(error)
        if isinstance(error, httpx.TransportError):
            told = f"the server does not answer ({error}). {services.tail('server')}"
        elif isinstance(error, WorkerGoneError):
            told = f"{error}. {services.tail('worker')}"
        raise StepError(f"step {name!r} failed: {told.rstrip()}\n{AGAIN}") from error
    console.print(f"  [dim]{time.monotonic() - started:.1f} s[/dim]")


def _settle(runs: Runs, places: Places, pool: str, console: Console) -> None:
    alive = {run for _, run in marked("worker", places.base) if run}
    if ghosts := runs.settle(pool, alive):
        console.print(f"  {ghosts} flow runs had lost their processes: Prefect knows now")


def _prove(runs: Runs, served: Callable[[], bool], console: Console) -> list[Run]:
    """The runs as they ended; after one that did not complete no further group is tried."""
    ended: list[Run] = []
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        for group in PROOF:
            for run in [runs.start(f"{flow}/{flow}-{NAME}") for flow in group]:
                ended.append(_follow(runs, run, served, progress))
            if not all(run.completed for run in ended):
                break
    return ended


def _follow(runs: Runs, run: Run, served: Callable[[], bool], progress: Progress) -> Run:
    """The run as it ended; each of its states is said, and how far it is is shown."""
    state, bar = "", progress.add_task(run.deployment, total=100)
    for seen, percent in runs.follow(run, served):
        run = seen
        done = 100.0 if run.type in FINAL else percent
        progress.update(bar, completed=done, description=f"{run.deployment} {run.state}")
        if run.state != state:
            state = run.state
            progress.console.print(f"  {run.deployment}: {state}")
    return run


def _show(ended: list[Run], api_url: str, console: Console) -> None:
    table = Table("flow", "deployment", "state", "rows", "seconds")
    for run in ended:
        flow, _, deployment = run.deployment.partition("/")
        rows = "" if run.rows is None else f"{run.rows:,}"
        style = "green" if run.completed else "red"
        table.add_row(flow, deployment, run.state, rows, f"{run.seconds:.1f}", style=style)
    console.print(table)
    for run in ended:  # below, as a link that a narrow table cuts is no link
        flow = run.deployment.partition("/")[0]
        console.print(f"{flow:8}{prefect.run_page(api_url, run.id)}", soft_wrap=True)


def _explain(run: Run, runs: Runs, console: Console) -> None:
    console.print(f"[red]{run.deployment} is {run.state}[/red]: {run.message}", highlight=False)
    for line in runs.last_logs(run):
        console.print(f"    {line}", markup=False, highlight=False)
