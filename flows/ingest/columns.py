"""From the columns of a file to the declared ones: the same values, or a word on the first that
has no place there. Rows are counted from 0."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from flows.ingest.partitions import PartitionError

# Floats keep whole numbers apart up to this; what is beyond may have been rounded before it landed.
EXACT = {pa.float16(): 2**11, pa.float32(): 2**24, pa.float64(): 2**53}


def fitted(
    column: pa.ChunkedArray, declared: pa.Field, *, int96: pa.ChunkedArray | None
) -> pa.ChunkedArray:
    """``column`` in the declared type. NaN is no number: it counts as missing.

    PartitionError: the type is of another kind, a value does not fit it, or a required one is
    missing. ``int96``: the same in nanoseconds, of an instant that the file keeps so; it is UTC.
    """
    while pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_decimal32(column.type):  # Arrow refuses to make whole numbers of it
        column = column.cast(pa.decimal64(column.type.precision, column.type.scale))
    if pa.types.is_null(column.type):
        column = column.cast(declared.type)
    elif pa.types.is_string(declared.type):
        column = _text(column, declared)
    elif pa.types.is_integer(declared.type):
        column = _whole(column, declared)
    elif pa.types.is_floating(declared.type):
        column = _number(column, declared)
    elif pa.types.is_timestamp(declared.type):
        column = _instant(column, declared, int96=int96)
    else:
        column = _cast(column, declared)
    if column.null_count and not declared.nullable:
        row = first(column.is_null())
        raise PartitionError(f"{column.null_count} of its rows have no {declared.name} (row {row})")
    return column


def first(which: pa.ChunkedArray) -> int:
    """The first row of which something is true."""
    return int(pc.index(which, pa.scalar(True)).as_py())


def _text(column: pa.ChunkedArray, declared: pa.Field) -> pa.ChunkedArray:
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    if not any(is_kind(column.type) for is_kind in kinds):
        raise _of_another_kind(column, declared)
    # Only from bytes does Arrow look whether they are UTF-8; text it takes on trust.
    wide = pa.types.is_large_string(column.type)
    raw = column.cast(pa.large_binary() if wide else pa.binary())
    try:
        return raw.cast(declared.type)
    except pa.ArrowInvalid as invalid:
        for row, value in enumerate(raw):
            if value.is_valid and not _is_utf8(value.as_py()):
                raise PartitionError(
                    f"{declared.name}: a value is not UTF-8 (row {row})"
                ) from invalid
        raise PartitionError(f"{declared.name}: {invalid}") from invalid


def _whole(column: pa.ChunkedArray, declared: pa.Field) -> pa.ChunkedArray:
    if pa.types.is_floating(column.type):
        exact = EXACT[column.type]
        column = _without_nan(column, declared).cast(pa.float64())
        _refuse(pc.not_equal(column, pc.trunc(column)), column, declared, "is no whole number")
        large = pc.greater_equal(pc.abs(column), exact)
        _refuse(large, column, declared, "is too large to be exact as a floating-point number")
    elif not (pa.types.is_integer(column.type) or pa.types.is_decimal(column.type)):
        raise _of_another_kind(column, declared)
    return _cast(column, declared)


def _number(column: pa.ChunkedArray, declared: pa.Field) -> pa.ChunkedArray:
    if pa.types.is_floating(column.type):
        column = _without_nan(column, declared)
        return _cast(column, declared)
    if pa.types.is_integer(column.type):
        return _cast(column, declared)
    if not pa.types.is_decimal(column.type):
        raise _of_another_kind(column, declared)
    # By way of text: of 0.1 as decimal(38, 20) Arrow itself makes 0.09999999999999999.
    doubles = column.cast(pa.string()).cast(pa.float64())
    apart = pc.not_equal(doubles.cast(column.type, safe=False), column)
    for row in pc.indices_nonzero(pc.fill_null(apart, False)).to_pylist():
        # 0.1 is no double either, but it is what the double nearest to it is written as.
        if Decimal(repr(doubles[row].as_py())) != column[row].as_py():
            raise PartitionError(
                f"{declared.name}: {_shown(column, row)} does not fit {declared.type} (row {row})"
            )
    return doubles


def _instant(
    column: pa.ChunkedArray, declared: pa.Field, *, int96: pa.ChunkedArray | None
) -> pa.ChunkedArray:
    if not pa.types.is_timestamp(column.type):
        raise _of_another_kind(column, declared)
    if column.type.tz is None:
        if int96 is None:
            raise PartitionError(
                f"{declared.name} is {column.type}, which has no time zone: write instants "
                "(of Spark's, type TIMESTAMP and "
                "spark.sql.parquet.outputTimestampType=TIMESTAMP_MICROS)"
            )
        # Beyond the year 2262 nanoseconds overflow; the product does so by as much.
        nanoseconds = pc.multiply(column.cast(pa.int64()), 1000)
        finer = pc.not_equal(nanoseconds, int96.cast(pa.int64()))
        _refuse(finer, column, declared, f"and a part of a microsecond do not fit {declared.type}")
        column = column.cast(pa.timestamp(column.type.unit, "UTC"))
    return _cast(column, declared)


def _without_nan(column: pa.ChunkedArray, declared: pa.Field) -> pa.ChunkedArray:
    _refuse(pc.is_inf(column), column, declared, "is no number")
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)


def _refuse(
    which: pa.ChunkedArray, column: pa.ChunkedArray, declared: pa.Field, problem: str
) -> None:
    if pc.any(which).as_py():
        row = first(which)
        raise PartitionError(f"{declared.name}: {_shown(column, row)} {problem} (row {row})")


def _cast(column: pa.ChunkedArray, declared: pa.Field) -> pa.ChunkedArray:
    try:
        return column.cast(declared.type)
    except pa.ArrowNotImplementedError as strange:
        raise _of_another_kind(column, declared) from strange
    except pa.ArrowInvalid as lossy:
        row = _first_lossy(column, declared)
        raise PartitionError(
            f"{declared.name}: {_shown(column, row)} does not fit {declared.type} (row {row})"
        ) from lossy


def _first_lossy(column: pa.ChunkedArray, declared: pa.Field) -> int:
    """The row at which a cast fails, by halves."""
    start, end = 0, len(column)
    while end - start > 1:
        middle = (start + end) // 2
        try:
            column.slice(start, middle - start).cast(declared.type)
            start = middle
        except pa.ArrowInvalid:
            end = middle
    return start


def _shown(column: pa.ChunkedArray, row: int) -> str:
    return str(column.slice(row, 1).cast(pa.string())[0])


def _of_another_kind(column: pa.ChunkedArray, declared: pa.Field) -> PartitionError:
    return PartitionError(f"{declared.name} is {column.type}, not {declared.type}")


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
