"""What Google refuses, and when: as a plan is made, at a request, and when something has to go."""

import re

from tests.cloud import sdk
from tests.cloud.cloud import CloudError, World
from tests.cloud.google_inputs import at
from tests.cloud.kinds import KINDS, LINK
from tests.cloud.values import Props, plain, texts

_FIREWALL = "gcp:compute/firewall:Firewall"
_INSTANCE = "gcp:compute/instance:Instance"
_SOURCES = ("sourceTags", "sourceRanges", "sourceServiceAccounts")
_NEEDS_A_STOP = ("machineType", "serviceAccount", "shieldedInstanceConfig", "networkInterfaces")


def plan(type_: str, told: Props) -> None:
    """What the plugin finds in a preview already, after its checks."""
    if "project" not in told and "project" in sdk.inputs(type_):
        raise CloudError("Failed to retrieve project, error: project: required field is not set")
    lets_in = type_ == _FIREWALL and told.get("direction", "INGRESS") == "INGRESS"
    if lets_in and not any(told.get(name) for name in _SOURCES):
        raise CloudError(
            "one of source_tags, source_ranges, or source_service_accounts must be defined"
        )


def request(type_: str, told: Props, project: str, world: World) -> None:
    """What Google says to whoever makes or changes one."""
    enabled(type_, project, world)
    for path, allowed in KINDS[type_].values.items():
        if (value := at(told, path)) is not None and value not in allowed:
            raise CloudError(f"Error 400: Invalid value for field {path}: '{value}', invalid")
    _refers(told, project, world)
    if type_.endswith(":RegionInstanceGroupManager"):
        surge, zones = at(told, "updatePolicy.maxSurgeFixed"), told.get("distributionPolicyZones")
        if surge and zones and surge < len(zones):
            raise CloudError(
                "Error 400: Fixed updatePolicy.maxSurge for regional managed instance group has to "
                "be either 0 or at least equal to the number of zones, invalid"
            )


def enabled(type_: str, project: str, world: World) -> None:
    """Nobody answers for a service that is off."""
    service = f"{KINDS[type_].api}.googleapis.com"
    if KINDS[type_].api and f"{project}/{service}" not in world.objects:
        raise CloudError(
            f"Error 403: {service} API has not been used in project {project} before or it is "
            "disabled. Enable it, then retry. accessNotConfigured"
        )


def _refers(told: Props, project: str, world: World) -> None:
    """Whatever is named in full has to be there, and so has everyone who is granted something."""
    own = f"projects/{project}/"
    outputs = [each["outputs"] for each in world.objects.values()]
    there = {*world.objects} | {
        value for each in outputs for n in ("name", "selfLink", "email") if (value := each.get(n))
    }
    for text in texts(told):
        if text.startswith((own, LINK + own)) and text not in there:
            raise CloudError(f"Error 404: {text} is not there")
    kind, _, email = told.get("member", "").partition(":")
    ours = email.endswith(f"@{project}.iam.gserviceaccount.com")
    if kind == "serviceAccount" and ours and email not in there:
        raise CloudError(f"Error 400: Service account {email} does not exist., badRequest")


def admit(type_: str, id_: str, world: World) -> None:
    """Whether another one can have the id."""
    kind = KINDS[type_]
    if id_ in world.lasting:
        raise CloudError(f"Error 409: Requested entity already exists: {id_} was soft-deleted")
    if id_ not in world.objects or kind.shared:
        return
    if type_.endswith(":IAMCustomRole"):
        raise CloudError(f"Custom project role {id_} already exists and must be imported")
    raise CloudError(f"Error 409: {id_} already exists")


def change(type_: str, before: Props, after: Props) -> None:
    """What cannot become so while it is what it is."""
    if type_ != _INSTANCE or after.get("allowStoppingForUpdate"):
        return
    for name in _NEEDS_A_STOP:
        if before.get(name) != plain(after).get(name):
            snake = re.sub("([A-Z])", r"_\1", name).lower()
            raise CloudError(
                f"Changing the {snake}, or other fields like it, on a started instance requires "
                "stopping it. To acknowledge this, please set allow_stopping_for_update = true"
            )


def remove(type_: str, id_: str, world: World) -> None:
    """It goes, unless something holds it."""
    told = plain(world.objects[id_]["inputs"])
    policy = told.get("deletionPolicy", "DELETE")
    if policy == "PREVENT" or told.get("deletionProtection"):
        raise CloudError(
            f"cannot destroy {id_} without setting deletion_policy to DELETE, and "
            "deletion_protection to false"
        )
    if policy == "ABANDON" or (type_.endswith(":Service") and not told.get("disableOnDestroy")):
        return
    if id_ in world.filled:
        if type_.endswith(":Bucket") and not told.get("forceDestroy"):
            raise CloudError(
                f"Error trying to delete bucket {id_} containing objects without `force_destroy` "
                "set to true"
            )
        if type_.endswith(":Dataset") and not told.get("deleteContentsOnDestroy"):
            raise CloudError(f"Error 400: Dataset {id_} is still in use, resourceInUse")
        world.filled.remove(id_)
    if "gcp:compute/" in type_:
        here = world.objects[id_]
        for other, each in world.objects.items():
            if each is not here and {id_, LINK + id_} & {*texts(each["inputs"])}:
                raise CloudError(f"Error 400: {id_} is already being used by {other}")
    if type_.endswith(":Repository"):
        gone = world.objects[id_]["outputs"]["registryUri"]
        world.manifests[:] = [m for m in world.manifests if not m.startswith(f"{gone}/")]
    if KINDS[type_].lasting:
        world.lasting.append(id_)
    del world.objects[id_]
