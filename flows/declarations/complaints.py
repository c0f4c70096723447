"""What is wrong with a declaration, in words: the field, what stands there, what to write."""

import difflib
import json
import reprlib
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from pydantic import ValidationError

Fault = tuple[str, str]  # the field, with the path inside it, and what is wrong; "" is the whole

# What to write into a field.
_WRITE = {
    "entrypoint": 'flows/<file>.py:<function>, as in entrypoint="flows/orders.py:orders"',
    "name": 'a text, as in name="nightly", or leave it out',
    "schedules": 'Schedules in a tuple, as in schedules=(Schedule(cron="0 6 * * *"),)',
    "parameters": 'a dict of what the flow takes, as in parameters={"limit": 10}',
    "tags": 'texts in a tuple, as in tags=("shop",)',
    "queue": 'the name of a queue, as in queue="urgent", or leave it out',
    "concurrency_limit": "a whole number from 1 to 2147483647, or leave it out",
    "cpu": 'a text, as in cpu="2000m", or leave it out',
    "memory": 'a text, as in memory="2Gi", or leave it out',
    "slug": 'a text, as in slug="daily"',
    "cron": 'five fields in a text, as in cron="0 6 * * *"',
    "interval": "a timedelta above zero, as in interval=timedelta(hours=1)",
    "anchor": "a datetime, as in anchor=datetime(2026, 1, 1, 6)",
    "rrule": 'a rule of RFC 5545 in a text, as in rrule="FREQ=DAILY;BYHOUR=6"',
    "timezone": 'the name of a zone, as in timezone="Europe/Paris"',
}


def explain(error: ValidationError, class_: type, fields: list[str]) -> list[Fault]:
    """All that pydantic found wrong with the arguments of a declaration."""
    wrong = error.errors(include_url=False)
    unnamed = [each for each in wrong if each["loc"] and isinstance(each["loc"][0], int)]
    if not unnamed:
        return [_fault(each, class_, fields) for each in wrong]
    first = "cron" if "cron" in fields else fields[0]
    told = f"found {found(unnamed[0]['input'])} without a name"
    others = [each for each in wrong if each not in unnamed and each["type"] != "missing"]
    return [
        ("", f"{told}; write each field with its name, as in {first}=…"),
        *(_fault(each, class_, fields) for each in others),
    ]


def found(value: object) -> str:
    """A value in a message, with its type."""
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if is_declaration(value) or " at 0x" in _shown(value):  # which says nothing to people
        return f"a {type(value).__name__}"
    return f"{_shown(value)} ({type(value).__name__})"


def is_declaration(value: object) -> bool:
    return any(class_.__module__ == "flows.declarations" for class_ in type(value).__mro__)


def _shown(value: object) -> str:
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        return text if len(text) <= 60 else f"{text[:40]}…{text[-10:]}"
    short = reprlib.Repr()
    short.maxstring = short.maxother = 60
    return short.repr(value)


def _fault(wrong: Mapping[str, Any], class_: type, fields: list[str]) -> Fault:
    loc, value, kind = wrong["loc"], wrong["input"], wrong["type"]
    if not loc:
        return "", str(wrong["ctx"]["error"])
    field, inside = str(loc[0]), loc[1:]
    if kind == "unexpected_keyword_argument":
        return field, _unknown(field, class_, fields)
    if kind == "missing":
        return field, f"missing; write {_WRITE[field]}"
    if field == "parameters" and inside:
        return _in_json(kind, inside, value)
    path = ".".join(map(str, loc))
    if kind == "value_error":
        return path, f"found {found(value)}, which {wrong['ctx']['error']}"
    return path, f"found {found(value)}; write {_remedy(path, value)}"


def _remedy(path: str, value: object) -> str:
    match path, value:
        case "tags", str():
            return f"texts in a tuple, as in tags=({_shown(value)},)"
        case "interval", int() | float() if not isinstance(value, bool):
            return f"a timedelta, as in interval=timedelta(seconds={value})"
        case "schedules", _ if is_declaration(value):
            return "a comma after it, as (Schedule(…)) is no tuple: schedules=(Schedule(…),)"
    return _WRITE[path.partition(".")[0]]


def _unknown(name: str, class_: type, fields: list[str]) -> str:
    if name in _WRITE:
        other = "FlowDeployment" if class_.__name__ == "Schedule" else "Schedule"
        return f"no field of {class_.__name__}; write it in the {other}"
    near = difflib.get_close_matches(name, fields, n=1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    return f"no field of {class_.__name__}{meant}; write one of {', '.join(fields)}"


def _in_json(kind: str, inside: tuple[Any, ...], value: object) -> Fault:
    """What is no JSON in parameters; pydantic names the kind of each container in the path."""
    keys = inside[::2]
    if inside[-1] == "[key]":
        path = ".".join(["parameters", *map(str, keys[:-1])])
        return path, f"found the key {found(value)}; write it as a text"
    path = ".".join(["parameters", *map(str, keys)])
    if kind == "recursion_loop":
        return path, "holds itself; write values that end"
    return path, f"found {found(value)}, which JSON does not have; write {_as_json(value)}"


def _as_json(value: object) -> str:
    match value:
        case Enum():
            return f"its value, {_shown(value.value)}"
        case date() | time():
            return f"a text, {_shown(value.isoformat())}"
        case timedelta():
            return f"its seconds, {value.total_seconds()}"
        case Decimal():
            return f"a text, {_shown(str(value))}, or a number"
        case float():
            return "a number, or None"
        case tuple() | set() | frozenset():
            return "a list"
        case bytes() | bytearray():
            return "a text"
    return "a text, a number, True, False, None, a list or a dict"
