"""What a stack's command would run into later, in others' words: said first, and all at once."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

GUIDE = "docs/INITIAL_SETUP.md"
# What Pulumi's plugin takes instead of the credentials that each of Google's tools finds.
_GOOGLE = ("GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GOOGLE_OAUTH_ACCESS_TOKEN")


def missing(
    stack: str, root: Path, environ: Mapping[str, str] = os.environ, home: Path | None = None
) -> Iterator[str]:
    """What ``stack`` lacks to be previewed on this machine, a sentence each.

    ``root`` is the repository, ``home`` where Pulumi keeps who is logged in.
    """
    file = _file(stack, root)
    if not file.is_file():
        known = ", ".join(sorted(path.name.split(".")[1] for path in root.glob("Pulumi.*.yaml")))
        yield f"there is no {file.name}; the stacks are {known}"
        return
    told = _read(file)
    if not _backend(root, environ, home or Path.home()):
        yield (
            "Pulumi does not know where the state is: export PULUMI_BACKEND_URL, or "
            f"`pulumi login` ({GUIDE}, step 3)"
        )
    if "encryptionsalt" in told and not any(
        environ.get(name) is not None
        for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
    ):
        yield (
            f"the secrets of {file.name} are under a passphrase: export PULUMI_CONFIG_PASSPHRASE "
            f"or PULUMI_CONFIG_PASSPHRASE_FILE ({GUIDE}, step 3)"
        )
    config = config_of(stack, root)
    if unfilled := list(_unfilled(config)):
        yield f"{file.name} has placeholders in {', '.join(unfilled)} ({GUIDE}, step 4)"
    if "dataflows:google" in config and not _known_to_google(environ):
        yield (
            f"no credentials for Google Cloud: `gcloud auth application-default login` ({GUIDE}, "
            "step 2)"
        )


def config_of(stack: str, root: Path) -> dict[str, Any]:
    """The configuration in the stack's file, as it stands there."""
    told: dict[str, Any] = _read(_file(stack, root)).get("config") or {}
    return told


def _file(stack: str, root: Path) -> Path:
    return root / f"Pulumi.{stack}.yaml"


def _backend(root: Path, environ: Mapping[str, str], home: Path) -> bool:
    if environ.get("PULUMI_BACKEND_URL") or environ.get("PULUMI_ACCESS_TOKEN"):
        return True
    if (_read(root / "Pulumi.yaml").get("backend") or {}).get("url"):
        return True
    known = Path(environ.get("PULUMI_HOME") or home / ".pulumi", "credentials.json")
    try:
        return bool(json.loads(known.read_text()).get("current"))
    except (OSError, ValueError):
        return False


def _unfilled(told: Any, key: str = "") -> Iterator[str]:
    """The keys of blocks whose values are still as the repository has them."""
    if isinstance(told, Mapping):
        for name, value in told.items():
            yield from _unfilled(value, f"{key}.{name}".lstrip(".").removeprefix("dataflows:"))
    elif isinstance(told, str) and "your-" in told:
        yield key


def _known_to_google(environ: Mapping[str, str]) -> bool:
    if any(environ.get(name) for name in _GOOGLE):
        return True
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError

    try:
        google.auth.default()
    except DefaultCredentialsError:
        return False
    return True


def _read(file: Path) -> dict[str, Any]:
    told: dict[str, Any] = YAML(typ="safe").load(file) or {}
    return told
