"""Finds a Pulumi engine for this machine, or makes one, and prints the directory it is in.

Looked for in this order: `pulumi` on PATH, the one made earlier, the official installer, Go.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tools import source
from tools.locks import exclusive

Version = tuple[int, int, int]

LANGUAGE_HOST = ("pulumi-language-python", "pulumi-language-python-exec")
INSTALLER = "https://get.pulumi.com/install.sh"
PROBE_SECONDS = 5.0


class UnavailableError(Exception):
    """One way to an engine is closed on this machine."""


class NoEngineError(Exception):
    """There is no engine and none can be made here; the message says what to install."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A directory that holds `pulumi` and its language host for Python."""

    bin: Path
    origin: Literal["PATH", "official installer", "Go modules"]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def cache_folder() -> Path:
    """Outside the tree, so that every clone on this machine shares what was made once."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "dataflows" / "engine"


def oldest_supported() -> Version:
    """The version that tools/pulumi builds: the tests run with no older one."""
    return _parse(source.pulumi_version())


def find() -> Engine:
    """The engine of this machine. May take minutes, once; says on stderr what it does."""
    try:
        return _on_path()
    except UnavailableError as why:
        reasons = [str(why)]
    cache = cache_folder()
    if engine := _made_before(cache):
        return engine
    lock = cache / ".lock"
    with exclusive(lock, lambda pid: say(f"Pulumi is being made by process {pid}: waiting for it")):
        if engine := _made_before(cache):
            return engine
        for make in (_installed, _built):
            try:
                return make(cache)
            except UnavailableError as why:
                reasons.append(str(why))
    raise NoEngineError(
        f"No Pulumi engine: install Pulumi {_spell(oldest_supported())} or newer"
        f" (https://www.pulumi.com/docs/install/), or Go {source.go_version()} or newer"
        f" (https://go.dev/dl/) to build it here ({'; '.join(reasons)})."
    )


def _on_path() -> Engine:
    found = shutil.which("pulumi")
    if not found:
        raise UnavailableError("no pulumi on PATH")
    version = _version_of(Path(found))
    oldest = oldest_supported()
    if version is None:
        why = f"{found} does not tell its version"
    elif version < oldest:
        why = f"{found} is {_spell(version)}, older than {_spell(oldest)}"
    elif missing := _missing_beside(Path(found)):
        why = f"{found} has no {' and no '.join(missing)} beside it"
    else:
        return Engine(bin=Path(found).parent, origin="PATH")
    say(f"Pulumi: {why}; using another")
    raise UnavailableError(why)


def _missing_beside(pulumi: Path) -> list[str]:
    """Which of the language host's programs are neither beside ``pulumi`` nor on PATH."""
    places = [pulumi.parent, pulumi.resolve().parent, *os.get_exec_path()]
    search = os.pathsep.join(map(str, places))
    return [name for name in LANGUAGE_HOST if not shutil.which(name, path=search)]


def _made_before(cache: Path) -> Engine | None:
    """What is under its final name is whole: it got there by one rename."""
    official = cache / "official" / "bin"
    version = _version_of(official / "pulumi")
    if version and version >= oldest_supported():
        return Engine(bin=official, origin="official installer")
    built = cache / source.key()
    if (built / "pulumi").exists():
        return Engine(bin=built, origin="Go modules")
    return None


def _installed(cache: Path) -> Engine:
    if not _reachable(INSTALLER):
        raise UnavailableError("the official installer cannot be reached")
    try:
        from pulumi.automation import PulumiCommand
    except ImportError:
        lacking = f"{sys.executable} lacks the pulumi package, which runs the official installer"
        raise UnavailableError(lacking) from None
    say("Pulumi: running the official installer")
    scratch = tempfile.TemporaryDirectory(
        prefix=".installing-", dir=cache, ignore_cleanup_errors=True
    )
    with scratch as made:
        try:
            PulumiCommand.install(root=made)
        except (OSError, subprocess.CalledProcessError) as error:
            raise UnavailableError(f"the official installer failed: {error}") from error
        official = cache / "official"
        shutil.rmtree(official, ignore_errors=True)  # too old, or it would have been taken
        Path(made).rename(official)
    return Engine(bin=official / "bin", origin="official installer")


def _built(cache: Path) -> Engine:
    go = source.find_go()
    if go is None:
        raise UnavailableError("no Go on PATH")
    try:
        return Engine(bin=source.build(go, cache, say), origin="Go modules")
    except source.BuildError as error:
        raise UnavailableError(str(error)) from error


def _reachable(url: str) -> bool:
    """Whether ``url`` answers soon; a slow resolver does not hold us up."""
    answered = threading.Event()

    def ask() -> None:
        try:
            # A constant https address; proxies and certificates as the environment says.
            with urllib.request.urlopen(url, timeout=PROBE_SECONDS):  # noqa: S310
                answered.set()
        except OSError:
            pass

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PROBE_SECONDS)
    return answered.is_set()


def _version_of(pulumi: Path) -> Version | None:
    quiet = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        told = subprocess.run(
            [pulumi, "version"], env=quiet, capture_output=True, text=True, timeout=60, check=True
        )
        return _parse(told.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _parse(text: str) -> Version:
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    if not found:
        raise ValueError(f"no version in {text!r}")
    major, minor, patch = map(int, found.groups())
    return major, minor, patch


def _spell(version: Version) -> str:
    return ".".join(map(str, version))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tools.engine", description=__doc__)
    parser.parse_args(arguments)
    try:
        print(find().bin)
    except NoEngineError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("\nPulumi: interrupted; what was compiled is kept, and the next call goes on from it")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
