"""The runner: where a flow run executes, as the work pool's base job template."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator


def job_template(default: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The worker's own template, with our defaults for its variables; so it can lack none.

    Raises:
        ValueError: the worker has no such variable.
    """
    template: dict[str, Any] = copy.deepcopy(dict(default))
    variables = template["variables"]["properties"]
    if unknown := sorted(values.keys() - variables.keys()):
        raise ValueError(f"the worker has no variable {unknown}; it has {sorted(variables)}")
    for name, value in values.items():  # values may be outputs
        variables[name]["default"] = value
    return template


def override_problems(default: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    """What the worker would not take of a deployment's own values for the template's variables.

    Prefect answers so too, but for each run, when it is due.
    """
    variables = default["variables"]
    for name, value in values.items():
        if name not in variables["properties"]:
            yield f"the worker has no variable {name}"
            continue
        schema = {**variables["properties"][name], "definitions": variables.get("definitions", {})}
        for error in Draft202012Validator(schema).iter_errors(value):
            yield f"{name}: {error.message}"
