"""The flow that loads what has landed, and shows how far it is."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast
from uuid import UUID

from prefect import State, flow, get_run_logger, task
from prefect.artifacts import (
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.states import Failed
from pydantic import Field

from flows import settings
from flows.ingest import core
from flows.landing import Landing
from flows.passing import PATIENCE, worth_retrying
from flows.rows import set_rows
from flows.warehouse import Warehouse, WarehouseUnavailable

Month = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", examples=["2013-01"])]

TOLD = 5  # problems that the run's own message has; the artifact `partitions` has all of them

PATIENT: dict[str, Any] = {
    "retries": len(PATIENCE),
    "retry_delay_seconds": PATIENCE,
    "retry_condition_fn": worth_retrying,
    "cache_policy": NO_CACHE,
}


class PartitionsFailed(RuntimeError):
    """Some of what landed could not be loaded; the rest was."""


@dataclass(frozen=True)
class Outcome:
    """What became of one thing in the landing; ``failed`` ones fail the run, at its end."""

    name: str
    happened: str
    rows: int = 0
    problem: str = ""

    @property
    def failed(self) -> bool:
        return self.happened == "failed"


@flow(log_prints=True)
def ingest(
    months: list[Month] = [],  # noqa: B006 - of a tuple, or of None, the form knows no type
    sample: bool = False,
) -> "dict[str, int] | State[Any]":
    """Load what has landed into the warehouse. What is there already, unchanged, is left alone;
    a corrected file replaces exactly its rows; a damaged one fails alone, and says why.

    Args:
        months: The months to look at, like 2013-01; every month that has landed, if there is none.
        sample: First land these months of the sample source, the flights from New York in 2013.
    """
    landing, warehouse = settings.landing(), settings.warehouse()
    if sample:
        land_sample(landing, months)
    landed = find(landing, months)
    if not landed.partitions and not landed.strangers:
        return _failed(FileNotFoundError(f"nothing has landed in {landing.place} yet"))
    progress = cast(UUID, create_progress_artifact(0.0, "ingest", "Partitions looked at"))
    outcomes = [
        Outcome(each.path, "failed" if each.failed else "passed over", problem=each.problem)
        for each in landed.strangers
    ]
    left = list(landed.partitions)
    try:
        held = look_up(warehouse)
        if not months:
            outcomes += follow_removals(warehouse, landed, held)
        for key, batch in core.batches(landed.partitions).items():
            outcomes += bring_in(landing, warehouse, key, batch, held)
            left = left[len(batch) :]
            update_progress_artifact(progress, 100 - 100 * len(left) / len(landed.partitions))
        held = look_up(warehouse)
    finally:
        show([*outcomes, *(Outcome(str(each), "not reached") for each in left)])
    return conclude(landing, warehouse, outcomes, held)


def bring_in(
    landing: Landing,
    warehouse: Warehouse,
    key: str,
    batch: "Sequence[core.Partition]",
    held: "core.Ledger",
) -> Iterator[Outcome]:
    """Load those partitions of a batch that are new and sound."""
    to_load = []
    for partition in batch:
        state: State[Any] = check(
            landing, partition, core.held_of(partition, held), return_state=True
        )
        if not state.is_completed():
            yield Outcome(str(partition), "failed", problem=str(state.message))
        elif (checked := state.result()).content is not None:
            to_load.append(checked)
        else:
            happened = "unchanged" if checked.rows else "empty"
            yield Outcome(str(partition), happened, checked.rows)
    if not to_load:
        return
    state = load(warehouse, key, to_load, return_state=True)
    error = state.result(raise_on_failure=False)
    if isinstance(error, WarehouseUnavailable):
        raise error  # the next batch would wait as long, and as vainly
    for file in to_load:
        problem = error.get(file.partition) if isinstance(error, dict) else state.message
        if problem:
            yield Outcome(str(file.partition), "failed", problem=problem)
        else:
            yield Outcome(str(file.partition), "loaded", file.rows)


def follow_removals(
    warehouse: Warehouse, landed: "core.Landed", held: "core.Ledger"
) -> Iterator[Outcome]:
    """What becomes of the rows whose file was taken away, or has another name now."""
    for partition, removed in core.gone(held, landed).items():
        rows = held[partition].rows
        if removed:
            remove(warehouse, partition)
            yield Outcome(str(partition), "removed", rows, "its file is no longer in the landing")
        else:
            problem = "its file is no longer in the landing; its rows are still in the warehouse"
            yield Outcome(str(partition), "kept", rows, problem)


def show(outcomes: Sequence[Outcome]) -> None:
    """Leave what happened as a table, and say in the log what somebody should look at."""
    create_table_artifact(
        [
            {
                "partition": each.name,
                "what happened": each.happened,
                "rows": each.rows,
                "problem": each.problem,
            }
            for each in sorted(outcomes, key=lambda each: (not each.failed, each.name))
        ],
        key="partitions",
        description="What the last ingest did with each partition, and with what else has landed",
    )
    noticed = [each for each in outcomes if each.problem and not each.failed]
    for line in _first(noticed):
        get_run_logger().warning(line)


def conclude(
    landing: Landing, warehouse: Warehouse, outcomes: Sequence[Outcome], held: "core.Ledger"
) -> "dict[str, int] | State[Any]":
    """Say how many rows were loaded, and how many are held; fail if anything failed."""
    loaded: Counter[str] = Counter()
    for each in outcomes:
        if each.happened == "loaded":
            loaded[each.name.partition("/")[0]] += each.rows
    in_all: Counter[str] = Counter()
    for partition, of in held.items():
        in_all[partition.table] += of.rows
    create_table_artifact(
        [
            {"table": table, "rows loaded": loaded[table], "rows held": rows}
            for table, rows in in_all.items()
        ],
        key="tables",
        description="Rows that the last ingest loaded, and all that the warehouse holds",
    )
    for table, rows in in_all.items():
        print(f"{table}: {loaded[table]:,} rows loaded, {rows:,} held in {warehouse.url}")
    if failed := [each for each in outcomes if each.failed]:
        count = f"{len(failed)} of {len(outcomes)} partitions failed"
        return _failed(PartitionsFailed("\n".join([f"{count}, in {landing.url}", *_first(failed)])))
    set_rows(in_all["flights"])
    return {"loaded": loaded.total(), "held": in_all.total()}


def _failed(error: Exception) -> State[Any]:
    """What a flow returns to fail without a traceback: what is wrong is the data, not the code."""
    return Failed(message=str(error), data=error)


def _first(outcomes: Sequence[Outcome]) -> list[str]:
    """The first of them, a line each, and how many there are more."""
    lines = [f"{each.name}: {_shortened(each.problem)}" for each in outcomes[:TOLD]]
    if (more := len(outcomes) - TOLD) > 0:
        lines.append(f"and {more} more: the artifact `partitions` has all of them")
    return lines


def _shortened(text: str, most: int = 400) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


@task(name="land the sample", task_run_name="land the sample", **PATIENT)
def land_sample(landing: Landing, months: list[str]) -> None:
    from flows.ingest import sample

    landed = sample.land(landing, months or None)
    print(f"landed {', '.join(landed) or 'nothing new'} in {landing.url}")


@task(name="list what landed", task_run_name="list what landed", **PATIENT)
def find(landing: Landing, months: list[str]) -> "core.Landed":
    return core.look(landing, months)


@task(name="check", task_run_name="check {partition}", **PATIENT)
def check(
    landing: Landing, partition: "core.Partition", held: "core.Ledger"
) -> "core.Checked | State[Any]":
    try:
        checked = core.check(landing, partition, held)
    except core.PartitionError as damage:
        return Failed(message=str(damage))  # raised, it would leave a traceback of ours in the log
    word = "to load" if checked.content is not None else "as the warehouse has them"
    print(f"{partition}: {checked.rows:,} rows, {word}")
    return checked


@task(name="load", task_run_name="load {key}", **PATIENT)
def load(
    warehouse: Warehouse, key: str, files: "list[core.Checked]"
) -> "dict[core.Partition, str]":
    refused = core.load(warehouse, files)
    for file in files:
        if file.partition not in refused:
            print(f"{file.partition}: {file.rows:,} rows loaded")
    return refused


@task(name="remove", task_run_name="remove {partition}", **PATIENT)
def remove(warehouse: Warehouse, partition: "core.Partition") -> None:
    core.remove(warehouse, partition)


@task(name="read the ledger", task_run_name="read the ledger", **PATIENT)
def look_up(warehouse: Warehouse) -> "core.Ledger":
    return core.ledger(warehouse)
