"""Who uses an object that is about to go: Prefect itself does not say, and lets it go."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from .declared import Props
from .errors import PrefectApiError
from .paths import at

if TYPE_CHECKING:
    from .api import PrefectApi


def deployments_where(api: "PrefectApi", uses: Callable[[Props], bool]) -> list[str]:
    """The names of the deployments of the workspace of which ``uses`` is true."""
    return [d["name"] for d in api.pages(at("/deployments/filter"), {}) if uses(d)]


def automations_naming(api: "PrefectApi", id_: str) -> list[str]:
    """The names of the automations whose trigger or actions hold the id."""
    parts = ("trigger", "actions", "actions_on_trigger", "actions_on_resolve")
    try:
        return [
            automation["name"]
            for automation in api.pages(at("/automations/filter"), {})
            if id_ in json.dumps([automation.get(part) for part in parts])
        ]
    except PrefectApiError:
        return []  # who may not see automations may still remove what they name


def named(names: list[str]) -> str:
    """At most ten, in words."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(sorted(names)[:10]) + more
