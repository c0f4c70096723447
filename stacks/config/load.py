"""The stack's configuration, typed and frozen; the only reader of ``pulumi.Config``."""

import json
from collections.abc import Iterator
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import ValidationError

from .complaints import closest, explain, placeholders
from .section import Runner
from .stack import RUNNERS, StackConfig


class ConfigError(pulumi.RunError):  # Pulumi shows its text alone, without a traceback
    """The configuration is not usable; the text says which file and key, and what to write."""


# Secrets stay outside the model, so that no dump of it can show them.
SECRETS = {
    "prefect_api_key": "The Prefect API key. A stack in the cloud has to say it; any other may "
    "leave it out: PREFECT_API_KEY or the active profile.",
    "prefect_auth_string": "`user:password` of a self-hosted Prefect server with basic auth.",
    "landing_options": "Options of the landing folder's file system, a JSON object of fsspec's.",
}


def load(config: pulumi.Config) -> StackConfig:
    """The configuration of the current stack.

    Raises:
        ConfigError: a key is unknown, missing or of the wrong form; all of them are named.
    """
    file = f"Pulumi.{pulumi.get_stack()}.yaml"
    told: dict[str, Any] = {}
    for name in StackConfig.model_fields:
        if (raw := config.get(name)) is not None:
            try:
                told[name] = json.loads(raw)
            except ValueError:
                told[name] = raw  # a bare string where a block is wanted: pydantic says so
    problems = list(_unknown_keys(config.name))
    unfilled = dict(placeholders(StackConfig, told))
    problems += unfilled.values()
    sections = []
    if runner := _runner(told.get("runner")):  # else pydantic says what is wrong with it
        problems += (sections := [*_section_problems(*runner, set(told))])
        problems += runner[1].problems(config)
    try:
        loaded = StackConfig.model_validate(told)
    except ValidationError as error:
        wrong = [explain(StackConfig, each) for each in error.errors()]
        problems += [text for key, text in wrong if key not in unfilled]
    else:
        problems += [] if sections else loaded.contradictions()  # of sections that are there
    if problems:
        raise ConfigError("\n".join(f"{file}: {config.name}:{problem}" for problem in problems))
    return loaded


def landing_options(config: pulumi.Config) -> pulumi.Output[dict[str, Any]]:
    """The secret options with which the landing folder is opened; ``{}`` when there are none."""
    secret = config.get_secret_object("landing_options")
    return pulumi.Output.secret({}) if secret is None else secret


def prefect_api_key() -> pulumi.Output[str]:
    """The secret with which the agent and the runs call Prefect; `load` has seen that it is there.

    It is the deployer's too, unless the stack is on a server that asks for none.
    """
    return pulumi.Config().require_secret("prefect_api_key")


def _runner(told: Any) -> tuple[str, type[Runner]] | None:
    kind = told.get("kind") if isinstance(told, dict) else None
    return (kind, RUNNERS[kind]) if isinstance(kind, str) and kind in RUNNERS else None


def _section_problems(kind: str, runner: type[Runner], told: set[str]) -> Iterator[str]:
    for name in sorted(runner.needed - told):
        yield f"{name} is missing, as runner.kind is {kind}. Add it."
    for name in sorted(told - runner.needed - runner.welcome - {"prefect", "runner"}):
        yield f"{name} means nothing, as runner.kind is {kind}. Remove it."


def _unknown_keys(project: str) -> Iterator[str]:
    known = [*StackConfig.model_fields, *SECRETS]
    told = {
        key.removeprefix(f"{project}:")
        for key in {**get_config_env(), **CONFIG.get()}
        if key.startswith(f"{project}:")
    }
    for key in sorted(told - {*known}):
        one = ", ".join(known)
        yield f"{key} is unknown{closest(key, known)}. Remove it, or write one of {one}."
