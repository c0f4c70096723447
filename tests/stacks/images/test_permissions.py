"""An unchanged tree is the same image, whatever the umask of whoever checked it out."""

import os
import stat
import subprocess
from pathlib import Path

import pulumi
import pytest

from stacks.images import CONTENT
from stacks.images.permissions import settle

ROOT = Path(__file__).parents[3]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Files by their permissions, in a folder that is the current one."""
    monkeypatch.chdir(tmp_path)

    def make(**modes):
        for name, mode in modes.items():
            path = tmp_path / f"flows/{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text("")
            path.chmod(mode)

    return make


def modes(*patterns):
    found = [path for pattern in patterns for path in sorted(Path().glob(pattern))]
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in found if path.is_file()}


def test_permissions_are_those_that_git_knows_of(tree):
    tree(plain=0o664, private=0o600, right=0o644, program=0o775, mine=0o700, odd=0o4755)
    settle(["flows"])
    assert modes("flows/*") == {
        "plain.py": 0o644,
        "private.py": 0o644,
        "right.py": 0o644,
        "program.py": 0o755,
        "mine.py": 0o755,
        "odd.py": 0o755,
    }


def test_what_no_image_has_is_left_alone(tree, tmp_path):
    tree(plain=0o664)
    outside = tmp_path / "outside"
    outside.write_text("")
    outside.chmod(0o600)
    (tmp_path / "flows/link").symlink_to(outside)
    for name in ("flows/__pycache__/plain.pyc", "flows/.plain.py.swp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o600)
    settle(["flows"])
    assert set(modes("outside", "flows/__pycache__/*", "flows/.*").values()) == {0o600}


def test_clones_under_any_umask_come_to_the_same(tmp_path, monkeypatch):
    subprocess.run(["git", "init", "-q", tmp_path / "origin"], check=True)
    monkeypatch.chdir(tmp_path / "origin")
    Path("flows").mkdir()
    for name, mode in (("plain", 0o644), ("program", 0o755)):
        Path(f"flows/{name}").write_text("")
        Path(f"flows/{name}").chmod(mode)
    who = ("-c", "user.name=Ada Lovelace", "-c", "user.email=ada@example.com")
    subprocess.run(["git", "add", "."], check=True)
    subprocess.run(["git", *who, "commit", "-qm", "files"], check=True)
    found = []
    for umask in (0o022, 0o002, 0o077):
        clone = tmp_path / f"{umask:o}"
        before = os.umask(umask)
        try:
            subprocess.run(["git", "clone", "-q", tmp_path / "origin", clone], check=True)
        finally:
            os.umask(before)
        monkeypatch.chdir(clone)
        found.append(modes("flows/*"))
        settle(["flows"])
        assert modes("flows/*") == {"plain": 0o644, "program": 0o755}
        said = subprocess.run(["git", "status", "--porcelain"], capture_output=True, check=True)
        assert said.stdout == b""
    assert len({tuple(each.values()) for each in found}) == 3, "the umask made no difference"


def test_where_they_cannot_be_changed_it_is_said_which_and_nothing_fails(tree, monkeypatch):
    tree(plain=0o664, right=0o644)
    said = []
    monkeypatch.setattr(pulumi, "warn", said.append)

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    settle(["flows"])
    [text] = said
    assert text.startswith("flows/plain.py has the permissions 0664 and cannot be given 0644 (Oper")
    assert text.endswith("chmod 644 flows/plain.py")


@pytest.mark.parametrize("image", CONTENT)
def test_no_image_has_a_link_whose_permissions_each_system_tells_otherwise(image):
    found = [path for pattern in CONTENT[image] for path in ROOT.glob(pattern)]
    inside = [path for folder in found if folder.is_dir() for path in folder.rglob("*")]
    assert not [path for path in (*found, *inside) if path.is_symlink()]
