"""The stack's configuration, typed and frozen; the only reader of ``pulumi.Config``."""

import difflib
import json
from typing import Any, Literal, get_args

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator


class ConfigError(Exception):
    """The configuration is not usable; the text says which file and key, and what to write."""


class Section(BaseModel):
    """One block of ``Pulumi.<stack>.yaml``. Immutable; a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Prefect(Section):
    """The Prefect workspace, and what this stack has there."""

    api_url: str | None = Field(
        None, description="Prefect's API; left out: PREFECT_API_URL or the active Prefect profile."
    )
    headers: dict[str, str] = Field(
        default_factory=dict, description="Sent with every call, for a proxy before the server."
    )
    work_pool: str = Field(description="The name of the stack's work pool.")
    queues: tuple[str, ...] = Field(
        (), description="Work queues of the pool beside `default`, the most urgent first."
    )
    concurrency_limit: int | None = Field(
        None, ge=1, description="Runs of this stack at once; left out: no limit."
    )
    schedules: Literal["active", "paused"] = Field(
        "paused", description="Whether deployments run by their schedules in this stack."
    )

    @field_validator("api_url")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("is no URL; write one such as http://127.0.0.1:4200/api")
        return value


class Runner(Section):
    """Where runs execute."""

    kind: Literal["process"] = Field(description="`process`: on the machine of the worker.")


class Data(Section):
    """Where the flows find and leave data."""

    landing: str = Field(
        description="URL of the folder in which files arrive: file://, s3:// or gs://."
    )
    warehouse: str = Field(description="`duckdb:///path` or `bigquery://project/dataset`.")

    @field_validator("landing")
    @classmethod
    def _is_landing(cls, value: str) -> str:
        return _with_scheme(value, "file", "s3", "gs")

    @field_validator("warehouse")
    @classmethod
    def _is_warehouse(cls, value: str) -> str:
        return _with_scheme(value, "duckdb", "bigquery")


class StackConfig(Section):
    """What a stack is: a set of values. Code branches on these, never on the stack's name."""

    prefect: Prefect
    runner: Runner
    data: Data


# Secrets stay outside the model, so that no dump of it can show them.
SECRETS = {
    "prefect_api_key": "The Prefect API key; left out: PREFECT_API_KEY or the active profile.",
    "prefect_auth_string": "`user:password` of a self-hosted Prefect server with basic auth.",
    "landing_options": "Options of the landing folder's file system, a JSON object of fsspec's.",
}


def load(config: pulumi.Config) -> StackConfig:
    """The configuration of the current stack.

    Raises:
        ConfigError: a key is unknown, missing or of the wrong form; all of them are named.
    """
    file = f"Pulumi.{pulumi.get_stack()}.yaml"
    sections = list(StackConfig.model_fields)
    problems = _unknown_keys(config.name, sections)
    told: dict[str, Any] = {}
    for name in sections:
        raw = config.get(name)
        if raw is None:
            continue
        try:
            told[name] = json.loads(raw)
        except ValueError:
            told[name] = raw  # a bare string where a block is wanted: pydantic says so
    try:
        loaded = StackConfig.model_validate(told)
    except ValidationError as error:
        problems += [_explain(config.name, wrong) for wrong in error.errors()]
    if problems:
        raise ConfigError("\n".join(f"{file}: {problem}" for problem in problems))
    return loaded


def landing_options(config: pulumi.Config) -> pulumi.Output[dict[str, Any]]:
    """The secret options with which the landing folder is opened; ``{}`` when there are none."""
    secret = config.get_secret_object("landing_options")
    return pulumi.Output.secret({}) if secret is None else secret


def _with_scheme(value: str, *schemes: str) -> str:
    if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise ValueError(f"is no URL of {', '.join(f'{s}://' for s in schemes)}")
    return value


def _unknown_keys(project: str, sections: list[str]) -> list[str]:
    known = [*sections, *SECRETS]
    mine = [
        key.removeprefix(f"{project}:")
        for key in {**get_config_env(), **CONFIG.get()}
        if key.startswith(f"{project}:")
    ]
    return [
        f"{project}:{key} is unknown{_closest(key, known)}. Remove it, or write one of "
        f"{', '.join(known)}."
        for key in sorted(mine)
        if key not in known
    ]


def _explain(project: str, wrong: Any) -> str:
    section, *path = [str(part) for part in wrong["loc"]]
    where = f"{project}:{section}" + "".join(f".{part}" for part in path)
    model = get_args(StackConfig.model_fields[section].annotation) or (
        StackConfig.model_fields[section].annotation,
    )
    known = list(getattr(model[0], "model_fields", {}))
    match wrong["type"]:
        case "extra_forbidden":
            return (
                f"{where} is unknown{_closest(path[-1], known)}. Remove it, or write one of "
                f"{', '.join(known)}."
            )
        case "missing":
            field = (
                StackConfig.model_fields[section] if not path else model[0].model_fields[path[0]]
            )
            what = f" ({field.description})" if field.description else ""
            return f"{where} is missing{what}. Add it."
        case "value_error":
            return f"{where}: {wrong['input']!r} {wrong['ctx']['error']}."
        case "literal_error":
            return f"{where}: {wrong['input']!r} is not {wrong['ctx']['expected']}. Write one."
        case _:
            return f"{where}: {wrong['input']!r}: {wrong['msg']}."


def _closest(key: str, known: list[str]) -> str:
    found = difflib.get_close_matches(key, known, n=1)
    return f" (did you mean {found[0]}?)" if found else ""
