"""A work pool's base job template, of the template that its worker has."""

import copy
from collections.abc import Mapping
from typing import Any

import pulumi


def job_template(default: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The worker's own template, with our defaults for its variables; so it can lack none. Of
    ``env`` each run learns which stack it belongs to, whatever the place.

    Raises:
        ValueError: the worker has no such variable.
    """
    template: dict[str, Any] = copy.deepcopy(dict(default))
    variables = template["variables"]["properties"]
    if unknown := sorted(values.keys() - variables.keys()):
        raise ValueError(f"the worker has no variable {unknown}; it has {sorted(variables)}")
    env = {**values.get("env", {}), "DATAFLOWS_STACK": pulumi.get_stack()}
    for name, value in {**values, "env": env}.items():  # values may be outputs
        variables[name]["default"] = value
    return template
