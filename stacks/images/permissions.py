"""The same permissions on every machine, for the files that an image is built of."""

from collections.abc import Sequence
from pathlib import Path

import pulumi


def settle(patterns: Sequence[str]) -> None:
    """Give the files of a build context the permissions that git knows of: 0755, or 0644.

    The plugin compares a context by a hash which has each file's permissions in it, and all but
    one bit of those come from the umask of whoever checked the files out: under another umask an
    unchanged tree would be another image, for ever. To git, and in the image, they are the same.
    """
    for path in _files(patterns):
        mode = path.stat().st_mode & 0o7777
        wanted = 0o755 if mode & 0o100 else 0o644
        if mode == wanted:
            continue
        try:
            path.chmod(wanted)
        except OSError as error:  # somebody else's checkout, or a read-only one
            pulumi.warn(
                f"{path} has the permissions {mode:04o} and cannot be given {wanted:04o} "
                f"({error.strerror}), so its image looks changed. Where it can be: chmod "
                f"{wanted:o} {path}"
            )


def _files(patterns: Sequence[str]) -> list[Path]:
    found = [path for pattern in patterns for path in Path().glob(pattern)]
    inside = [path for folder in found if folder.is_dir() for path in folder.rglob("*")]
    return [
        path
        for path in (*found, *inside)
        if path.is_file() and not path.is_symlink() and not _is_aside(path)
    ]


def _is_aside(path: Path) -> bool:
    """What the .dockerignore leave out, as other programs than git write it."""
    return any(part == "__pycache__" or part.startswith(".") for part in path.parts)
