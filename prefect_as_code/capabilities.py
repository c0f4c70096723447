"""What a server takes, by its own description of its API."""

import re
from collections.abc import Mapping
from typing import Any


def fields_taken(description: Mapping[str, Any], method: str, path: str) -> list[str]:
    """The fields of the body that ``method path`` takes; none where it is not described.

    ``description`` is an OpenAPI document, as Prefect has it at ``/openapi.json``.
    """
    paths: Mapping[str, Any] = description.get("paths", {})
    for described in sorted(paths, key=lambda p: p.count("{")):  # /filter comes before /{id}
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", described), path):
            body = paths[described].get(method.lower(), {}).get("requestBody", {})
            schema = body.get("content", {}).get("application/json", {}).get("schema", {})
            name = schema.get("items", schema).get("$ref", "").rpartition("/")[2]
            known = description.get("components", {}).get("schemas", {})
            return sorted(known.get(name, {}).get("properties", {}))
    return []
