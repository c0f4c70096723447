"""What is on the local stack's server, and how a round finds it."""

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_fixed

from local.runs import client, passes

Objects = Mapping[str, list[Any]]

# Of each kind: where all are listed, where one is deleted, and what of it is declared.
KINDS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "automations": ("/automations/filter", "/automations/{id}", ("name", "trigger", "actions")),
    "deployments": (
        "/deployments/filter",
        "/deployments/{id}",
        (
            "name",
            "entrypoint",
            "description",
            "paused",
            "parameters",
            "tags",
            "job_variables",
            "work_pool_name",
            "work_queue_name",
            "concurrency_limit",
            "parameter_openapi_schema",
        ),
    ),
    "schedules": ("/deployments/filter", "", ("name", "schedules")),
    "queues": ("/work_queues/filter", "/work_queues/{id}", ("name", "priority", "is_paused")),
    "variables": ("/variables/filter", "/variables/{id}", ("name", "value", "tags")),
    "block_documents": (
        "/block_documents/filter",
        "/block_documents/{id}",
        ("name", "block_type_name", "data"),
    ),
    "limits": (
        "/v2/concurrency_limits/filter",
        "/v2/concurrency_limits/{id}",
        ("name", "limit", "active"),
    ),
    "pools": (
        "/work_pools/filter",
        "/work_pools/{name}",
        ("name", "type", "description", "is_paused", "concurrency_limit", "base_job_template"),
    ),
}


class Server:
    def __init__(self, api_url: str) -> None:
        self.api = client(api_url)

    def objects(self) -> Objects:
        """What is declared of all, without what the server made up: ids, moments."""
        found: dict[str, list[Any]] = {}
        for kind, (path, _, fields) in KINDS.items():
            told = [{name: each[name] for name in fields} for each in self._all(path)]
            if kind == "schedules":
                for each in told:
                    each["schedules"] = sorted(
                        (str(s["slug"]), str(s["schedule"]), s["active"]) for s in each["schedules"]
                    )
            if kind == "limits":  # that of a deployment bears its id
                told = [each for each in told if ":" not in each["name"]]
            found[kind] = sorted(told, key=repr)
        return found

    def ids(self) -> set[str]:
        """As the state has them: a pool goes by its name."""
        found = [each for path, _, _ in KINDS.values() for each in self._all(path)]
        return {each[key] for each in found for key in ("id", "name")}

    def remove(self, chance: random.Random | None = None) -> None:
        """All that is declared; or, by chance, one half of what no worker needs."""
        for kind, (path, one, _) in KINDS.items():
            if not one or (chance and kind in ("pools", "queues")):
                continue
            for each in sorted(self._all(path), key=lambda each: str(each["name"])):
                if not chance or chance.random() < 0.5:
                    self._call("DELETE", one.format(**each))
        if not chance:
            for each in self._all("/flows/filter"):
                self._call("DELETE", f"/flows/{each['id']}")

    def _all(self, path: str) -> list[dict[str, Any]]:
        answer = self._call("POST", path, {"limit": 200} if "limits" in path else {})
        told: list[dict[str, Any]] = answer.json()
        return told

    @retry(
        retry=retry_if_exception(passes),
        stop=stop_after_attempt(20),
        wait=wait_fixed(0.25),
        reraise=True,
    )
    def _call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """May be made again: it lists or deletes."""
        answer = self.api.request(method, path, json=body)
        if answer.status_code in (403, 404, 409):  # the default queue or pool, or gone with another
            return answer
        return answer.raise_for_status()


def known(state: Path) -> set[str]:
    """The ids of Prefect's objects in the state."""
    latest = json.loads(state.read_text())["checkpoint"]["latest"]
    resources = latest.get("resources") or []
    return {each["id"] for each in resources if each["type"].startswith("pulumi-python:dynamic/")}
