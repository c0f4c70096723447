"""What of a folder goes into an image, and the hash by which docker-build knows it again."""

import hashlib
import posixpath
import stat
from pathlib import Path

from pathspec import PathSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern


def context_hash(location: str, dockerfile: str) -> str:
    """Of the Dockerfile's text, and of each file's content, path and mode: not of its time."""
    root, recipe = Path(location), Path(dockerfile)
    ignored = _ignored(root, dockerfile)
    hashed = hashlib.sha256(recipe.read_bytes() if recipe.is_file() else b"")
    found = root.rglob("*") if location and root.is_dir() else ()  # it may be a URL, or unknown
    for path in sorted(found, key=lambda each: each.parts):
        inside = path.relative_to(root).as_posix()
        # A link to a folder is one too, and nothing of what is in it counts.
        if path.is_dir() or ignored.match_file(inside):
            continue
        mode = stat.filemode(path.lstat().st_mode)
        hashed.update(path.read_bytes() + inside.encode() + mode.encode())
    return hashed.hexdigest()


def _ignored(root: Path, dockerfile: str) -> PathSpec:
    for file in (Path(f"{dockerfile}.dockerignore"), root / ".dockerignore"):
        if file.is_file():
            lines = map(str.strip, file.read_text().splitlines())
            return _patterns([line for line in lines if line and not line.startswith("#")])
    return _patterns([])


def _patterns(lines: list[str]) -> PathSpec:
    """Docker's start at the context's root, wherever they have a slash; git's do so with one."""
    rooted = [
        ("!" if line.startswith("!") else "")
        + posixpath.join("/", posixpath.normpath(line.removeprefix("!").strip("/ ")))
        for line in lines
    ]
    kept = [line for line in rooted if line.strip("!") != "/."]
    return PathSpec.from_lines(GitIgnoreSpecPattern, kept)
