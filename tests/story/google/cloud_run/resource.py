"""What all of Cloud Run's resources have: names, times and etags."""

import hashlib
import random
import string
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_SUFFIX = string.ascii_lowercase + string.digits


def instant(seconds: float | None = None) -> str:
    at = time.time() if seconds is None else seconds
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def etag(*parts: object) -> str:
    """Quoted, as Google's are."""
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def suffix() -> str:
    """Of an execution's name."""
    return "".join(random.choices(_SUFFIX, k=5))  # noqa: S311 - no secret


def told(fields: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON of protocol buffers: what is zero, false or empty is left out."""
    return {name: value for name, value in fields.items() if value not in (None, 0, "", [])}


def condition(type_: str, state: str, at: float, **others: str) -> dict[str, Any]:
    kept = {name: value for name, value in others.items() if value}
    return {"type": type_, "state": f"CONDITION_{state}", "lastTransitionTime": instant(at), **kept}
