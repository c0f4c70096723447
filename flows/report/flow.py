"""The flow that reports on delays: its findings are artifacts in the Prefect UI."""

from typing import Annotated

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from flows import settings
from flows.passing import PATIENCE, worth_retrying
from flows.report import core
from flows.rows import set_rows
from flows.warehouse import Warehouse


@flow(log_prints=True)
def report(
    late_minutes: Annotated[int, Field(ge=1, le=240)] = 15,
    min_flights: Annotated[int, Field(ge=1, le=10_000)] = 300,
) -> int:
    """Say which carriers, routes and hours run late, and what part the weather has in it.

    Args:
        late_minutes: From how many minutes on an arrival counts as late.
        min_flights: Carriers and routes with fewer arrivals are left out.
    """
    from flows.report import plot

    found = ask(settings.warehouse(), late_minutes, min_flights)
    create_markdown_artifact(core.markdown(found, plot.png(found)), "delays", "Who runs late")
    create_table_artifact(core.rows(found), "delays-table", "Who runs late, as one table")
    print(f"{found.arrived.share:.1%} of {found.arrived.flights} flights were late")
    set_rows(found.scheduled)
    return found.scheduled


@task(
    retries=len(PATIENCE),
    retry_delay_seconds=PATIENCE,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def ask(warehouse: Warehouse, late_minutes: int, min_flights: int) -> "core.Delays":
    with warehouse.reader() as door:
        return core.delays(door.ask, late_minutes, min_flights)
