"""Google's own description of its APIs, as google-api-python-client has it, as a check."""

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import googleapiclient

DOCUMENTS = Path(googleapiclient.__file__).parent / "discovery_cache/documents"


@functools.cache
def schemas(api: str) -> dict[str, Any]:
    """By name, the schemas of an API such as ``run.v2``."""
    found: dict[str, Any] = json.loads((DOCUMENTS / f"{api}.json").read_text())["schemas"]
    return found


def problems(api: str, schema: str, value: Any) -> list[str]:
    """Unknown fields, wrong types and wrong enums in a body, each with its path."""
    return list(_problems(api, {"$ref": schema}, value, schema))


def _problems(api: str, schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = schemas(api)[schema["$ref"]]
    match schema.get("type", "any"):
        case "any":
            return
        case "object":
            yield from _of_object(api, schema, value, path)
        case "array":
            if not isinstance(value, list):
                yield f"{path}: {value!r} is no list"
                return
            for index, item in enumerate(value):
                yield from _problems(api, schema["items"], item, f"{path}[{index}]")
        case simple:
            if not _is_a(simple, schema.get("format"), value):
                yield f"{path}: {value!r} is no {schema.get('format', simple)}"
            elif value not in schema.get("enum", [value]):
                yield f"{path}: {value!r} is none of {', '.join(schema['enum'])}"
            elif (pattern := schema.get("pattern")) and not re.fullmatch(pattern, value):
                yield f"{path}: {value!r} is not of the form {pattern}"


def _of_object(api: str, schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no object"
        return
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    for name, inner in value.items():
        if name in known:
            yield from _problems(api, known[name], inner, f"{path}.{name}")
        elif others is not None:
            yield from _problems(api, others, inner, f"{path}.{name}")
        else:
            yield f"{path}.{name} is unknown; there are {', '.join(sorted(known))}"


def _is_a(type_: str, format_: str | None, value: Any) -> bool:
    if type_ == "boolean":
        return isinstance(value, bool)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    whole = number and float(value).is_integer()  # Pulumi's numbers are all floats
    if type_ == "string" and format_ in ("int64", "uint64"):
        return whole or (isinstance(value, str) and value.lstrip("-").isdigit())
    if type_ == "string" and format_ == "google-duration":
        return isinstance(value, str) and bool(re.fullmatch(r"\d+(\.\d+)?s", value))
    if type_ == "string":
        return isinstance(value, str)
    if type_ == "integer":
        low, high = (0, 2**32) if format_ == "uint32" else (-(2**31), 2**31)
        return whole and low <= value < high
    return number
