"""The docker stack as the engine is told of it, without an engine and without Docker."""

import os
from typing import Any

import pulumi

from stacks.config import StackConfig
from stacks.platform import Platform
from tests.mock_engine import Engine
from tests.places.google.graph import Resource, name_of, recorded
from tests.places.google.stacks import ROOT, written

IDS = {"agent": f"sha256:{'1a' * 32}", "runner": f"sha256:{'2b' * 32}"}
SOCKET_GROUP = 998


class HostEngine(Engine):
    """Answers as the plugins would: docker-build with a digest, docker with an image's id."""

    asked: list[str]

    def __init__(self, digest: str) -> None:
        super().__init__()
        self.digest, self.asked = digest, []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        id_, outputs = super().new_resource(args)
        told = {"digest": self.digest} if args.typ == "docker-build:index:Image" else {}
        return id_, {**outputs, **told}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        assert args.token == "docker:index/getRemoteImage:getRemoteImage"
        name = args.args["name"]
        self.asked.append(name)
        [image] = [id_ for image, id_ in IDS.items() if f"/{image}:" in name]
        return {"id": image, "name": name, "repoDigest": ""}


def built(
    stack: str = "docker", *, preview: bool = False, digest: str = "sha256:d", **changes: Any
) -> tuple[list[Resource], HostEngine]:
    """The resources of the repository's docker stack, with some of its values changed."""
    sections = written("docker")
    sections["host"] |= {"socket_group": SOCKET_GROUP}
    for name, values in changes.items():
        sections[name] = sections.get(name, {}) | values
    engine = HostEngine(digest)
    pulumi.runtime.set_mocks(engine, project="dataflows", stack=stack, preview=preview)
    here = os.getcwd()
    os.chdir(ROOT)  # as Pulumi does
    try:
        config = StackConfig.model_validate(sections)
        pulumi.runtime.test(lambda: Platform(config, {}).export())()
    finally:
        os.chdir(here)
    return [recorded(t.typ, t.name, t.inputs, name_of(t.provider)) for t in engine.told], engine


def one(resources: list[Resource], type_: str, name: str) -> dict[str, Any]:
    [found] = [each.inputs for each in resources if each.type == type_ and each.name == name]
    return found
