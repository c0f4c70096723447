"""The library by itself: a wheel in an environment of its own, without this repository."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from tests.live.stack import ROOT, environment

pytestmark = pytest.mark.live

UV = str(Path(sysconfig.get_path("scripts"), "uv"))
# The library's tests, and what they read.
TESTS = ("tests/__init__.py", "tests/mock_engine.py", "tests/prefect_as_code", "flows")
TESTED_WITH = ("duckdb", "hypothesis", "numpy", "pyarrow", "pytest", "python-dotenv")


class Elsewhere:
    """A folder with an environment that has the library, and what it asks for."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.scripts = home / "venv" / "bin"
        source = home / "source"  # the build leaves files beside what it builds
        shutil.copytree(ROOT / "prefect_as_code", source, ignore=_caches)
        self.run(UV, "build", "--quiet", "--wheel", "--out-dir", str(home), str(source))
        [self.wheel] = home.glob("*.whl")
        self.run(UV, "venv", "--quiet", "--python", sys.executable, str(home / "venv"))
        self.install(str(self.wheel), "pip")  # which Pulumi's language host calls

    def install(self, *what: str) -> None:
        """In the versions that this repository is locked to."""
        lines = (ROOT / "requirements-dev.txt").read_text().splitlines()
        pins = [line.removesuffix("\\") for line in lines if line[:1].isalnum()]
        constraints = self.home / "constraints.txt"
        constraints.write_text("\n".join(pins))
        told = (UV, "pip", "install", "--quiet", "--python", str(self.scripts / "python"))
        self.run(*told, "--constraint", str(constraints), *what)

    def run(self, *command: str, folder: Path | None = None, **told: str) -> str:
        clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
        done = subprocess.run(
            command,
            cwd=folder or self.home,
            env=clean | told,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout


def _caches(folder: str, names: Sequence[str]) -> set[str]:
    return {"__pycache__", "build", *(n for n in names if n.endswith(".egg-info"))} & {*names}


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    return Elsewhere(tmp_path_factory.mktemp("wheel"))


def test_the_example_comes_up_changes_and_goes_with_the_wheel_alone(
    elsewhere: Elsewhere, api_url: str, pulumi_bin: Path, prefect: httpx.Client
) -> None:
    home = elsewhere.home / "example"
    shutil.copytree(ROOT / "examples" / "standalone", home)
    (home / "flows").mkdir()
    (home / "state").mkdir()
    shutil.copy(ROOT / "flows" / "hello.py", home / "flows")
    told = environment(home, pulumi_bin, api_url) | {
        "PATH": f"{elsewhere.scripts}{os.pathsep}{pulumi_bin}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": f"file://{home}/state",
        "PULUMI_STACK": "wheel",
        "PYTHONPATH": "",
        "VIRTUAL_ENV": str(elsewhere.scripts.parent),
    }

    def pulumi(*command: str) -> str:
        return elsewhere.run("pulumi", *command, "--non-interactive", folder=home, **told)

    up = ("up", "--yes", "--skip-preview")
    pulumi("stack", "init", "wheel")
    pulumi(*up)
    pulumi(*up, "--refresh", "--expect-no-changes")
    program = home / "__main__.py"
    program.write_text(program.read_text().replace("concurrency_limit=5", "concurrency_limit=7"))
    assert "~ 1 updated" in pulumi(*up)
    assert prefect.get("/work_pools/standalone").json()["concurrency_limit"] == 7
    pulumi("destroy", "--yes", "--skip-preview")
    assert prefect.get("/work_pools/standalone").status_code == 404


def test_the_librarys_tests_pass_against_the_wheel(elsewhere: Elsewhere) -> None:
    checks = elsewhere.home / "checks"
    (checks / "tests").mkdir(parents=True)
    for name in TESTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, checks / name)
    elsewhere.install(*TESTED_WITH)
    python = str(elsewhere.scripts / "python")
    where = elsewhere.run(
        python, "-c", "import prefect_as_code as p; print(p.__file__)", folder=checks
    )
    assert "site-packages" in where
    said = elsewhere.run(python, "-m", "pytest", "-q", "-W", "ignore", folder=checks)
    assert " passed" in said
