"""Which landed files are which partitions, and what is to be said of all the others."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from flows.ingest import tables
from flows.landing import SUFFIX, Landing

MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"  # of file names, and of the parameter `months`
PARQUET = re.compile(r"\.(parquet|parq|pq)(\.(gz|zst|bz2|lz4|snappy))?$", re.IGNORECASE)


class PartitionError(ValueError):
    """A file that cannot be loaded as it is; another try would not help."""


@dataclass(frozen=True, order=True)
class Partition:
    """A month of a table, or its snapshot: one file in the landing, replaced as a whole."""

    key: str
    table: str

    @property
    def path(self) -> str:
        """Of its file, within the landing."""
        return f"{self.table}/{self.key}{SUFFIX}"

    def __str__(self) -> str:
        return f"{self.table}/{self.key}"


@dataclass(frozen=True)
class Stranger:
    """What landed and is no partition. ``failed``: it seems to be data that should be one."""

    path: str
    problem: str
    failed: bool = False


@dataclass(frozen=True)
class Landed:
    """What to look at, and what was seen beside it."""

    partitions: Sequence[Partition]
    strangers: Sequence[Stranger] = field(default=())


def is_month(key: str) -> bool:
    return re.fullmatch(MONTH.strip("^$"), key) is not None


def look(landing: Landing, months: Collection[str] = ()) -> Landed:
    """The snapshots and the ``months``; without ``months`` every month that has landed, and what
    else is in the landing. PartitionError where one of ``months`` is none."""
    if wrong := [month for month in months if not is_month(month)]:
        raise PartitionError(f"{', '.join(map(repr, wrong))}: no month like 2013-01")
    partitions: list[Partition] = []
    strangers: list[Stranger] = []
    for table in tables.SCHEMAS:
        sort = _months if table in tables.MONTHLY else _snapshot
        found, beside = sort(table, landing.files(table))
        if months and table in tables.MONTHLY:
            beside = [each for each in beside if _is_of(each, months)]
            known = {each.path for each in beside}
            asked = [Partition(month, table) for month in dict.fromkeys(months)]
            found = [each for each in asked if each.path not in known]
        partitions += found
        strangers += beside
    if not months:
        strangers += _elsewhere(landing)
    return Landed(sorted(partitions), sorted(strangers, key=lambda each: each.path))


def _is_of(stranger: Stranger, months: Collection[str]) -> bool:
    name = stranger.path.partition("/")[2]
    return any(name.startswith((f"{month}.", f"{month}/")) for month in months)


def batches(found: Iterable[Partition]) -> dict[str, list[Partition]]:
    """Partitions that go into the warehouse together: those of a month, and the snapshots."""
    together = groupby(sorted(found), key=lambda partition: partition.key)
    return {key: list(of_key) for key, of_key in together}


def _months(table: str, files: Iterable[str]) -> tuple[list[Partition], list[Stranger]]:
    keys, strangers = _keys(table, files, f"{table}/<month>{SUFFIX}, as 2013-01{SUFFIX}")
    for key in [key for key in keys if not is_month(key)]:
        keys.remove(key)
        strangers.append(
            Stranger(
                f"{table}/{key}{SUFFIX}", f"the name is no month like 2013-01{_meant(key)}", True
            )
        )
    return [Partition(key, table) for key in keys], strangers


def _snapshot(table: str, files: Iterable[str]) -> tuple[list[Partition], list[Stranger]]:
    """The file that counts: the one called ``all``, or else the newest by its name."""
    keys, strangers = _keys(table, files, f"{table}/{tables.SNAPSHOT}{SUFFIX}")
    for key in [key for key in keys if key != tables.SNAPSHOT and not _is_day(key)]:
        keys.remove(key)
        problem = f"the name is no snapshot: it is called {tables.SNAPSHOT}, or like 2013-01-31"
        strangers.append(Stranger(f"{table}/{key}{SUFFIX}", problem, True))
    if not keys:
        return [], strangers
    counts = tables.SNAPSHOT if tables.SNAPSHOT in keys else max(keys)
    strangers += [
        Stranger(f"{table}/{key}{SUFFIX}", f"an older snapshot: {table}/{counts} is the one taken")
        for key in keys
        if key != counts
    ]
    return [Partition(counts, table)], strangers


def _keys(table: str, files: Iterable[str], place: str) -> tuple[list[str], list[Stranger]]:
    """The names of the files in their place, and the files in others."""
    keys: list[str] = []
    strangers: list[Stranger] = []
    folders: dict[str, int] = {}
    for path in files:
        if _is_hidden(path):
            continue
        first, *below = path.split("/")
        if PARQUET.search(path) and any(part.startswith("_") for part in (first, *below)):
            problem = "passed over: what starts with _ is a writer's own"
            strangers.append(Stranger(f"{table}/{path}", problem))
        elif not below and path.endswith(SUFFIX):
            keys.append(path.removesuffix(SUFFIX))
        elif below and first.endswith(SUFFIX):
            folders[first] = folders.get(first, 0) + 1
        elif PARQUET.search(path):
            strangers.append(Stranger(f"{table}/{path}", f"not in its place: {place}", True))
        else:
            strangers.append(Stranger(f"{table}/{path}", f"passed over: no file {place}"))
    strangers += [
        Stranger(f"{table}/{folder}", f"a folder of {parts} files: land one file", True)
        for folder, parts in folders.items()
    ]
    return keys, strangers


def _elsewhere(landing: Landing) -> Iterator[Stranger]:
    """What is beside the tables' folders."""
    declared = {table.casefold(): table for table in tables.SCHEMAS}
    for name, folder in landing.top().items():
        if (name in tables.SCHEMAS and folder) or _is_hidden(name):
            continue
        table = declared.get(name.casefold())
        if folder and table:
            for path in landing.files(name):
                if not _is_hidden(path):
                    problem = f"not in its place: the table's folder is {table}"
                    yield Stranger(f"{name}/{path}", problem, True)
        elif folder:
            yield Stranger(f"{name}/", "passed over: flows/ingest/tables.py has no such table")
        else:
            yield Stranger(
                name, "passed over: it is in no table's folder", bool(PARQUET.search(name))
            )


def _is_hidden(path: str) -> bool:
    """What writers leave for themselves: unfinished files, checksums, ``_SUCCESS``."""
    parts = path.split("/")
    own = any(part.startswith("_") for part in parts) and not PARQUET.search(path)
    return own or any(part.startswith(".") for part in parts)


def _is_day(key: str) -> bool:
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", key):
        return False
    try:
        date.fromisoformat(key)
    except ValueError:
        return False
    return True


def _meant(key: str) -> str:
    """The month that a name seems to mean, as a hint."""
    told = re.match(r"\+?([0-9]{4})[-_ ]?0*_?([0-9]{1,2})(?![0-9])", key)
    month = f"{told[1]}-{int(told[2]):02}" if told else ""
    return f": write {month}{SUFFIX}, if it is that month" if is_month(month) else ""
