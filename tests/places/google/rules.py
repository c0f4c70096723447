"""What may never be in a stack, as functions over its resources: each yields what breaks it."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.places.google.graph import API_KEY, TOKEN, Resource

Rule = Callable[[Sequence[Resource]], Iterator[str]]

_PRIMITIVE = {"roles/owner", "roles/editor", "roles/viewer"}
_PUBLIC = {"allUsers", "allAuthenticatedUsers"}
_HEALTH_CHECKERS = {"35.191.0.0/16", "130.211.0.0/22"}
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_IMAGE = re.compile(r"[\w.-]+\.pkg\.dev/[^\s\"\\]+")

# What the worker was seen to call for a run; the program's own list is checked against this one.
OBSERVED = {
    "run.jobs.create",
    "run.jobs.get",
    "run.jobs.run",
    "run.jobs.delete",
    "run.executions.get",
    "run.executions.list",
    "run.executions.delete",
}
# A grant of one of these on the whole project reaches what other stacks and people have there.
ONE_THING_ONLY = {
    "roles/artifactregistry.reader",
    "roles/bigquery.dataEditor",
    "roles/iam.serviceAccountUser",
    "roles/secretmanager.secretAccessor",
    "roles/storage.legacyBucketReader",
    "roles/storage.objectUser",
}
_PEOPLES = ("deployer-", "previewer-")  # GitHub's, which see the project as a whole


def no_primitive_role(resources: Sequence[Resource]) -> Iterator[str]:
    for each in resources:
        if each.inputs.get("role") in _PRIMITIVE:
            yield f"{each} grants {each.inputs['role']}"


def nobody_and_everybody_is_granted_nothing(resources: Sequence[Resource]) -> Iterator[str]:
    for each in resources:
        told = {each.inputs.get("member"), *(each.inputs.get("members") or ())}
        if found := told & _PUBLIC:
            yield f"{each} grants to {found}"


def no_service_account_key(resources: Sequence[Resource]) -> Iterator[str]:
    for each in resources:
        if "serviceaccount/key" in each.type or "hmacKey" in each.type:
            yield f"{each} is a key"


def no_policy_that_overwrites_others(resources: Sequence[Resource]) -> Iterator[str]:
    for each in resources:
        if each.type.endswith(("IAMPolicy", "IAMBinding", "IamPolicy", "IamBinding")):
            yield f"{each} takes grants away that are not ours; use a member"


def runs_and_agent_reach_just_their_own(resources: Sequence[Resource]) -> Iterator[str]:
    for each in resources:
        wide = each.type == "gcp:projects/iAMMember:IAMMember"
        if wide and each.inputs["role"] in ONE_THING_ONLY and not each.name.startswith(_PEOPLES):
            yield f"{each} grants {each.inputs['role']} on the whole project"


def no_external_ip(resources: Sequence[Resource]) -> Iterator[str]:
    """Holds where ``agent.egress`` is not ``external-ip``."""
    for each in resources:
        for interface in each.inputs.get("networkInterfaces") or ():
            if interface.get("accessConfigs") or interface.get("ipv6AccessConfigs"):
                yield f"{each} has an external address"


def nothing_comes_in_but_the_health_check(resources: Sequence[Resource]) -> Iterator[str]:
    for each in resources:
        if each.type != "gcp:compute/firewall:Firewall":
            continue
        told = each.inputs
        if told.get("direction", "INGRESS") != "INGRESS":
            continue
        allowed = [(a["protocol"], tuple(a.get("ports") or ())) for a in told.get("allows") or ()]
        if set(told.get("sourceRanges") or ()) - _HEALTH_CHECKERS or not told.get("sourceRanges"):
            yield f"{each} lets in {told.get('sourceRanges', 'everyone')}"
        if set(allowed) - {("tcp", ("8080",))}:
            yield f"{each} opens {allowed}"
        if not told.get("targetServiceAccounts"):
            yield f"{each} is for every VM of the network"


def vms_take_no_keys_and_boot_what_is_signed(resources: Sequence[Resource]) -> Iterator[str]:
    for each in resources:
        if not each.type.endswith((":Instance", "InstanceTemplate")):
            continue
        told, metadata = each.inputs, each.inputs.get("metadata", {})
        for name in ("enable-oslogin", "block-project-ssh-keys"):
            if metadata.get(name) != "TRUE":
                yield f"{each} lacks {name}"
        if "ssh-keys" in metadata:
            yield f"{each} carries ssh keys"
        shield = told.get("shieldedInstanceConfig", {})
        if not all(shield.get(f"enable{n}") for n in ("SecureBoot", "Vtpm", "IntegrityMonitoring")):
            yield f"{each} is not shielded"
        if not told.get("serviceAccount", {}).get("email"):
            yield f"{each} acts as the Compute default account, which is an editor"


def secrets_are_references(resources: Sequence[Resource]) -> Iterator[str]:
    """The key is in one place, where it is marked; the registry's token too."""
    for each in resources:
        kept = "gcp:secretmanager/secretVersion:SecretVersion"
        if API_KEY in _text(each.inputs):
            elsewhere = {k: v for k, v in each.inputs.items() if k != "secretData"}
            if each.type != kept or API_KEY in _text(elsewhere):
                yield f"{each} holds the Prefect API key"
            elif "secretData" not in each.secrets:
                yield f"{each} holds the Prefect API key in clear"
        if TOKEN in _text(each.inputs):
            elsewhere = {k: v for k, v in each.inputs.items() if k != "registries"}
            if TOKEN in _text(elsewhere) or not _marked(each, "registries"):
                yield f"{each} holds the access token in clear"


def the_agents_role_is_what_was_observed(resources: Sequence[Resource]) -> Iterator[str]:
    for each in resources:
        if each.type.endswith(":IAMCustomRole"):
            told = set(each.inputs["permissions"])
            if told != OBSERVED:
                yield f"{each} differs by {sorted(told ^ OBSERVED)}"


def buckets_are_uniform_and_never_public(resources: Sequence[Resource]) -> Iterator[str]:
    for each in resources:
        if each.type == "gcp:storage/bucket:Bucket":
            if each.inputs.get("uniformBucketLevelAccess") is not True:
                yield f"{each} has access by object"
            if each.inputs.get("publicAccessPrevention") != "enforced":
                yield f"{each} could be made public"


def images_are_named_by_digest(resources: Sequence[Resource]) -> Iterator[str]:
    """Wherever an image is to run: the VM, the job template, the deployments."""
    for each in resources:
        if each.type.startswith("docker-build:"):
            continue  # where it is made, there is no digest yet
        if each.type.endswith(":CopiedImage"):
            continue  # it says of one image whence and whither
        for found in _images(each.inputs):
            if not _DIGEST.search(found):
                yield f"{each} runs {found}"


def federation_is_bound_to_one_repository(resources: Sequence[Resource]) -> Iterator[str]:
    for each in resources:
        if each.type.endswith(":WorkloadIdentityPoolProvider"):
            condition = each.inputs.get("attributeCondition") or ""
            for claim in ("repository_owner_id", "repository_id"):
                if not re.search(rf"assertion\.{claim} == '\d+'", condition):
                    yield f"{each} takes any {claim}"
        member = each.inputs.get("member") or ""
        if member.startswith("principalSet:"):
            yield f"{each} grants to every workflow of the pool"
        if member.startswith("principal:") and "/subject/repo:" not in member:
            yield f"{each} grants to a subject that is no repository's"


RULES: tuple[Rule, ...] = (
    no_primitive_role,
    nobody_and_everybody_is_granted_nothing,
    no_service_account_key,
    no_policy_that_overwrites_others,
    runs_and_agent_reach_just_their_own,
    nothing_comes_in_but_the_health_check,
    vms_take_no_keys_and_boot_what_is_signed,
    secrets_are_references,
    the_agents_role_is_what_was_observed,
    buckets_are_uniform_and_never_public,
    images_are_named_by_digest,
    federation_is_bound_to_one_repository,
)


def _text(value: Any) -> str:
    return json.dumps(value, default=str)


def _marked(resource: Resource, path: str) -> bool:
    return any(p == path or p.startswith((f"{path}.", f"{path}[")) for p in resource.secrets)


def _images(inputs: Any) -> Iterator[str]:
    """What a VM's unit, a job template or a job variable names as an image."""
    for found in _IMAGE.findall(_text(inputs).replace("\\n", "\n")):
        if "/" in found.partition("/")[2]:  # a bare host is docker's login
            yield found.rstrip(",\\\"'")
