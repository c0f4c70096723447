"""What Google makes of the resources of our stacks: ids, computed outputs, rules of replacement."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.cloud.cloud import CloudError, World, plain, texts

LINK = "https://www.googleapis.com/compute/v1/"
NUMBER = "123456789012"  # of the project
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
ALL = ("*",)


@dataclass(frozen=True)
class Kind:
    """Texts are filled in from the inputs. ``fixed``: what only another object has different."""

    id: str
    outputs: Mapping[str, str] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    autonamed: bool = False


def _compute(place: str, collection: str, *fixed: str) -> Kind:
    id_ = f"projects/{{project}}/{place}/{collection}/{{name}}"
    return Kind(id_, {"selfLink": LINK + id_}, ("name", *fixed), autonamed=True)


_REGION, _ZONE = "regions/{region}", "zones/{zone}"
_EMAIL = "{accountId}@{project}.iam.gserviceaccount.com"
_POOL = "locations/global/workloadIdentityPools/{workloadIdentityPoolId}"
_PROVIDER = f"{_POOL}/providers/{{workloadIdentityPoolProviderId}}"
_REPOSITORY = "projects/{project}/locations/{location}/repositories/{repositoryId}"

KINDS = {
    "gcp:artifactregistry/repository:Repository": Kind(
        _REPOSITORY,
        {
            "name": "{repositoryId}",
            "registryUri": "{location}-docker.pkg.dev/{project}/{repositoryId}",
        },
        ("repositoryId", "location", "format"),
    ),
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": Kind(
        "{repository}/{role}/{member}", fixed=ALL
    ),
    "gcp:bigquery/dataset:Dataset": Kind(
        "projects/{project}/datasets/{datasetId}", fixed=("datasetId", "location")
    ),
    "gcp:bigquery/datasetIamMember:DatasetIamMember": Kind(
        "{datasetId}/{role}/{member}", fixed=ALL
    ),
    "gcp:compute/firewall:Firewall": _compute("global", "firewalls", "network"),
    "gcp:compute/healthCheck:HealthCheck": _compute("global", "healthChecks"),
    "gcp:compute/instance:Instance": _compute(_ZONE, "instances", "zone", "bootDisk"),
    "gcp:compute/network:Network": _compute("global", "networks"),
    "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager": _compute(
        _REGION, "instanceGroupManagers", "region", "distributionPolicyZones"
    ),
    "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate": _compute(
        _REGION, "instanceTemplates", *ALL
    ),
    "gcp:compute/router:Router": _compute(_REGION, "routers", "region", "network"),
    "gcp:compute/routerNat:RouterNat": _compute(_REGION, "routers/{router}/nats", "router"),
    "gcp:compute/subnetwork:Subnetwork": _compute(_REGION, "subnetworks", "region", "network"),
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": Kind(
        f"projects/{{project}}/{_POOL}",
        {"name": f"projects/{NUMBER}/{_POOL}"},
        ("workloadIdentityPoolId",),
    ),
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": Kind(
        f"projects/{{project}}/{_PROVIDER}",
        {"name": f"projects/{NUMBER}/{_PROVIDER}"},
        ("workloadIdentityPoolId", "workloadIdentityPoolProviderId"),
    ),
    "gcp:projects/iAMCustomRole:IAMCustomRole": Kind(
        "projects/{project}/roles/{roleId}",
        {"name": "projects/{project}/roles/{roleId}"},
        ("roleId",),
    ),
    "gcp:projects/iAMMember:IAMMember": Kind("{project}/{role}/{member}", fixed=ALL),
    "gcp:projects/service:Service": Kind("{project}/{service}", fixed=("service",)),
    "gcp:secretmanager/secret:Secret": Kind(
        "projects/{project}/secrets/{secretId}",
        {"name": f"projects/{NUMBER}/secrets/{{secretId}}"},
        ("secretId", "replication"),
    ),
    "gcp:secretmanager/secretIamMember:SecretIamMember": Kind(
        "{secretId}/{role}/{member}", fixed=ALL
    ),
    "gcp:secretmanager/secretVersion:SecretVersion": Kind(
        "{secret}/versions/{version}",
        {"name": "{secret}/versions/{version}", "version": "{version}"},
        ("secret", "secretData"),
    ),
    "gcp:serviceaccount/account:Account": Kind(
        f"projects/{{project}}/serviceAccounts/{_EMAIL}",
        {
            "name": f"projects/{{project}}/serviceAccounts/{_EMAIL}",
            "email": _EMAIL,
            "member": f"serviceAccount:{_EMAIL}",
        },
        ("accountId",),
    ),
    "gcp:serviceaccount/iAMMember:IAMMember": Kind("{serviceAccountId}/{role}/{member}", fixed=ALL),
    "gcp:storage/bucket:Bucket": Kind("{name}", {"url": "gs://{name}"}, ("name", "location")),
    "gcp:storage/bucketIAMMember:BucketIAMMember": Kind("{bucket}/{role}/{member}", fixed=ALL),
}


class Google:
    """One configured provider; ``settings`` are its own, such as the project."""

    settings: Mapping[str, str]

    def invoke(self, token: str, world: World) -> dict[str, Any]:
        if token != "gcp:organizations/getClientConfig:getClientConfig":
            raise CloudError(f"the stand-in does not know {token}")
        call = world.count("tokens")
        return {"id": "me", "accessToken": f"ya29.stand-in-token-{call}", **self.settings}

    def check(
        self, type_: str, name: str, olds: dict[str, Any], news: dict[str, Any], seed: bytes
    ) -> dict[str, Any]:
        if type_ not in KINDS:
            raise CloudError(f"the stand-in does not know {type_}")
        if KINDS[type_].autonamed and "name" not in news:
            suffix = hashlib.sha256(seed).hexdigest()[:7]
            news = news | {"name": olds.get("name") or f"{name}-{suffix}"}
        return news

    def changed(
        self, type_: str, old_inputs: dict[str, Any], olds: dict[str, Any], news: dict[str, Any]
    ) -> dict[str, bool]:
        """By field that is different, whether that takes another object."""
        fixed = KINDS[type_].fixed
        before, after = plain(old_inputs), plain(news)
        return {
            name: name in fixed or ALL[0] in fixed
            for name in sorted({*before, *after})
            if before.get(name) != after.get(name)
        }

    def named(self, type_: str, inputs: dict[str, Any]) -> bool:
        """Whether another object would have the same name, so that both cannot be there."""
        kind = KINDS[type_]
        return not kind.autonamed and "{version}" not in kind.id

    def foreseen(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        return {"project": self.settings["project"], **inputs} | dict.fromkeys(
            KINDS[type_].outputs, UNKNOWN
        )

    def create(
        self, type_: str, name: str, inputs: dict[str, Any], world: World
    ) -> tuple[str, dict[str, Any]]:
        self._refers(inputs, world)
        known = {**self.settings, **plain(inputs)}
        if type_.endswith(":SecretVersion"):
            known["version"] = str(world.count(known["secret"]))
        id_ = KINDS[type_].id.format_map(known)
        if id_ in world.objects and KINDS[type_].fixed != ALL and "Service" not in type_:
            raise CloudError(f"Error 409: {id_} already exists")
        return id_, self._outputs(type_, inputs, known)

    def update(
        self, type_: str, id_: str, olds: dict[str, Any], inputs: dict[str, Any], world: World
    ) -> dict[str, Any]:
        if id_ not in world.objects:
            raise CloudError(f"Error 404: {id_} is not there")
        self._refers(inputs, world)
        return self._outputs(type_, inputs, {**self.settings, **plain(olds), **plain(inputs)})

    def delete(self, type_: str, id_: str, world: World) -> None:
        here = world.objects[id_]
        if plain(here["inputs"]).get("disableOnDestroy") is False:
            return
        if "gcp:compute/" in type_:
            for other, each in world.objects.items():
                if each is not here and {id_, LINK + id_} & {*texts(each["inputs"])}:
                    raise CloudError(f"Error 400: {id_} is already being used by {other}")
        del world.objects[id_]

    def _outputs(
        self, type_: str, inputs: dict[str, Any], known: Mapping[str, str]
    ) -> dict[str, Any]:
        made = {name: text.format_map(known) for name, text in KINDS[type_].outputs.items()}
        return {"project": self.settings["project"], **inputs, **made}

    def _refers(self, inputs: dict[str, Any], world: World) -> None:
        """Whatever is named in full has to be there."""
        own = f"projects/{self.settings['project']}/"
        there = {*world.objects} | {
            text
            for each in world.objects.values()
            for text in (each["outputs"].get("name"), each["outputs"].get("selfLink"))
        }
        for text in texts(inputs):
            if text.startswith((own, LINK + own)) and text not in there:
                raise CloudError(f"Error 404: {text} is not there")
