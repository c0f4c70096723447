"""The proof that a stack works: its flows, run for real, followed and shown."""

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from local import prefect
from local.runs import FINAL, Run, Runs

# Those of a group at once; the report reads what ingest has loaded.
PROOF = (("hello", "ingest"), ("report",))


def prove(runs: Runs, stack: str, served: Callable[[], bool], console: Console) -> list[Run]:
    """The runs as they ended; after one that did not complete no further group is tried."""
    ended: list[Run] = []
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        for group in PROOF:
            for run in [runs.start(f"{flow}/{flow}-{stack}") for flow in group]:
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


def show(ended: list[Run], runs: Runs, api_url: str, console: Console) -> None:
    """How they ended, why where not well, and where they are to be seen."""
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
    for run in ended:
        if not run.completed:
            _explain(run, runs, console)


def show_reports(ended: list[Run], runs: Runs, api_url: str, console: Console) -> None:
    """The pages that the runs have written for people."""
    for run in ended:
        for title, artifact in runs.reports(run):
            page = prefect.artifact_page(api_url, artifact)
            console.print(f"{title}: {page}", soft_wrap=True, markup=False)


def _explain(run: Run, runs: Runs, console: Console) -> None:
    console.print(f"[red]{run.deployment} is {run.state}[/red]: {run.message}", highlight=False)
    for line in runs.last_logs(run):
        console.print(f"    {line}", markup=False, highlight=False)
