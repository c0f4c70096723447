"""Values of Python's as JSON has them, the outputs among them too."""

import inspect
import json
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from os import PathLike
from typing import Any
from uuid import UUID

import pulumi

from .errors import PrefectError

_INSTEAD: tuple[tuple[type, str], ...] = (
    (Enum, "its .value"),
    (date, "its .isoformat()"),
    (time, "its .isoformat()"),
    (timedelta, "its .total_seconds()"),
    (Decimal, "float() or str() of it"),
    (bytes, "text"),
    (PathLike, "str() of it"),
    (UUID, "str() of it"),
    (set, "a list"),
    (frozenset, "a list"),
)


def as_json(value: Any, where: str) -> Any:
    """``value`` as JSON has it, outputs left in their place.

    Raises:
        PrefectError: something in it that JSON cannot say: where it is, and what to write.
    """
    if isinstance(value, pulumi.Output):
        return value
    if inspect.isawaitable(value):
        return pulumi.Output.from_input(value)
    if isinstance(value, Mapping):
        if wrong := [key for key in value if not isinstance(key, str)]:
            raise PrefectError(f"{where} has the key {wrong[0]!r}, which is no text; write it so")
        return {str(key): as_json(inner, f"{where}.{key}") for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(inner, f"{where}[{index}]") for index, inner in enumerate(value)]
    if isinstance(value, Enum) and isinstance(value, str | int | float):
        return value.value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    instead = next((word for type_, word in _INSTEAD if isinstance(value, type_)), "a mapping")
    kind = type(value).__name__
    raise PrefectError(f"{where} is of the type {kind}, which JSON cannot say; write {instead}")


def as_text(value: Any, where: str) -> pulumi.Input[str]:
    """``as_json``, written down; of outputs, as soon as they are known."""
    told = as_json(value, where)
    if not holds_output(told):
        return json.dumps(told, sort_keys=True)
    return pulumi.Output.from_input(told).apply(
        lambda known: json.dumps(as_json(known, where), sort_keys=True)
    )


def holds_output(value: Any) -> bool:
    """Whether ``as_json`` has left an output anywhere in ``value``."""
    if isinstance(value, dict):
        return any(map(holds_output, value.values()))
    if isinstance(value, list):
        return any(map(holds_output, value))
    return isinstance(value, pulumi.Output)
