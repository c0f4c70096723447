"""What the docker-build plugin does with an image, less the building.

What it pushes has hardly any bytes, and is an image: to a registry on this machine it really goes.
"""

import fnmatch
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from tests.cloud.cloud import CloudError, World, plain, secret
from tests.cloud.google import UNKNOWN
from tests.registry import RealRegistry, image

# What an image's content does not come from.
_ASIDE = {"registries", "cacheFrom", "cacheTo", "exports", "buildOnPreview", "push"}


class DockerBuild:
    """Images lie in the registry by digest, and are not removed with their resource."""

    def invoke(self, token: str, world: World) -> dict[str, Any]:
        raise CloudError(f"the stand-in does not know {token}")

    def check(
        self, type_: str, name: str, olds: dict[str, Any], news: dict[str, Any], seed: bytes
    ) -> dict[str, Any]:
        dockerfile = Path(plain(news)["dockerfile"]["location"])
        if not dockerfile.is_file():
            raise CloudError(f"open {dockerfile}: no such file or directory")
        return news

    def changed(
        self, type_: str, old_inputs: dict[str, Any], olds: dict[str, Any], news: dict[str, Any]
    ) -> dict[str, bool]:
        before, after = _comparable(old_inputs), _comparable(news)
        different = {n for n in {*before, *after} if before.get(n) != after.get(n)}
        if olds.get("contextHash") != context_hash(news):
            different.add("contextHash")
        return dict.fromkeys(sorted(different), False)

    def named(self, type_: str, inputs: dict[str, Any]) -> bool:
        return False

    def foreseen(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        return inputs | dict.fromkeys(("digest", "contextHash", "ref"), UNKNOWN)

    def create(
        self, type_: str, name: str, inputs: dict[str, Any], world: World
    ) -> tuple[str, dict[str, Any]]:
        world.count(f"builds of {name}")
        outputs = _built(inputs)
        return plain(outputs)["digest"], outputs

    def update(
        self, type_: str, id_: str, olds: dict[str, Any], inputs: dict[str, Any], world: World
    ) -> dict[str, Any]:
        return _built(inputs)

    def delete(self, type_: str, id_: str, world: World) -> None:
        del world.objects[id_]


def _built(inputs: dict[str, Any]) -> dict[str, Any]:
    content = {name: value for name, value in plain(inputs).items() if name not in _ASIDE}
    hashed = context_hash(inputs)
    made = image(json.dumps([content, hashed], sort_keys=True))
    for export in plain(inputs)["exports"]:
        for name in export["registry"]["names"]:
            if registry := os.environ.get("STAND_IN_REGISTRY"):
                RealRegistry(registry).push(name.partition("/")[2], made)
    # Secret, as the real plugin may make whatever comes of a secret password.
    return {**inputs, "contextHash": hashed, "digest": secret(made.digest), "ref": ""}


def _comparable(inputs: dict[str, Any]) -> dict[str, Any]:
    """A new password is no change."""
    told = plain(inputs)
    told["registries"] = [
        {name: value for name, value in each.items() if name != "password"}
        for each in told.get("registries", [])
    ]
    return told


def context_hash(inputs: dict[str, Any]) -> str:
    told = plain(inputs)
    root, dockerfile = Path(told["context"]["location"]), Path(told["dockerfile"]["location"])
    patterns = _ignored(root, dockerfile)
    hashed = hashlib.sha256(dockerfile.read_bytes())
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        inside = path.relative_to(root).as_posix()
        if not _is_ignored(inside, patterns):
            hashed.update(inside.encode() + path.read_bytes())
    return hashed.hexdigest()


def _ignored(root: Path, dockerfile: Path) -> list[str]:
    for path in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), root / ".dockerignore"):
        if path.is_file():
            lines = map(str.strip, path.read_text().splitlines())
            return [line for line in lines if line and not line.startswith("#")]
    return []


def _is_ignored(path: str, patterns: list[str]) -> bool:
    """The last pattern that fits the path, or a folder that it is in, says."""
    parts = path.split("/")
    tops = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    ignored = False
    for pattern in patterns:
        wanted = pattern.removeprefix("!").strip("/")
        tails = parts if wanted.startswith("**/") else tops
        if any(fnmatch.fnmatchcase(each, wanted.removeprefix("**/")) for each in tails):
            ignored = not pattern.startswith("!")
    return ignored
