"""The environment of everything local: services, Pulumi, flow runs, and the user's shell."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from local.places import Places

# It protects nothing, as the local stack has no secret but made-up ones; and it is never asked
# for, nor taken from the user's shell, as the salt in Pulumi.local.yaml goes with this one only.
PASSPHRASE = "local"  # noqa: S105
NOT_OURS = "PREFECT_"  # the user's settings for other servers: keys, profiles, databases
STILL_WELCOME = "PREFECT_LOGGING_"


def environment(
    places: Places, api_url: str, engine: Path | None = None, base: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """``base`` with what points every tool at the local stack; ``engine`` holds `pulumi`."""
    venv = places.root / ".venv"
    first = [venv / "bin", *([engine] if engine else [])]
    path = [*map(str, first), *filter(None, base.get("PATH", os.defpath).split(os.pathsep))]
    site = api_url.removesuffix("/api")
    kept = {name: value for name, value in base.items() if not is_foreign(name)}
    return {
        **kept,
        "PATH": os.pathsep.join(dict.fromkeys(path)),
        "VIRTUAL_ENV": str(venv),
        # Nothing reads what Pulumi would else note, at each step, beside each file of its state.
        "PULUMI_BACKEND_URL": f"file://{places.state}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # What an interrupted `up` has made is taken up by the next one, whatever was declared
        # meanwhile: nobody else makes anything on a server of one's own.
        "PREFECT_ADOPT": api_url,
        "PREFECT_RECOVER": "make up",
        "PREFECT_HOME": str(places.prefect),
        "PREFECT_PROFILES_PATH": str(places.prefect / "profiles.toml"),
        "PREFECT_API_URL": api_url,
        "PREFECT_UI_URL": f"{site}/v2",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",  # the client's own switch
    }


def is_foreign(name: str) -> bool:
    return name.startswith(NOT_OURS) and not name.startswith(STILL_WELCOME)


def exports(wanted: Mapping[str, str], present: Mapping[str, str]) -> list[str]:
    """The shell lines that turn ``present`` into ``wanted``."""
    unset = [f"unset {name}" for name in present if name not in wanted]
    changed = {name: value for name, value in wanted.items() if present.get(name) != value}
    return [*unset, *(f"export {name}={shlex.quote(value)}" for name, value in changed.items())]
