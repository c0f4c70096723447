"""Whether a deployment's job variables fit its work pool's template, known before anything runs."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi import Output

from .errors import PrefectError
from .json_schema import misfits


def check_job_variables(template: Mapping[str, Any], job_variables: Mapping[str, Any]) -> None:
    """Refuse what the pool's base job template would not take; call it where both are declared.

    Prefect itself looks at them when a deployment is made, seldom when it is changed, and then
    for each run. Values that are outputs are taken as they come.

    Raises:
        PrefectError: with every misfit, by the name of the variable.
    """
    if wrong := list(_misfits(template.get("variables") or {}, job_variables)):
        raise PrefectError("These job variables do not fit the work pool: " + "; ".join(wrong))


def _misfits(schema: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    variables: Mapping[str, Any] = schema.get("properties", {})
    definitions = {key: schema[key] for key in ("definitions", "$defs") if key in schema}
    for name in sorted(values.keys() - variables.keys()):
        yield f"there is no variable {name!r}, only {', '.join(sorted(variables))}"
    for name in sorted(values.keys() & variables.keys()):
        if isinstance(values[name], Output):
            continue
        for _, wrong in misfits({**variables[name], **definitions}, values[name]):
            yield f"{name}: {wrong}"
    for name in schema.get("required", ()):
        if name not in values and "default" not in variables.get(name, {}):
            yield f"{name} is required, and has no default"
