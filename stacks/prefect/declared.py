"""What was declared: how it travels through Pulumi, and how it compares with what is live.

Pulumi drops ``null`` at every depth and turns whole numbers into floats. So a list or a mapping
travels as JSON text, which Pulumi shows as a structure in its diffs, and a field that is declared
to be ``None`` is named in the extra input ``cleared``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from math import isfinite
from typing import Any, Final

import pulumi

Json = Any
Props = dict[str, Any]

CLEARED: Final = "cleared"


class Undeclared:
    """The default of every optional field: not declared, so not managed."""

    def __repr__(self) -> str:
        return "UNDECLARED"

    def __bool__(self) -> bool:
        return False


UNDECLARED: Final = Undeclared()


def encode(declared: Mapping[str, Any], structured: frozenset[str]) -> Props:
    """Fields as Pulumi inputs; ``structured`` names those that hold lists, mappings or any JSON."""
    told = {k: v for k, v in declared.items() if not isinstance(v, Undeclared)}
    props: Props = {}
    cleared = sorted(k for k, v in told.items() if v is None)
    for name, value in told.items():
        if value is None:
            continue
        if name not in structured:
            props[name] = value
        elif _is_plain(value):
            props[name] = json.dumps(value, sort_keys=True)
        else:
            props[name] = pulumi.Output.json_dumps(value, sort_keys=True)
    if cleared:
        props[CLEARED] = cleared
    return props


def decode(props: Mapping[str, Any], structured: frozenset[str]) -> Props:
    """Pulumi inputs as fields again; a value that is not known yet stays as it is."""
    fields: Props = dict.fromkeys(props.get(CLEARED) or ())
    for name, value in props.items():
        if name == CLEARED or name.startswith("__"):
            continue
        if name in structured and isinstance(value, str):
            fields[name] = json.loads(value)
        elif isinstance(value, float) and value.is_integer():
            fields[name] = int(value)
        else:
            fields[name] = value
    return fields


def seconds(told: Json) -> float | None:
    """A duration in seconds, given as their number or in words that Prefect takes: ``PT1H``."""
    if isinstance(told, str):
        from pydantic import TypeAdapter, ValidationError  # Prefect's own parser

        try:
            return TypeAdapter(timedelta).validate_python(told).total_seconds()
        except ValidationError:
            return None
    return None if isinstance(told, bool) or not isinstance(told, int | float) else float(told)


def unsendable(value: Json, where: str = "") -> Iterator[str]:
    """What of ``value`` JSON has no way to say, though Python writes it: where it is, and why."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from unsendable(key, f"{where}.{key}")
            yield from unsendable(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from unsendable(inner, f"{where}[{index}]")
    elif isinstance(value, float) and not isfinite(value):
        yield f"{where} is {value}, which JSON has no number for; leave it out, or write None"
    elif isinstance(value, str) and not value.isprintable() and _HALF.search(value):
        yield f"{where} is {value!r}, half a character of UTF-16; decode the text it comes from"


_HALF = re.compile("[\ud800-\udfff]")


def same(one: Json, other: Json) -> bool:
    """JSON equality: unlike Python's, ``true`` is not ``1``; as in Python, ``3`` is ``3.0``."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def _is_plain(value: Any) -> bool:
    """Whether ``value`` holds no output anywhere, and so can be written down now."""
    if isinstance(value, Mapping):
        return all(_is_plain(v) for v in value.values())
    if isinstance(value, list | tuple):
        return all(_is_plain(v) for v in value)
    return value is None or isinstance(value, bool | int | float | str)
