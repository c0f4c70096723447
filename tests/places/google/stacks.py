"""The stacks of the repository, as they are written and as somebody has filled them in."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]

API_KEY = "pnu_test-secret-0123456789"
AGENT, RUNNER = f"sha256:{'a9' * 32}", f"sha256:{'70' * 32}"
PROMOTED = {
    "agent": AGENT,
    "runner": RUNNER,
    "copied_from": "europe-west1-docker.pkg.dev/acme-data-dev/dataflows-dev",
    "stack": "dev",
    "git_revision": "1e" * 20,
    "at": "2026-11-23T15:00:00Z",
}

_FILLED: dict[str, dict[str, Any]] = {
    "google": {"project": "acme-data"},
    "prefect": {"api_url": "https://api.prefect.cloud/api/accounts/1/workspaces/2"},
    "github": {"repository": "acme/flows", "repository_id": 22, "owner_id": 11},
}


def written(stack: str) -> dict[str, Any]:
    """The sections in ``Pulumi.<stack>.yaml``, less its secrets."""
    values = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {
        key.removeprefix("dataflows:"): value
        for key, value in values.items()
        if key.startswith("dataflows:") and not (isinstance(value, dict) and "secure" in value)
    }


def filled(stack: str) -> dict[str, Any]:
    """The same without a placeholder, and with the key."""
    sections = written(stack)
    for name, values in _FILLED.items():
        sections[name] = sections[name] | values
    if sections["images"]["source"] == "promote":
        sections["images"] |= {"now": PROMOTED}
    return sections | {"prefect_api_key": API_KEY}
