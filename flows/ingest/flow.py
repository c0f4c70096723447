"""The flow that loads what has landed, and shows how far it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import (
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from flows import settings
from flows.ingest import core
from flows.landing import Landing
from flows.rows import set_rows
from flows.warehouse import PATIENCE, Warehouse, WarehouseUnavailable, worth_retrying

Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", examples=["2013-01"])]


class PartitionsFailed(RuntimeError):
    """Some partitions could not be loaded; the others were."""


@dataclass(frozen=True)
class Outcome:
    partition: "core.Partition"
    happened: str
    rows: int = 0
    problem: str = ""


@flow(log_prints=True)
def ingest(
    months: Annotated[list[Month], Field(min_length=1)] | None = None, sample: bool = False
) -> int:
    """Load what has landed into the warehouse. What is there already, unchanged, is left alone;
    a corrected file replaces exactly its rows; a damaged one fails alone, and says why.

    Args:
        months: The months to look at, like 2013-01; every month that has landed, unless given.
        sample: First land these months of the sample source, the flights from New York in 2013.
    """
    landing, warehouse = settings.landing(), settings.warehouse()
    if sample:
        land_sample(landing, months)
    partitions = find(landing, months)
    if not partitions:
        raise FileNotFoundError(f"nothing has landed in {landing.url} yet")
    progress = cast(UUID, create_progress_artifact(0.0, "ingest", "Partitions looked at"))
    outcomes: list[Outcome] = []
    held = look_up(warehouse)
    for key, batch in core.batches(partitions).items():
        outcomes += bring_in(landing, warehouse, key, batch, held)
        update_progress_artifact(progress, 100 * len(outcomes) / len(partitions))
    show(outcomes)
    if failed := [outcome for outcome in outcomes if outcome.problem]:
        problems = "; ".join(f"{each.partition}: {each.problem}" for each in failed)
        raise PartitionsFailed(f"{len(failed)} of {len(outcomes)} partitions failed. {problems}")
    rows = count(warehouse)
    print(f"{rows} flights are in {warehouse.url}")
    set_rows(rows)
    return rows


def bring_in(
    landing: Landing,
    warehouse: Warehouse,
    key: str,
    batch: "Sequence[core.Partition]",
    held: "core.Ledger",
) -> Iterator[Outcome]:
    """Load those partitions of a batch that are new and sound, in one go."""
    to_load = []
    for partition in batch:
        checked = _result(check(landing, partition, held, return_state=True))
        if isinstance(checked, Exception):
            yield Outcome(partition, "failed", problem=str(checked))
        elif checked.content is None:
            yield Outcome(partition, "unchanged", checked.rows)
        else:
            to_load.append(checked)
    if not to_load:
        return
    loaded = _result(load(warehouse, key, to_load, return_state=True))
    if isinstance(loaded, WarehouseUnavailable):
        raise loaded  # the next batch would wait as long, and as vainly
    for file in to_load:
        if isinstance(loaded, Exception):
            yield Outcome(file.partition, "failed", problem=str(loaded))
        else:
            yield Outcome(file.partition, "loaded", file.rows)


def show(outcomes: Sequence[Outcome]) -> None:
    create_table_artifact(
        [
            {
                "partition": str(each.partition),
                "what happened": each.happened,
                "rows": each.rows,
                "problem": each.problem,
            }
            for each in outcomes
        ],
        key="partitions",
        description="What the last ingest did with each partition",
    )


def network_may_mend(_task: Any, _run: Any, state: Any) -> bool:
    """Another try does not help a damaged file (a PartitionError), or a wrong argument."""
    return not isinstance(_result(state), ValueError)


@task(
    retries=3,
    retry_delay_seconds=[2, 10, 30],
    retry_condition_fn=network_may_mend,
    cache_policy=NO_CACHE,
)
def land_sample(landing: Landing, months: list[str] | None) -> None:
    from flows.ingest import sample

    landed = sample.land(landing, months)
    print(f"landed {', '.join(landed) or 'nothing new'} in {landing.url}")


@task(retries=3, retry_delay_seconds=[2, 10, 30], cache_policy=NO_CACHE)
def find(landing: Landing, months: list[str] | None) -> "list[core.Partition]":
    return core.partitions(landing, months)


@task(
    task_run_name="check {partition}",
    retries=3,
    retry_delay_seconds=[2, 10, 30],
    retry_condition_fn=network_may_mend,
    cache_policy=NO_CACHE,
)
def check(landing: Landing, partition: "core.Partition", held: "core.Ledger") -> "core.Checked":
    return core.check(landing, partition, held)


@task(
    retries=len(PATIENCE),
    retry_delay_seconds=PATIENCE,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def look_up(warehouse: Warehouse) -> "core.Ledger":
    return core.ledger(warehouse)


@task(
    task_run_name="load {key}",
    retries=len(PATIENCE),
    retry_delay_seconds=PATIENCE,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def load(warehouse: Warehouse, key: str, files: "list[core.Checked]") -> None:
    core.load(warehouse, files)


@task(
    retries=len(PATIENCE),
    retry_delay_seconds=PATIENCE,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def count(warehouse: Warehouse) -> int:
    return core.rows_in(warehouse, "flights")


def _result(state: Any) -> Any:
    return state.result(raise_on_failure=False)
