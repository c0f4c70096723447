"""Pulumi's plugins of a stack, fetched before Pulumi runs: in the midst of a plan, one that cannot
be had is told below a page of other things.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

SECONDS_TO_FETCH = 600.0


def needed(config: Mapping[str, Any]) -> Iterator[str]:
    """The plugins of a stack with this ``config``, as `Pulumi.<stack>.yaml` has it."""
    if _of(config, "runner").get("kind") == "cloud-run":
        yield "gcp"
    if _of(config, "runner").get("kind") == "docker":
        yield from ("docker", "docker-build")
    if _of(config, "images").get("source") == "build":
        yield "docker-build"


def unavailable(config: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[str]:
    """Fetch those that are not there; a sentence for each that cannot be had."""
    for name in needed(config):
        wanted = version(f"pulumi-{name}")
        if not _is_there(name, wanted, environ) and (why := _fetch(name, wanted, environ)):
            yield (
                f"Pulumi's plugin {name} {wanted} is not there, and could not be fetched ({why}); "
                f"where it can: pulumi plugin install resource {name} v{wanted}"
            )


def _of(config: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    told = config.get(f"dataflows:{section}")
    return told if isinstance(told, Mapping) else {}


def _is_there(name: str, wanted: str, environ: Mapping[str, str]) -> bool:
    home = Path(environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    on_path = shutil.which(f"pulumi-resource-{name}", path=environ.get("PATH", os.defpath))
    return bool(on_path) or (home / "plugins" / f"resource-{name}-v{wanted}").is_dir()


def _fetch(name: str, wanted: str, environ: Mapping[str, str]) -> str:
    """Nothing, or why it cannot be had, in Pulumi's last words."""
    print(f"fetching Pulumi's plugin {name} {wanted}", file=sys.stderr, flush=True)
    done = subprocess.run(
        ["pulumi", "plugin", "install", "resource", name, f"v{wanted}"],
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=SECONDS_TO_FETCH,
        check=False,
    )
    if not done.returncode:
        return ""
    # What is said last, that all attempts have failed, says less than what each was told.
    said = re.findall(r"^(?:warning|error): *(.+)", done.stderr, re.MULTILINE)
    told = [line for line in said if "attempts" not in line] or said
    return told[-1].strip() if told else f"exit status {done.returncode}"
