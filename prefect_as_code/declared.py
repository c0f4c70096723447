"""What was declared: how it travels through Pulumi, and how it compares with what is live.

Pulumi drops ``null`` at every depth and turns whole numbers into floats. So a list or a mapping
travels as JSON text, which Pulumi shows as a structure in its diffs, and a field that is declared
to be ``None`` is named in the extra input ``__cleared``.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from math import isfinite
from typing import Any, Final

from .json_text import as_json, as_text

Json = Any
Props = dict[str, Any]

# What is ours and not the user's: Pulumi shows no input whose name begins so. Older states have
# the same without the underscores.
_OURS: Final = "__"
_CLEARED: Final = "cleared"
_HIDDEN: Final = frozenset({_CLEARED, "owner"})


class Undeclared:
    """The default of every optional field: not declared, so not managed."""

    def __repr__(self) -> str:
        return "UNDECLARED"

    def __bool__(self) -> bool:
        return False


UNDECLARED: Final = Undeclared()


def encode(declared: Mapping[str, Any], structured: frozenset[str], whose: str = "") -> Props:
    """Fields as Pulumi inputs; ``structured`` names those that hold lists, mappings or any JSON.

    Raises:
        PrefectError: a value that no JSON can say; ``whose`` it is, and in which field.
    """
    told = {k: v for k, v in declared.items() if not isinstance(v, Undeclared)}
    cleared = sorted(k for k, v in told.items() if v is None)
    props: Props = {
        _wire(name): (as_text if name in structured else as_json)(value, f"{whose}{name}")
        for name, value in told.items()
        if value is not None
    }
    if cleared:
        props[_wire(_CLEARED)] = cleared
    return props


def _is_told(name: str) -> bool:
    return not name.startswith(_OURS) or name.removeprefix(_OURS) in _HIDDEN


def _wire(name: str) -> str:
    return _OURS + name if name in _HIDDEN else name


def decode(props: Mapping[str, Any], structured: frozenset[str]) -> Props:
    """Pulumi inputs as fields again; a value that is not known yet stays as it is."""
    told = {name.removeprefix(_OURS): value for name, value in props.items() if _is_told(name)}
    fields: Props = dict.fromkeys(told.pop(_CLEARED, None) or ())
    for name, value in told.items():
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


def without(fields: Mapping[str, Any], names: Sequence[str]) -> Props:
    """``fields`` less ``names``: most often the body of a request less the identity."""
    return {k: v for k, v in fields.items() if k not in names}
