"""What lands becomes what is declared: the same values, or a word on the first that does not."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from flows.ingest.columns import fitted
from flows.ingest.partitions import PartitionError
from flows.ingest.tables import INSTANT, NUMBER, TEXT, WHOLE

LATIN_1 = pa.array([b"IAH", b"Montr\xe9al", b"MIA"], pa.binary())
UNCHECKED = pa.Array.from_buffers(TEXT, 3, LATIN_1.buffers())
NOON = datetime(2013, 1, 1, 12, tzinfo=UTC)
NAIVE = NOON.replace(tzinfo=None)
DECIMALS = pa.decimal128(38, 20)


def fit(column: pa.Array, declared: pa.DataType, required: bool = False, **told: Any) -> list[Any]:
    told = {"int96": None, **told}
    chunks = pa.chunked_array([column])
    found = fitted(chunks, pa.field("x", declared, nullable=not required), **told)
    assert found.type == declared
    values: list[Any] = found.to_pylist()
    return values


@pytest.mark.parametrize(
    ("column", "declared", "values"),
    [
        (pa.nulls(2), WHOLE, [None, None]),
        (pa.nulls(2), INSTANT, [None, None]),
        (pa.array(["a", None], pa.string_view()), TEXT, ["a", None]),
        (pa.array(["a", None], pa.large_string()), TEXT, ["a", None]),
        (pa.array(["a", None, "a"]).dictionary_encode(), TEXT, ["a", None, "a"]),
        (pa.array([1, 2], pa.int8()), WHOLE, [1, 2]),
        (pa.array([1, 2], pa.int64()).dictionary_encode(), WHOLE, [1, 2]),
        (pa.array([1.0, math.nan, None]), WHOLE, [1, None, None]),
        (pa.array([7, None], pa.float32()), WHOLE, [7, None]),
        (pa.array([Decimal(1)], pa.decimal128(10, 0)), WHOLE, [1]),
        (pa.array([1], pa.decimal32(5, 0)), WHOLE, [1]),
        (pa.array([Decimal("2.00")], pa.decimal128(10, 2)), WHOLE, [2]),
        (pa.array([10, 9]), NUMBER, [10.0, 9.0]),
        (pa.array([0.5, math.nan, None]), NUMBER, [0.5, None, None]),
        (pa.array([0.5], pa.float16()), NUMBER, [0.5]),
        (pa.array([Decimal("0.1"), None], DECIMALS), NUMBER, [0.1, None]),
        (pa.array([Decimal("0.0000001")], DECIMALS), NUMBER, [1e-7]),
        (pa.array([NOON], pa.timestamp("ns", "America/New_York")), INSTANT, [NOON]),
        (pa.array([NOON], pa.timestamp("s", "UTC")), INSTANT, [NOON]),
    ],
    ids=str,
)
def test_the_same_values_come_in_other_types(
    column: pa.Array, declared: pa.DataType, values: list[Any]
) -> None:
    assert fit(column, declared) == values


@pytest.mark.parametrize(
    ("column", "declared", "problem"),
    [
        (UNCHECKED, TEXT, "x: a value is not UTF-8 (row 1)"),
        (UNCHECKED.cast(pa.large_string()), TEXT, "x: a value is not UTF-8 (row 1)"),
        (UNCHECKED.cast(pa.string_view()), TEXT, "x: a value is not UTF-8 (row 1)"),
        (
            pa.DictionaryArray.from_arrays(pa.array([0, 2, 1]), UNCHECKED),
            TEXT,
            "x: a value is not UTF-8 (row 2)",
        ),
        (pa.array([b"a"]), TEXT, "x is binary, not string"),
        (pa.array([1]), TEXT, "x is int64, not string"),
        (pa.array([["a"]]), TEXT, "x is list<item: string>, not string"),
        (pa.array([1.0, 1.5]), WHOLE, "x: 1.5 is no whole number (row 1)"),
        (pa.array([1, math.inf]), WHOLE, "x: inf is no number (row 1)"),
        (
            pa.array([2.0**53]),
            WHOLE,
            "x: 9.007199254740992e+15 is too large to be exact as a floating-point number (row 0)",
        ),
        (
            pa.array([2.0**24], pa.float32()),
            WHOLE,
            "x: 16777216 is too large to be exact as a floating-point number (row 0)",
        ),
        (
            pa.array([1, 2**64 - 1], pa.uint64()),
            WHOLE,
            "x: 18446744073709551615 does not fit int64 (row 1)",
        ),
        (
            pa.array([Decimal("1.50")], pa.decimal128(10, 2)),
            WHOLE,
            "x: 1.50 does not fit int64 (row 0)",
        ),
        (pa.array(["1"]), WHOLE, "x is string, not int64"),
        (pa.array([True]), WHOLE, "x is bool, not int64"),
        (pa.array([1, 2**53 + 1]), NUMBER, "x: 9007199254740993 does not fit double (row 1)"),
        (pa.array([1, -math.inf]), NUMBER, "x: -inf is no number (row 1)"),
        (
            pa.array([Decimal("0.12345678901234567890")], DECIMALS),
            NUMBER,
            "x: 0.12345678901234567890 does not fit double (row 0)",
        ),
        (pa.array([NAIVE], pa.timestamp("us")), INSTANT, "outputTimestampType=TIMESTAMP_MICROS"),
        (pa.array([NAIVE.date()]), INSTANT, "x is date32[day], not timestamp[us, tz=UTC]"),
        (pa.array([1000, 1001], pa.timestamp("ns", "UTC")), INSTANT, "(row 1)"),
        (pa.array([2**62], pa.timestamp("s", "UTC")), INSTANT, "(row 0)"),
    ],
    ids=str,
)
def test_what_would_not_be_the_same_is_refused(
    column: pa.Array, declared: pa.DataType, problem: str
) -> None:
    with pytest.raises(PartitionError) as refused:
        fit(column, declared)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("column", "declared"),
    [
        (pa.nulls(2), TEXT),
        (pa.array([0.5, math.nan]), NUMBER),
        (pa.array([1.0, math.nan]), WHOLE),
        (pa.array(["a", None]).dictionary_encode(), TEXT),
    ],
    ids=str,
)
def test_a_required_column_lacks_no_value(column: pa.Array, declared: pa.DataType) -> None:
    with pytest.raises(PartitionError, match=r"of its rows have no x \(row \d\)"):
        fit(column, declared, required=True)


def test_an_int96_is_utc_as_spark_writes_it() -> None:
    fine = pa.chunked_array([pa.array([NAIVE], pa.timestamp("ns"))])
    assert fit(pa.array([NAIVE], pa.timestamp("us")), INSTANT, int96=fine) == [NOON]
