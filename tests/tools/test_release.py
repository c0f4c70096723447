"""What can be released, what speaks against it, and what the release has."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import release

ROOT = Path(__file__).parents[2]
PYPROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "prefect-as-code"
version = "0.2.0"
license = "MIT"
[tool.setuptools]
package-dir = { prefect_as_code = "." }
packages = ["prefect_as_code"]
[tool.setuptools.package-data]
prefect_as_code = ["py.typed"]
"""
CHANGES = """\
# Changelog

## [Unreleased]

## [0.2.0] - 2026-12-01

### Added

- Limits.

## [0.1.0] - 2026-11-28

- The first.
"""


def git(*command):
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    subprocess.run(["git", *who, *command], check=True)


@pytest.fixture
def ready(tmp_path, monkeypatch):
    """A repository with a small library that can be released."""
    monkeypatch.chdir(tmp_path)
    library = Path("prefect_as_code")
    library.mkdir()
    for name in ("__init__.py", "variable.py", "py.typed", "LICENSE"):
        (library / name).touch()
    (library / "pyproject.toml").write_text(PYPROJECT)
    Path("CHANGELOG.md").write_text(CHANGES)
    Path(".gitignore").write_text(".local/\n")
    git("init", "-q")
    commit()
    return library


def commit():
    git("add", ".")
    git("commit", "-q", "-m", "one")


def said(capsys, tag=""):
    status = release.main(["check", *(["--tag", tag] if tag else [])])
    printed = capsys.readouterr()
    assert status == (1 if printed.err else 0)
    return printed.err.splitlines()[1:] or printed.out.splitlines()


def test_a_library_that_is_ready_is_built_and_its_tag_is_named(ready, capsys):
    assert said(capsys) == [
        "prefect_as_code 0.2.0 can be released: "
        ".local/release/prefect_as_code-0.2.0-py3-none-any.whl",
        "Next: git tag v0.2.0 && git push origin v0.2.0",
    ]
    assert sorted(path.name for path in ready.iterdir()) == [
        "LICENSE",
        "__init__.py",
        "py.typed",
        "pyproject.toml",
        "variable.py",
    ]


def test_all_that_speaks_against_a_release_is_said_at_once(ready, capsys):
    Path("CHANGELOG.md").write_text(
        CHANGES.replace("[Unreleased]\n", "[Unreleased]\n\n- More.\n").replace("0.2.0", "0.3.0")
    )
    (ready / "pyproject.toml").write_text(PYPROJECT.replace("package-data", "exclude-package-data"))
    (ready / "LICENSE").unlink()
    commit()
    (ready / "variable.py").write_text("changed")
    wheel = "prefect_as_code-0.2.0-py3-none-any.whl"
    assert said(capsys, "v0.3.0") == [
        "  CHANGELOG.md: '- More.' … is under Unreleased; put it under a version with a date",
        "  prefect_as_code/pyproject.toml says 0.2.0, and CHANGELOG.md begins with 0.3.0; "
        "make them one",
        "  the tag v0.3.0 is not of 0.2.0, which prefect_as_code/pyproject.toml says: v0.2.0",
        "  not committed: prefect_as_code/variable.py; a release is made of a commit",
        f"  {wheel} lacks prefect_as_code/py.typed; see prefect_as_code/pyproject.toml",
        f"  {wheel} lacks the licence's text; see license-files in its pyproject.toml",
    ]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (" - 2026-12-01", "", "write the day of 0.2.0, as in ## [0.2.0] - 2026-01-31"),
        ("### Added\n\n- Limits.\n", "", "nothing is said of 0.2.0, and it would be the"),
    ],
)
def test_a_version_has_its_day_and_its_notes(ready, old, new, why):
    Path("CHANGELOG.md").write_text(CHANGES.replace(old, new))
    commit()
    [found] = release.against_the_words("")
    assert why in found


def test_a_wheel_with_tests_in_it_is_no_wheel_of_ours(ready, capsys):
    (ready / "tests").mkdir()
    (ready / "tests" / "test_variable.py").touch()
    told = PYPROJECT.replace(
        '["prefect_as_code"]\n', '["prefect_as_code", "prefect_as_code.tests"]\n'
    )
    (ready / "pyproject.toml").write_text(told)
    commit()
    [found] = said(capsys)
    assert "should not have prefect_as_code/tests/test_variable.py" in found


def test_a_release_has_the_wheel_and_the_notes_of_its_version_alone(ready, monkeypatch, capsys):
    gh = Path(".local/bin/gh")
    gh.parent.mkdir(parents=True)
    gh.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\n"
        "pathlib.Path('.local/asked').write_text('\\n'.join(sys.argv[1:]))\n"
    )
    gh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{gh.parent.resolve()}:{Path(shutil.which('git')).parent}")
    assert release.main(["publish", "--tag", "v0.2.0"]) == 0
    assert Path(".local/asked").read_text().splitlines() == [
        "release",
        "create",
        "v0.2.0",
        ".local/release/prefect_as_code-0.2.0-py3-none-any.whl",
        "--verify-tag",
        "--title",
        "prefect_as_code 0.2.0",
        "--notes-file",
        ".local/release/notes.md",
    ]
    assert Path(".local/release/notes.md").read_text() == "### Added\n\n- Limits."


def test_what_is_not_ready_is_not_published(ready, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(Path(shutil.which("git")).parent))
    assert release.main(["publish", "--tag", "v9.9.9"]) == 1
    assert "the tag v9.9.9 is not of 0.2.0" in capsys.readouterr().err


def test_the_wheel_of_this_commit_has_all_of_the_library_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(release, "MADE", tmp_path)
    assert [*release.against_the_wheel(release.build())] == []


def test_the_library_has_the_licence_of_the_repository():
    assert (ROOT / release.LIBRARY / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
