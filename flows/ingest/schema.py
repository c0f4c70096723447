"""How the warehouse follows the declaration: by itself where nothing is lost, else not at all."""

from __future__ import annotations

import pyarrow as pa

from flows.ingest.partitions import PartitionError
from flows.warehouse import Column, Door


def changes(door: Door, table: str, declared: pa.Schema, leaving: str) -> list[str]:
    """The DDL after which ``table`` takes rows as ``declared``: the table, a new column, or a
    column that may be empty from now on.

    ``leaving`` is SQL for the rows that are about to be replaced. PartitionError, with what to do,
    where the rows that stay, or a column's type, contradict the declaration.
    """
    name = door.name_of(table)
    there = {column.name.casefold(): column for column in door.columns(table)}
    if not there:
        columns = ", ".join(_column(door, each) for each in declared)
        return [f"CREATE TABLE IF NOT EXISTS {name} ({columns})"]
    made = []
    for each in declared:
        column = there.pop(each.name.casefold(), None)
        if column is None:
            if not each.nullable:
                _refuse_rows(door, table, each.name, f"NOT ({leaving})")
            made.append(f"ADD COLUMN {door.quoted(each.name)} {door.type_of(each.type)}")
        elif column.type != door.type_of(each.type):
            raise PartitionError(
                f"{each.name} is declared {each.type}, and the warehouse has {column.type}: "
                f"declare it as it was, or drop the table there (DROP TABLE {name}), and the next "
                "run loads it anew from all that has landed"
            )
        elif each.nullable and column.required:
            made.append(_may_be_empty(door, column))
        elif column.required is False and not each.nullable:
            empty = f"{door.quoted(column.name)} IS NULL AND NOT ({leaving})"
            _refuse_rows(door, table, each.name, empty)
    made += [_may_be_empty(door, column) for column in there.values() if column.required]
    return [f"ALTER TABLE {name} {change}" for change in made]


def _refuse_rows(door: Door, table: str, column: str, which: str) -> None:
    [found] = door.ask(
        f"SELECT COUNT(*) AS row_count FROM {door.name_of(table)} WHERE {which}"  # noqa: S608
    )
    if rows := found["row_count"]:
        raise PartitionError(
            f"{column} is required, and the warehouse has {rows} rows without it: declare it "
            f"optional, or drop the table there (DROP TABLE {door.name_of(table)}), and the next "
            "run loads it anew from all that has landed"
        )


def _column(door: Door, declared: pa.Field) -> str:
    required = "" if declared.nullable else " NOT NULL"
    return f"{door.quoted(declared.name)} {door.type_of(declared.type)}{required}"


def _may_be_empty(door: Door, column: Column) -> str:
    return f"ALTER COLUMN {door.quoted(column.name)} DROP NOT NULL"
