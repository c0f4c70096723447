"""A stack as the engine is told of it: every resource with its inputs, secrets included."""

import json
import os
import time
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pulumi

from stacks import config
from stacks.oci import Registry
from stacks.platform import Platform
from tests.mock_engine import Engine
from tests.places.google.stacks import API_KEY, ROOT, filled

TOKEN = "ya29.test-access-token"
AGENT_DIGEST, RUNNER_DIGEST = f"sha256:{'1a' * 32}", f"sha256:{'2b' * 32}"

IMAGE = "docker-build:index:Image"
SLOW = (":Service", ":Repository", ":RouterNat", "IAMMember", "IamMember")
SLOWEST = (":CopiedImage",)

_SECRET = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270")


@dataclass(frozen=True)
class Resource:
    """``inputs`` are plain; ``secrets`` says at which paths of them a secret was marked.

    ``provider``: the name of its own, where it has one.
    """

    type: str
    name: str
    inputs: dict[str, Any]
    secrets: frozenset[str] = field(default_factory=frozenset)
    provider: str = ""

    def __str__(self) -> str:
        return f"{self.type} {self.name}"


class CloudEngine(Engine):
    """Answers as Google would with what is known after a creation only; so not in a preview.

    There docker-build says of an image of which files have changed that its digest is "".
    """

    def __init__(self, project: str, key_version: int, preview: bool) -> None:
        super().__init__()
        self.project, self.key_version, self.preview = project, key_version, preview

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ.endswith((*SLOW, *SLOWEST)):
            # So that what does not wait for it comes before it.
            time.sleep(1 if args.typ.endswith(SLOWEST) else 0.05)
        id_, outputs = super().new_resource(args)
        if self.preview:
            digest = {"digest": ""} if args.typ == IMAGE else {}
            return "", {"project": self.project, **outputs, **digest}
        return id_, {"project": self.project, **outputs, **self._computed(args, outputs)}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        return {"accessToken": TOKEN}

    def _computed(
        self, args: pulumi.runtime.MockResourceArgs, told: dict[str, Any]
    ) -> dict[str, Any]:
        compute = f"https://www.googleapis.com/compute/v1/projects/{self.project}"
        match args.typ:
            case "gcp:serviceaccount/account:Account":
                email = f"{told['accountId']}@{self.project}.iam.gserviceaccount.com"
                name = f"projects/{self.project}/serviceAccounts/{email}"
                return {"email": email, "member": f"serviceAccount:{email}", "name": name}
            case "gcp:projects/iAMCustomRole:IAMCustomRole":
                return {"name": f"projects/{self.project}/roles/{told['roleId']}"}
            case "gcp:artifactregistry/repository:Repository":
                url = f"{told['location']}-docker.pkg.dev/{self.project}/{told['repositoryId']}"
                return {"name": told["repositoryId"], "registryUri": url}
            case "gcp:secretmanager/secretVersion:SecretVersion":
                version = str(self.key_version)
                name = f"projects/1/secrets/{told['secret']}/versions/{version}"
                return {"version": version, "name": name}
            case "gcp:iam/workloadIdentityPool:WorkloadIdentityPool":
                pool = f"workloadIdentityPools/{told['workloadIdentityPoolId']}"
                return {"name": f"projects/1/locations/global/{pool}"}
            case "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider":
                return {"name": "projects/1/locations/global/workloadIdentityPools/p/providers/a"}
            case "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate":
                return {"selfLink": f"{compute}/regions/r/instanceTemplates/{args.name}"}
            case "gcp:compute/router:Router":
                return {"name": args.name}
            case t if t == IMAGE:
                digest = {"agent-image": AGENT_DIGEST, "runner-image": RUNNER_DIGEST}[args.name]
                return {"digest": digest}
        return {}


def built(
    stack: str, key_version: int = 1, preview: bool = False, **changes: dict[str, Any] | None
) -> list[Resource]:
    """The resources of a stack of the repository, filled in, with some of its values changed.

    They are in the order of their creation. A section that is changed to ``None`` is left out.
    In a ``preview`` nothing stands yet.
    """
    sections = filled(stack)
    for name, values in changes.items():
        sections[name] = sections.get(name, {}) | (values or {})
        if values is None:
            del sections[name]
    here = os.getcwd()
    engine = CloudEngine(sections["google"]["project"], key_version, preview)
    pulumi.runtime.set_mocks(engine, project="dataflows", stack=stack, preview=preview)
    texts = {
        f"dataflows:{name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in sections.items()
    }
    pulumi.runtime.set_all_config(texts, ["dataflows:prefect_api_key"])
    os.chdir(ROOT)  # as Pulumi does
    try:
        with patch.object(Registry, "holds", return_value=True):
            pulumi.runtime.test(_program)()
    finally:
        os.chdir(here)
        pulumi.runtime.set_all_config({}, [])  # of no test after this one
    return [recorded(t.typ, t.name, t.inputs, name_of(t.provider)) for t in engine.told]


def _program() -> None:
    told = pulumi.Config("dataflows")
    Platform(config.load(told), config.landing_options(told)).export()


def recorded(type_: str, name: str, inputs: dict[str, Any], provider: str = "") -> Resource:
    secrets: set[str] = set()
    return Resource(type_, name, _plain(inputs, "", secrets), frozenset(secrets), provider)


def name_of(provider: str | None) -> str:
    """A reference is a URN, whose last part is the name, and an id."""
    return (provider or "").rpartition("::")[0].rpartition("::")[2]


def _plain(value: Any, path: str, secrets: set[str]) -> Any:
    if isinstance(value, dict):
        if value.get(_SECRET[0]) == _SECRET[1]:
            secrets.add(path)
            return _plain(value["value"], path, secrets)
        return {k: _plain(v, f"{path}.{k}".lstrip("."), secrets) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v, f"{path}[{i}]", secrets) for i, v in enumerate(value)]
    return value


__all__ = ["AGENT_DIGEST", "API_KEY", "RUNNER_DIGEST", "TOKEN", "Resource", "built", "recorded"]
