"""Which values stay what they are, whatever a statement does with them."""

import datetime
import decimal
import enum
import pathlib
import types
import uuid
from collections.abc import Container
from typing import Any

_UNCHANGING = (
    *(type(None), bool, int, float, complex, str, bytes, range, enum.Enum, type(...)),
    *(types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType),
    *(datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo),
    *(decimal.Decimal, uuid.UUID, pathlib.PurePath),
)


def is_unchanging(value: Any, own: Container[str]) -> bool:
    """``own`` are the modules whose classes may be changed, by a registry of subclasses, say."""
    if isinstance(value, tuple | frozenset):
        return all(is_unchanging(each, own) for each in value)
    if isinstance(value, type):
        return value.__module__ not in own
    return isinstance(value, _UNCHANGING) or type(value).__name__ in ("Flow", "Task")
