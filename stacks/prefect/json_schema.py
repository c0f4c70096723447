"""Whether values fit the JSON schemas that Prefect keeps of parameters and of job variables."""

from collections.abc import Iterator, Mapping
from typing import Any


def misfits(schema: Mapping[str, Any], value: Any) -> Iterator[tuple[str, str]]:
    """What of ``value`` does not fit: where it is, as ``key.0.key``, and in words."""
    from jsonschema import Draft202012Validator  # half of our imports, where nothing has changed

    for error in Draft202012Validator(schema).iter_errors(value):
        yield ".".join(str(part) for part in error.absolute_path), error.message
