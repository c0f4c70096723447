"""Where the Prefect API is and who we are there: stack config, environment, or Prefect profile."""

import base64
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from .errors import NoApiUrl

_CLOUD = re.compile(r"(.*/accounts/[^/]+)/workspaces/[^/]+")


class Config(Protocol):
    """The stack's configuration, as ``ResourceProvider.configure`` is given it."""

    def get(self, key: str) -> str | None: ...


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The API's URL, and the headers that say who calls. Never part of a resource's state."""

    api_url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_cloud(self) -> bool:
        """Whether this is a workspace of Prefect Cloud: its URL says so."""
        return _CLOUD.fullmatch(self.api_url) is not None

    @property
    def account_url(self) -> str:
        """The API of the workspace's account, on Prefect Cloud."""
        return _CLOUD.sub(r"\1", self.api_url)


def resolve(config: Config) -> Connection:
    """The connection of a stack; each value from config, else environment, else Prefect profile.

    Config: the object ``prefect`` (``api_url``, ``headers``) and the secrets ``prefect_api_key``
    and ``prefect_auth_string``. Environment and profile: Prefect's own ``PREFECT_API_URL``,
    ``PREFECT_API_KEY`` and ``PREFECT_API_AUTH_STRING``.

    Raises:
        NoApiUrl: no API URL is given anywhere.
    """
    told: dict[str, Any] = json.loads(config.get("prefect") or "{}")
    settings = _active_profile() | os.environ
    api_url = told.get("api_url") or settings.get("PREFECT_API_URL")
    if not api_url:
        raise NoApiUrl(
            "No Prefect API URL: set prefect.api_url in the stack's config, or PREFECT_API_URL, "
            "or log in with `prefect cloud login`. For the local stack, `make up` does it."
        )
    headers = dict(told.get("headers") or {})
    key = config.get("prefect_api_key") or settings.get("PREFECT_API_KEY")
    auth = config.get("prefect_auth_string") or settings.get("PREFECT_API_AUTH_STRING")
    if key:
        headers["Authorization"] = f"Bearer {key}"
    elif auth:
        headers["Authorization"] = f"Basic {base64.b64encode(auth.encode()).decode()}"
    return Connection(api_url=api_url.rstrip("/"), headers=headers)


def _active_profile() -> dict[str, str]:
    """The settings of the active Prefect profile, without importing Prefect (it takes seconds)."""
    home = Path(os.environ.get("PREFECT_HOME", "~/.prefect")).expanduser()
    path = Path(os.environ.get("PREFECT_PROFILES_PATH", home / "profiles.toml"))
    if not path.is_file():
        return {}
    told = tomllib.loads(path.read_text())
    active = os.environ.get("PREFECT_PROFILE", told.get("active", ""))
    return {k: str(v) for k, v in told.get("profiles", {}).get(active, {}).items()}
