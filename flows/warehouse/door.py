"""What each warehouse can do, and what it says when it can't."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
Ask = Callable[[str], list[Row]]

DATASET = "aviation"  # in DuckDB; a BigQuery URL names its own


class WarehouseUnavailable(RuntimeError):
    """It is busy, or out of reach for now: trying again can help."""


class NotIngested(LookupError):
    """What was asked for has never been loaded; says what was missing, and what to run."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"{missing}: run the flow `ingest` first (`sample` gives it data)")


class Refused(ValueError):
    """The warehouse does not take what it was told to; another try would not help."""


@dataclass(frozen=True)
class Column:
    """A column that the warehouse has: ``type`` in its own words; ``required`` is NOT NULL."""

    name: str
    type: str
    required: bool


class Door(Protocol):
    """An open warehouse. WarehouseUnavailable and Refused are what its methods raise."""

    def ask(self, sql: str) -> list[Row]:
        """The answer; NotIngested where a table is asked for that is not there."""

    def columns(self, table: str) -> Sequence[Column]:
        """The columns of ``table`` in order; none where there is no such table."""

    def type_of(self, type_: pa.DataType) -> str:
        """What this warehouse calls a type, as ``columns`` gives it."""

    def name_of(self, table: str) -> str:
        """``table`` as SQL, whatever it is called."""

    def quoted(self, column: str) -> str:
        """``column`` as SQL, whatever it is called."""

    def replace(
        self,
        table: str,
        rows: pa.Table,
        constants: Mapping[str, str],
        where: str,
        changes: Sequence[str] = (),
    ) -> None:
        """In one transaction delete what is ``where`` from ``table``, and insert ``rows``, each
        with the ``constants`` (columns that have one value in all of them). A reader sees what was
        there before, or what is there then. ``changes`` (DDL) are made first; they lose nothing.
        """
