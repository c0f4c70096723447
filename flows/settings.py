"""Where this stack's data is: what the platform registered in Prefect, read when a run needs it."""

import os
from typing import Any, cast

from prefect.blocks.system import Secret
from prefect.variables import Variable

from flows.landing import Landing
from flows.warehouse import Warehouse


class SettingsError(RuntimeError):
    """Something that the platform registers is missing; the message says what, and what to do."""


def landing() -> Landing:
    """The folder or bucket where sources land their files."""
    return Landing(_variable("landing"), _options(f"landing-options-{stack()}"))


def warehouse() -> Warehouse:
    """The database that flows load and ask."""
    return Warehouse(_variable("warehouse"))


def stack() -> str:
    if name := os.environ.get("DATAFLOWS_STACK"):
        return name
    raise SettingsError(
        "The environment variable DATAFLOWS_STACK does not say which stack this run belongs to. "
        "The work pool sets it for deployed runs; set it (to `local`, say) to run a flow by hand."
    )


def _variable(role: str) -> str:
    name = f"{role}-{stack()}"
    if url := Variable.get(name):
        return str(url)
    raise SettingsError(
        f"The Prefect variable `{name}` is not set. "
        f"`pulumi up --stack {stack()}` registers it: the URL of this stack's {role}."
    )


def _options(name: str) -> dict[str, Any]:
    try:
        block = cast("Secret[Any]", Secret.load(name))
    except ValueError as missing:
        raise SettingsError(
            f"The Prefect secret block `{name}` is not there. `pulumi up --stack {stack()}` "
            "registers it: the fsspec options of the landing, `{}` where it needs none."
        ) from missing
    options = block.get()
    if not isinstance(options, dict):
        raise SettingsError(f"The Prefect secret block `{name}` must hold a JSON object.")
    return options
