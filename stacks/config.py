"""The stack's configuration, typed and frozen; the only reader of ``pulumi.Config``."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret
from pydantic import Field, ValidationError

from .cloud_run import memory_problem, pair_problem
from .complaints import closest, explain, placeholders
from .sections import (
    Agent,
    Build,
    CloudRun,
    Data,
    GitHub,
    Google,
    Prefect,
    Process,
    Promote,
    Secrets,
    Section,
    Storage,
)

_STACK_NAME = re.compile(r"[a-z][a-z0-9-]{0,15}[a-z0-9]")


class ConfigError(pulumi.RunError):  # Pulumi shows its text alone, without a traceback
    """The configuration is not usable; the text says which file and key, and what to write."""


class StackConfig(Section):
    """What a stack is: a set of values. Code branches on these, never on the stack's name."""

    prefect: Prefect
    runner: Annotated[Process | CloudRun, Field(discriminator="kind")]
    data: Data | None = None
    google: Google | None = None
    images: Annotated[Build | Promote, Field(discriminator="source")] | None = None
    agent: Agent = Agent()
    storage: Storage | None = None
    secrets: Secrets = Secrets()
    github: GitHub | None = None

    def contradictions(self) -> Iterator[str]:
        """Values that are right each by itself, and not together."""
        if not isinstance(self.runner, CloudRun):
            return
        if self.prefect.api_url is None:
            what = Prefect.model_fields["api_url"].description
            yield f"prefect.api_url is missing, as runner.kind is cloud-run ({what}). Add it."
        if wrong := memory_problem(self.runner.memory) or pair_problem(
            self.runner.cpu, self.runner.memory
        ):
            yield f"runner.memory: {wrong}."
        if self.runner.egress == "all-traffic" and self.agent.egress != "nat":
            yield (
                "runner.egress: 'all-traffic' has no way out of the network without a NAT. Write "
                "private-ranges or internet, or agent.egress: nat."
            )


# By runner.kind, the sections that must and those that may be there beside `prefect` and `runner`.
_SECTIONS: dict[str, tuple[set[str], set[str]]] = {
    "process": ({"data"}, set()),
    "cloud-run": ({"google", "images", "storage"}, {"agent", "secrets", "github"}),
}

# Secrets stay outside the model, so that no dump of it can show them.
SECRETS = {
    "prefect_api_key": "The Prefect API key; left out, where runs are processes: PREFECT_API_KEY "
    "or the active profile.",
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
    runner = told.get("runner")
    kind = runner.get("kind") if isinstance(runner, dict) else None
    problems += _section_problems(kind, set(told))
    if kind == "cloud-run":
        problems += _cloud_problems(config)
    try:
        loaded = StackConfig.model_validate(told)
    except ValidationError as error:
        wrong = [explain(StackConfig, each) for each in error.errors()]
        problems += [text for key, text in wrong if key not in unfilled]
    else:
        problems += loaded.contradictions()
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


def _section_problems(kind: str | None, told: set[str]) -> Iterator[str]:
    if kind not in _SECTIONS:
        return  # pydantic says so
    needed, welcome = _SECTIONS[kind]
    for name in sorted(needed - told):
        yield f"{name} is missing, as runner.kind is {kind}. Add it."
    for name in sorted(told - needed - welcome - {"prefect", "runner"}):
        yield f"{name} means nothing, as runner.kind is {kind}. Remove it."


def _cloud_problems(config: pulumi.Config) -> Iterator[str]:
    stack, key = pulumi.get_stack(), "prefect_api_key"
    how = f"Run `pulumi config set --secret --stack {stack} prefect_api_key`."
    if not config.get("prefect_api_key"):
        yield f"{key} is missing: the agent and the runs call Prefect with it. {how}"
    elif not is_config_secret(f"{config.name}:{key}"):
        yield f"{key} stands there in clear, so it is known to all who read it. Make another. {how}"
    if not _STACK_NAME.fullmatch(stack):
        yield (
            f"google: the stack's name {stack!r} cannot be part of Google's names. Take one of at "
            "most 17 lowercase letters, digits and -."
        )


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
