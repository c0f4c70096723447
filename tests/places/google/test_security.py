"""The rules of security hold over every stack, and each of them sees what it is there for."""

import pytest

from tests.places.google import rules
from tests.places.google.graph import API_KEY, TOKEN, recorded
from tests.places.google.variants import VARIANTS, graph

MEMBER = "gcp:projects/iAMMember:IAMMember"
FIREWALL = "gcp:compute/firewall:Firewall"
INSTANCE = "gcp:compute/instance:Instance"
TEMPLATE = "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate"
BUCKET = "gcp:storage/bucket:Bucket"
PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
VERSION = "gcp:secretmanager/secretVersion:SecretVersion"
POOL = "pulumi-python:dynamic/prefect:WorkPool"

HEALTH = {
    "direction": "INGRESS",
    "sourceRanges": ["35.191.0.0/16"],
    "targetServiceAccounts": ["agent@x"],
    "allows": [{"protocol": "tcp", "ports": ["8080"]}],
}
VM = {
    "metadata": {"enable-oslogin": "TRUE", "block-project-ssh-keys": "TRUE"},
    "shieldedInstanceConfig": {
        "enableSecureBoot": True,
        "enableVtpm": True,
        "enableIntegrityMonitoring": True,
    },
    "serviceAccount": {"email": "agent@x"},
}
PRIVATE = {"uniformBucketLevelAccess": True, "publicAccessPrevention": "enforced"}
IMAGE = "europe-west1-docker.pkg.dev/acme/images/runner"


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_every_stack_keeps_the_rule(rule, variant):
    assert not list(rule(graph(variant)))


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_machine_has_an_external_address_unless_the_stack_says_so(variant):
    stack, changes = VARIANTS[variant]
    written = {"dev": "external-ip", "prod": "nat"}[stack]
    wanted = changes.get("agent", {}).get("egress", written) == "external-ip"
    assert bool(list(rules.no_external_ip(graph(variant)))) is wanted


BREAKS = [
    (rules.no_primitive_role, MEMBER, {"role": "roles/editor"}),
    (rules.no_primitive_role, MEMBER, {"role": "roles/viewer"}),
    (rules.nobody_and_everybody_is_granted_nothing, MEMBER, {"member": "allUsers"}),
    (rules.nobody_and_everybody_is_granted_nothing, MEMBER, {"member": "allAuthenticatedUsers"}),
    (rules.nobody_and_everybody_is_granted_nothing, MEMBER, {"members": ["allUsers"]}),
    (rules.no_service_account_key, "gcp:serviceaccount/key:Key", {}),
    (rules.no_service_account_key, "gcp:storage/hmacKey:HmacKey", {}),
    (rules.no_policy_that_overwrites_others, "gcp:projects/iAMBinding:IAMBinding", {}),
    (rules.no_policy_that_overwrites_others, "gcp:projects/iAMPolicy:IAMPolicy", {}),
    (
        rules.runs_and_agent_reach_just_their_own,
        MEMBER,
        {"role": "roles/secretmanager.secretAccessor"},
    ),
    (rules.runs_and_agent_reach_just_their_own, MEMBER, {"role": "roles/iam.serviceAccountUser"}),
    (rules.no_external_ip, INSTANCE, VM | {"networkInterfaces": [{"accessConfigs": [{}]}]}),
    (rules.no_external_ip, TEMPLATE, VM | {"networkInterfaces": [{"ipv6AccessConfigs": [{}]}]}),
    (rules.nothing_comes_in_but_the_health_check, FIREWALL, {"allows": [{"protocol": "all"}]}),
    (
        rules.nothing_comes_in_but_the_health_check,
        FIREWALL,
        HEALTH | {"sourceRanges": ["0.0.0.0/0"]},
    ),
    (
        rules.nothing_comes_in_but_the_health_check,
        FIREWALL,
        HEALTH | {"allows": [{"protocol": "tcp", "ports": ["22"]}]},
    ),
    (rules.nothing_comes_in_but_the_health_check, FIREWALL, HEALTH | {"targetServiceAccounts": []}),
    (rules.vms_take_no_keys_and_boot_what_is_signed, INSTANCE, VM | {"metadata": {}}),
    (
        rules.vms_take_no_keys_and_boot_what_is_signed,
        INSTANCE,
        VM | {"metadata": VM["metadata"] | {"ssh-keys": "me:ssh-rsa AAAA"}},
    ),
    (
        rules.vms_take_no_keys_and_boot_what_is_signed,
        TEMPLATE,
        VM | {"shieldedInstanceConfig": {"enableVtpm": True}},
    ),
    (rules.vms_take_no_keys_and_boot_what_is_signed, TEMPLATE, VM | {"serviceAccount": {}}),
    (rules.secrets_are_references, POOL, {"base_job_template": f'{{"env": "{API_KEY}"}}'}),
    (rules.secrets_are_references, VERSION, {"secretData": API_KEY}),  # it is not marked
    (rules.secrets_are_references, INSTANCE, {"metadata": {"user-data": f"-e KEY={API_KEY}"}}),
    (rules.secrets_are_references, "docker-build:index:Image", {"buildArgs": {"T": TOKEN}}),
    (
        rules.secrets_are_references,
        "docker-build:index:Image",
        {"registries": [{"password": TOKEN}]},
    ),
    (
        rules.the_agents_role_is_what_was_observed,
        "gcp:projects/iAMCustomRole:IAMCustomRole",
        {"permissions": [*rules.OBSERVED, "run.services.create"]},
    ),
    (
        rules.the_agents_role_is_what_was_observed,
        "gcp:projects/iAMCustomRole:IAMCustomRole",
        {"permissions": sorted(rules.OBSERVED)[1:]},
    ),
    (
        rules.buckets_are_uniform_and_never_public,
        BUCKET,
        PRIVATE | {"uniformBucketLevelAccess": False},
    ),
    (
        rules.buckets_are_uniform_and_never_public,
        BUCKET,
        PRIVATE | {"publicAccessPrevention": "inherited"},
    ),
    (rules.images_are_named_by_digest, POOL, {"base_job_template": f'{{"image": "{IMAGE}:v1"}}'}),
    (rules.images_are_named_by_digest, INSTANCE, {"metadata": {"user-data": f"run {IMAGE}\n"}}),
    (rules.images_are_named_by_digest, POOL, {"x": f"{IMAGE}@sha256:12"}),
    (rules.federation_is_bound_to_one_repository, PROVIDER, {}),
    (
        rules.federation_is_bound_to_one_repository,
        PROVIDER,
        {"attributeCondition": "assertion.repository_owner_id == '1'"},
    ),
    (
        rules.federation_is_bound_to_one_repository,
        MEMBER,
        {"member": "principalSet://iam.googleapis.com/projects/1/x/*"},
    ),
    (
        rules.federation_is_bound_to_one_repository,
        MEMBER,
        {"member": "principal://iam.googleapis.com/projects/1/x/subject/*"},
    ),
]


@pytest.mark.parametrize(
    ("rule", "type_", "inputs"),
    BREAKS,
    ids=[f"{r.__name__}-{i}" for i, (r, *_) in enumerate(BREAKS)],
)
def test_a_rule_sees_what_breaks_it(rule, type_, inputs):
    assert list(rule([*graph("dev as prod"), recorded(type_, "bad", inputs)]))


def test_no_rule_goes_unseen():
    assert {rule for rule, *_ in BREAKS} == {*rules.RULES, rules.no_external_ip}


def test_images_are_looked_for_where_they_run():
    """Else the rule about digests would hold of nothing."""
    named = {r.type.rpartition(":")[2] for r in graph("dev") if list(rules._images(r.inputs))}
    assert {"Instance", "WorkPool", "Deployment"} <= named
