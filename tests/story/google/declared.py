"""What the program declared, out of the gcp plugin's stand-in, as IAM and Secret Manager see it."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.cloud.cloud import World
from tests.cloud.values import plain
from tests.story.google.grants import Grants
from tests.story.google.identities import Identities
from tests.story.google.secret_manager import SecretManager

Told = Mapping[str, Any]  # the plain outputs of an object, its inputs among them


def _within(kind: str, key: str) -> Callable[[Told], str]:
    """A thing of that kind in the object's project, told by its own name or its whole one."""

    def path(told: Told) -> str:
        name = str(told[key])
        return name if name.startswith("projects/") else f"projects/{told['project']}/{kind}/{name}"

    return path


def _repository(told: Told) -> str:
    return _within(f"locations/{told.get('location')}/repositories", "repository")(told)


# By the type of the grant, on what it is.
RESOURCES: Mapping[str, Callable[[Told], str]] = {
    "gcp:projects/iAMMember:IAMMember": lambda told: f"projects/{told['project']}",
    "gcp:serviceaccount/iAMMember:IAMMember": lambda told: str(told["serviceAccountId"]),
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": _repository,
    "gcp:secretmanager/secretIamMember:SecretIamMember": _within("secrets", "secretId"),
    "gcp:bigquery/datasetIamMember:DatasetIamMember": _within("datasets", "datasetId"),
    "gcp:storage/bucketIAMMember:BucketIAMMember": _within("buckets", "bucket"),
}


def take_over(
    world: World, project: str, grants: Grants, identities: Identities, secrets: SecretManager
) -> None:
    """All of it anew, and nothing that is no longer declared. A bucket's grant knows no project.

    Secrets that the program gives no value keep what people put there.
    """
    told = [(each["type"], plain(each["outputs"])) for each in world.objects.values()]
    identities.emails = {o["email"] for t, o in told if t.endswith("/account:Account")}
    custom = {o["name"]: o["permissions"] for t, o in told if t.endswith(":IAMCustomRole")}
    grants.replace(
        (
            (_resource(type_)({"project": project, **outputs}), outputs["role"], outputs["member"])
            for type_, outputs in told
            if type_.lower().endswith("iammember")
        ),
        custom,
    )
    given = [o for t, o in told if t.endswith(":SecretVersion")]
    for name in {each["secret"] for each in given}:
        numbered = {int(o["version"]): o["secretData"] for o in given if o["secret"] == name}
        last = max([*numbered, len(secrets.versions.get(name, []))])
        # Numbers are never given again: one that is gone leaves a gap.
        payloads = (numbered.get(number) for number in range(1, last + 1))
        secrets.versions[name] = [each and str(each).encode() for each in payloads]


def _resource(type_: str) -> Callable[[Told], str]:
    if type_ not in RESOURCES:
        raise ValueError(f"say in {__name__} on what a {type_} grants something")
    return RESOURCES[type_]
