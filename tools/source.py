"""Builds the Pulumi engine from Go modules: the CLI and its language host for Python."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tools.progress import Progress

Say = Callable[[str], None]

HERE = Path(__file__).parent
CLI = HERE / "pulumi"
LANGUAGE_HOST = HERE / "pulumi-language-python"
SDK = "github.com/pulumi/pulumi/sdk/v3"
# Scripts the language host starts, to be found beside it.
SCRIPTS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")
# Where Go's own installer puts it, which a shell that reads no profile does not know.
GO_HOME = Path("/usr/local/go/bin")


class BuildError(Exception):
    """Go could not build the engine here; the message says why, in one line."""


def pulumi_version() -> str:
    """As in ``v3.250.0``: what CLI/go.mod asks for."""
    return _required(CLI, r"^\s*github\.com/pulumi/pulumi/pkg/v3 (v\S+)")


def go_version() -> str:
    return _required(CLI, r"^go (\S+)")


def key() -> str:
    """Names what would be built: other modules or another machine, another name."""
    digest = hashlib.sha256()
    for module in (CLI, LANGUAGE_HOST):
        for name in ("go.mod", "go.sum"):
            digest.update((module / name).read_bytes())
    machine = f"{platform.system()}-{platform.machine()}".lower()
    return f"{pulumi_version()}-{machine}-{digest.hexdigest()[:12]}"


def find_go() -> str | None:
    return shutil.which("go") or shutil.which("go", path=str(GO_HOME))


def build(go: str, cache: Path, say: Say) -> Path:
    """Build into ``cache``, whose lock the caller holds, and return the directory."""
    told = _run([go, "env", "GOVERSION"], CLI)  # fetches a newer Go if this one may
    if _numbers(told) < _numbers(go_version()):
        raise BuildError(f"{go} is {told}, older than {go_version()}")
    for left in cache.glob(".building-*"):  # by a build that was killed
        shutil.rmtree(left, ignore_errors=True)
    version = pulumi_version()
    stamp = f"-s -w -X {SDK}/go/common/version.Version={version}"
    say(f"Pulumi {version}: building it with {told}, once; some 4 minutes on 2 cores")
    with tempfile.TemporaryDirectory(prefix=".building-", dir=cache) as scratch:
        made = Path(scratch) / "bin"
        made.mkdir()
        _compile(go, CLI, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", stamp, made)
        _compile(go, LANGUAGE_HOST, f"{SDK}/python/cmd/pulumi-language-python", "-s -w", made)
        sdk = Path(_run([go, "list", "-m", "-f", "{{.Dir}}", SDK], CLI))
        for script in SCRIPTS:
            shutil.copy(sdk / script, made)
            (made / Path(script).name).chmod(0o755)  # read-only in the module cache
        if _run([str(made / "pulumi"), "version"], CLI) != version:
            raise BuildError("the Pulumi that was built does not run here")
        return made.rename(cache / key())


def _compile(go: str, module: Path, package: str, ldflags: str, made: Path) -> None:
    """Download the modules, ask what is still to compile, compile it; each shows its progress."""
    name = package.rpartition("/")[2]
    stale = "{{if .Stale}}{{.ImportPath}}{{end}}"
    with Progress(f"  {name}: modules downloaded") as progress:
        listed = [go, "list", "-deps", "-trimpath", "-f", stale, package]
        expected = len(_follow(listed, module, progress).split())
    with Progress(f"  {name}: packages compiled", expected) as progress:
        command = [go, "build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", ldflags]
        _follow([*command, "-o", str(made / name), package], module, progress)


def _follow(command: list[str], module: Path, progress: Progress) -> str:
    """Run Go in ``module``, counting the lines it writes to stderr: one a module or package."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command, cwd=module, env=_environment(), text=True, stdout=output,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        last: list[str] = []
        try:
            for line in process.stderr or ():
                last = [*last[-5:], line.strip()]
                progress.advance()
        except BaseException:
            process.terminate()
            raise
        finally:
            process.wait()
        if process.returncode:
            raise BuildError(f"`{' '.join(command[:2])}` failed: {' | '.join(last)}")
        output.seek(0)
        return output.read()


def _run(command: list[str], module: Path) -> str:
    done = subprocess.run(command, cwd=module, env=_environment(), capture_output=True, text=True)
    if done.returncode:
        raise BuildError(f"`{' '.join(command[:2])}` failed: {done.stderr.strip()}")
    return done.stdout.strip()


def _environment() -> dict[str, str]:
    """Go needs a HOME for its caches, and none of the user's flags or workspaces."""
    ours = {"GOFLAGS": "", "GOWORK": "off", "PULUMI_SKIP_UPDATE_CHECK": "true"}
    return {"HOME": str(Path.home())} | os.environ | ours


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _required(module: Path, pattern: str) -> str:
    found = re.search(pattern, (module / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise BuildError(f"{module / 'go.mod'} does not say {pattern}")
    return found[1]
