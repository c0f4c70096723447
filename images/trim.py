"""Takes out of a virtual environment what nothing in an image can use. Standard library only.

A rule that finds nothing in a package that is there ends the build: the package has changed, and
somebody has to look again. tests/e2e/ runs the flows and the worker on what is left.
"""

import hashlib
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# What goes, and what of it stays.
UNUSED: dict[str, tuple[str, ...]] = {
    # The server's web pages; an image is never the server.
    "prefect/server/ui*": (),
    # A document for each API of Google: the worker needs Cloud Run's. A flow that calls another
    # API by googleapiclient.discovery.build adds its document here.
    "googleapiclient/discovery_cache/documents/*": ("run.v1.json", "run.v2.json"),
    # A folder for each service of AWS: s3fs speaks to S3, and gets its credentials from the rest.
    "botocore/data/*": ("*.json", "s3", "signin", "sso", "sso-oidc", "sts"),
    "pyarrow/*flight*": (),  # an RPC server and its client
    "pyarrow/include*": (),
    "google/cloud/secretmanager_v1beta*": (),
}
TESTS = "tests"
SOURCES = ("*.pyi", "*.pyx", "*.pxd", "*.pxi", "*.c", "*.cc", "*.cpp", "*.h", "*.hpp", "*.a")
_LOAD = 1  # a kind of segment


def trim(site: Path) -> None:
    for pattern, kept in UNUSED.items():
        if (site / pattern.split("/")[0]).exists():
            found = [p for p in site.glob(pattern) if not any(p.match(keep) for keep in kept)]
            if not found:
                sys.exit(f"images/trim.py: {pattern} is not in the package any more: look again")
            _remove(found)
    _remove(path for pattern in (TESTS, *SOURCES) for path in [*site.rglob(pattern)])
    libraries = [path for path in site.rglob("*.so*") if not path.is_symlink()]
    _share(libraries)
    for path in libraries:
        if not path.is_symlink():
            _strip(path)


def _remove(paths: Iterator[Path] | list[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _share(libraries: list[Path]) -> None:
    """A wheel cannot hold links: a library with three names is in it three times."""
    first: dict[tuple[Path, str], Path] = {}
    for path in sorted(libraries):
        content = (path.parent, hashlib.sha256(path.read_bytes()).hexdigest())
        same = first.setdefault(content, path)
        if same is not path:
            path.unlink()
            path.symlink_to(same.name)


def _strip(library: Path) -> None:
    """Without its symbols, if it can still be loaded: some that patchelf has changed cannot."""
    stripped = library.with_name(f"{library.name}.stripped")
    subprocess.run(["strip", "--strip-unneeded", "-o", stripped, library], check=True)
    if _is_aligned(stripped.read_bytes()):
        stripped.replace(library)
    else:
        stripped.unlink()


def _is_aligned(elf: bytes) -> bool:
    """Whether each segment lies in the file as it will in memory, which the loader insists on."""
    (table,) = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    for at in range(table, table + size * count, size):
        kind, _, offset, address = struct.unpack_from("<IIQQ", elf, at)
        (align,) = struct.unpack_from("<Q", elf, at + 48)
        if kind == _LOAD and (address - offset) % align:
            return False
    return True


if __name__ == "__main__":
    [folder] = Path(sys.argv[1]).glob("lib/python3*/site-packages")
    trim(folder)
