"""Brings a stack of a Docker host up, step by step, and proves it with real runs."""

from functools import partial

from rich.console import Console

from local import steps
from local.docker.host import Host
from local.proof import prove, show, show_reports
from local.runs import Run, Runs, WorkerGoneError, client
from tools import engine
from tools.command import watched
from tools.locks import exclusive


def up(host: Host, console: Console, *, proof: bool = True) -> bool:
    """Whether everything runs, and every run of the proof, if it is wanted, has completed."""
    host.places.make()
    again = f"`make up STACK={host.stack}` goes on from here."
    step = partial(steps.step, console=console, words=partial(_words, host), again=again)
    others = exclusive(
        host.places.lock("up"),
        lambda pid: console.print(f"process {pid} already brings it up: waiting for it"),
    )
    with others, watched(host.places.root):
        with step("engine"):
            found = engine.find()
            host.engine.check()
            host.check_volumes()
            host.control_plane.check()
        with step("server"):
            api_url = host.control_plane.up()
        with client(api_url) as api:
            runs = Runs(api)
            stack = host.pulumi(api_url, found.bin)
            with step("stack"):
                _settle(host, runs, console)
                host.fetch_plugins(stack)
                lost = [f"--replace={urn}" for urn in host.lost_images(stack)]
                stack.up(*lost)
                pool = str(stack.outputs()["work_pool"])
                host.engine.remove_left(host.label)  # what new images have replaced
            with step("agent"):
                host.await_agent(api_url, pool)
            ended: list[Run] = []
            if proof:
                with step("runs"):
                    ended = prove(runs, host.stack, host.is_running, console)
                show(ended, runs, api_url, console)
            site, stop = api_url.removesuffix("/api"), f"make down STACK={host.stack}"
            console.print(f"Prefect: {site}   stop: {stop}")
            show_reports(ended, runs, api_url, console)
    return all(run.completed for run in ended)


def _settle(host: Host, runs: Runs, console: Console) -> None:
    """While no agent runs, which may be about to make a container for one of them."""
    if host.is_running():
        return
    if ghosts := runs.settle(host.config["dataflows:prefect"]["work_pool"], host.alive()):
        console.print(f"  {ghosts} flow runs had lost their containers: Prefect knows now")


def _words(host: Host, error: Exception) -> str:
    return f"{error}. {host.tail()}" if isinstance(error, WorkerGoneError) else str(error)
