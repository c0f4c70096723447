"""Deployments that bear a stack's mark and that its state does not know.

An `up` that was killed leaves such where the program has changed before it was taken up again; so
does a state that was lost. No other kind of object has a place for a mark.
"""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .api import PrefectApi
from .connection import resolve
from .declared import Props
from .deployment import OWNER, DeploymentProvider
from .paths import at


@dataclass(frozen=True)
class _Config:
    """A stack's configuration, as the command line tells it."""

    project: str
    values: Mapping[str, Any]

    def get(self, key: str) -> str | None:
        value: str | None = self.values.get(f"{self.project}:{key}", {}).get("value")
        return value


class Orphans:
    """Of the stack called ``stack``, or else of the one that is selected."""

    def __init__(self, stack: str | None = None) -> None:
        self._common = ["--stack", stack] if stack else []
        self._provider = DeploymentProvider()

    @cached_property
    def found(self) -> dict[str, Props]:
        """The live ones, by ``flow/deployment``."""
        state = told_by_pulumi("stack", "export", *self._common)["deployment"]
        resources = state.get("resources") or []
        if not resources:
            return {}
        head, project, *_ = resources[0]["urn"].split("::")
        mark = f"{project}/{head.rpartition(':')[2]}/"
        known = {resource.get("id") for resource in resources}
        values = told_by_pulumi("config", "--json", "--show-secrets", *self._common)
        api = self._provider.api = PrefectApi(resolve(_Config(project, values)))
        found = {}
        for live in api.pages(at("/deployments/filter"), {}):
            owner = str((live.get("labels") or {}).get(OWNER, ""))
            if owner.startswith(mark) and live["id"] not in known:
                flow = api.call("GET", at("/flows/{}", live["flow_id"]))
                found[f"{flow['name']}/{live['name']}"] = live
        return found

    def remove(self) -> None:
        """Remove all that are found, as an `up` would have."""
        for key, live in self.found.items():
            flow, _, name = key.partition("/")
            self._provider.remove(live["id"], {"flow_name": flow, "name": name})


def told_by_pulumi(*arguments: str) -> Any:
    """The JSON that a command of Pulumi's prints."""
    done = subprocess.run(["pulumi", *arguments], capture_output=True, check=True)
    return json.loads(done.stdout)
