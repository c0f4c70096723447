"""What is in an image's layers, each by itself: a file that a later one removes is still pulled."""

import json
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.containers import Built


@dataclass(frozen=True)
class Layer:
    """``files`` by path, with their modes; ``small`` has the content of those that are text."""

    digest: str
    files: dict[str, tarfile.TarInfo]
    small: dict[str, bytes]


def layers(image: Built, folder: Path) -> Iterator[Layer]:
    """Those on top of the base, in their order."""
    archive = folder / "image.tar"
    subprocess.run([image.docker.client, "save", "-o", archive, image.name], check=True)
    ours = image.layers
    with tarfile.open(archive) as saved:
        [manifest] = json.load(_member(saved, "manifest.json"))
        for name, digest in zip(manifest["Layers"][-len(ours) :], ours, strict=True):
            yield _layer(saved, name, digest)
    archive.unlink()


def _layer(saved: tarfile.TarFile, name: str, digest: str) -> Layer:
    files, small = {}, {}
    with tarfile.open(fileobj=_member(saved, name)) as content:
        for member in content:
            files[member.name.removeprefix("./")] = member
            if member.isfile() and member.size < 65536 and not member.name.endswith(".pyc"):
                read = content.extractfile(member)
                assert read
                small[member.name] = read.read()
    return Layer(digest, files, small)


def _member(saved: tarfile.TarFile, name: str) -> "tarfile.ExFileObject":
    found = saved.extractfile(name)
    assert found
    return found  # type: ignore[return-value]
