"""Whether values fit the JSON schemas that Prefect keeps of parameters and of job variables."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from pydantic import TypeAdapter

# What a run makes of a text of such a format; Prefect's server leaves that to the run.
_FORMATS: dict[str, type] = {
    "date": date,
    "date-time": datetime,
    "time": time,
    "duration": timedelta,
    "uuid": UUID,
}


def misfits(schema: Mapping[str, Any], value: Any) -> Iterator[tuple[str, str]]:
    """What of ``value`` does not fit: where it is, as ``key.0.key``, and in words."""
    from jsonschema import Draft202012Validator  # half of our imports, where nothing has changed

    validator = Draft202012Validator(schema, format_checker=_formats())
    try:
        for error in validator.iter_errors(value):
            # Of a choice, such as `date | None`, what each of them misses; else just that all do.
            missed = dict.fromkeys(each.message for each in error.context or ())
            where = ".".join(str(part) for part in error.absolute_path)
            yield where, ", and ".join(missed) or error.message
    except Exception as error:  # whatever the schema makes the validator trip over
        yield "", f"it cannot be looked at, as its schema is no schema: {error}".partition("\n")[0]


@cache
def _formats() -> "FormatChecker":
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    for name, class_ in _FORMATS.items():
        checker.checks(name, raises=ValueError)(partial(_is_taken, class_))
    return checker


def _is_taken(class_: type, text: object) -> bool:
    if isinstance(text, str):
        _adapter(class_).validate_python(text)
    return True


@cache
def _adapter(class_: type) -> "TypeAdapter[object]":
    from pydantic import TypeAdapter  # as jsonschema, and few flows take a date

    return TypeAdapter(class_)
