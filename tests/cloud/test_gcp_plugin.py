"""The stand-in for Google's plugin refuses, foresees and keeps what the real one does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.kinds import KINDS
from tests.cloud.protocol import Refused, Spoken, speaking
from tests.cloud.values import UNKNOWN, UNKNOWNS, Props, is_secret, plain, secret

PROJECT = "acme-data"
ACCOUNT = "gcp:serviceaccount/account:Account"
ACTS_AS = "gcp:serviceaccount/iAMMember:IAMMember"
BUCKET = "gcp:storage/bucket:Bucket"
DATASET = "gcp:bigquery/dataset:Dataset"
FIREWALL = "gcp:compute/firewall:Firewall"
GRANT = "gcp:projects/iAMMember:IAMMember"
GROUP = "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager"
HEALTH = "gcp:compute/healthCheck:HealthCheck"
INSTANCE = "gcp:compute/instance:Instance"
NAT = "gcp:compute/routerNat:RouterNat"
NETWORK = "gcp:compute/network:Network"
POOL = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool"
PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
REPOSITORY = "gcp:artifactregistry/repository:Repository"
ROLE = "gcp:projects/iAMCustomRole:IAMCustomRole"
SECRET = "gcp:secretmanager/secret:Secret"
SERVICE = "gcp:projects/service:Service"
SUBNET = "gcp:compute/subnetwork:Subnetwork"
TEMPLATE = "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate"
VERSION = "gcp:secretmanager/secretVersion:SecretVersion"

GOOD: dict[str, Props] = {  # what each type cannot do without
    ACCOUNT: {"accountId": "df-dev-agent"},
    BUCKET: {"name": "acme-landing", "location": "EU"},
    DATASET: {"datasetId": "sales"},
    FIREWALL: {"network": "n", "allows": [{"protocol": "tcp"}], "sourceRanges": ["10.0.0.0/8"]},
    GRANT: {"project": PROJECT, "role": "roles/viewer", "member": "user:ada@example.com"},
    GROUP: {
        "baseInstanceName": "agent",
        "versions": [{"instanceTemplate": "t"}],
        "region": "europe-west1",
    },
    HEALTH: {"httpHealthCheck": {"port": 80}},
    INSTANCE: {
        "zone": "europe-west1-b",
        "machineType": "e2-small",
        "bootDisk": {"initializeParams": {"image": "cos", "size": 20}},
        "networkInterfaces": [{"subnetwork": "s"}],
    },
    NAT: {
        "router": "r",
        "region": "europe-west1",
        "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
    },
    NETWORK: {"autoCreateSubnetworks": False},
    POOL: {"workloadIdentityPoolId": "df-dev-github"},
    REPOSITORY: {"repositoryId": "images", "location": "europe-west1", "format": "DOCKER"},
    ROLE: {"roleId": "df_dev_agent", "title": "Agent", "permissions": ["run.jobs.get"]},
    SECRET: {"secretId": "key", "replication": {"auto": {}}},
    SERVICE: {"service": "run.googleapis.com"},
    SUBNET: {"network": "n", "region": "europe-west1", "ipCidrRange": "10.10.0.0/20"},
    TEMPLATE: {"machineType": "e2-small", "region": "europe-west1", "disks": [{}]},
    VERSION: {"secret": "projects/acme-data/secrets/key", "secretData": "v"},
}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STAND_IN_CREDENTIALS", raising=False)


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Spoken]:
    """Of a project in which every service is on that a kind needs."""
    with speaking("gcp", tmp_path / "cloud.json") as spoken:
        spoken.configure(project=PROJECT, region="europe-west1", defaultLabels='{"stack":"dev"}')
        for api in {kind.api for kind in KINDS.values()} - {""}:
            spoken.create(SERVICE, {"service": f"{api}.googleapis.com"})
        yield spoken


def wrong(plugin: Spoken, type_: str, **change: Any) -> dict[str, str]:
    return plugin.check(type_, GOOD[type_] | change)[1]


def made(plugin: Spoken, type_: str, **change: Any) -> tuple[str, Props, Props]:
    """One that stands: its id, its inputs and its state."""
    inputs, failures = plugin.check(type_, GOOD[type_] | change)
    assert not failures
    return (*plugin.create(type_, inputs), inputs)


@pytest.mark.parametrize("type_", GOOD)
def test_what_is_well_said_passes(plugin: Spoken, type_: str) -> None:
    assert wrong(plugin, type_) == {}


@pytest.mark.parametrize(
    ("type_", "change", "reason"),
    [
        (FIREWALL, {"networks": "n"}, "invalid or unknown key: networks"),
        (FIREWALL, {"allows": [{"protocl": "tcp"}]}, "invalid or unknown key: allows[0].protocl"),
        (FIREWALL, {"allows": [{}]}, "Missing required property 'allows[0].protocol'"),
        (FIREWALL, {"name": "Agent"}, '"name" ("Agent") doesn\'t match regexp'),
        (FIREWALL, {"name": "a" * 64}, "doesn't match regexp"),
        (
            FIREWALL,
            {"denies": [{"protocol": "tcp"}]},
            "only one of `allows,denies` can be specified",
        ),
        (FIREWALL, {"allows": []}, "one of `allows,denies` must be specified"),
        (
            FIREWALL,
            {"targetServiceAccounts": ["a@b"], "targetTags": ["t"]},
            '"targetServiceAccounts": conflicts with targetTags',
        ),
        (ACCOUNT, {"accountId": "agent"}, '"accountId" ("agent") doesn\'t match regexp'),
        (ACCOUNT, {"accountId": "a" * 31}, "doesn't match regexp"),
        (ROLE, {"roleId": "df-dev-agent"}, '"roleId" ("df-dev-agent") doesn\'t match regexp'),
        (POOL, {"workloadIdentityPoolId": "gcp-github"}, "doesn't match regexp"),
        (POOL, {"workloadIdentityPoolId": "git"}, "doesn't match regexp"),
        (DATASET, {"datasetId": "sales-eu"}, "doesn't match regexp"),
        (SERVICE, {"service": "run"}, "doesn't match regexp"),
        (SUBNET, {"ipCidrRange": "10.10.0.1/20"}, "is not a valid IP CIDR range"),
        (GRANT, {"member": "ada@example.com"}, "doesn't match regexp"),
        (GRANT, {"member": "deleted:user:ada@example.com?uid=1"}, "doesn't match regexp"),
        (HEALTH, {"tcpHealthCheck": {"port": 1}}, "only one of"),
        (HEALTH, {"httpHealthCheck": None}, "must be specified"),
        (SECRET, {"replication": {"auto": {}, "userManaged": {"replicas": []}}}, "only one of"),
        (SECRET, {"replication": {}}, "must be specified"),
        (VERSION, {"secretDataWo": "w"}, "only one of"),
        (NAT, {"name": "n"}, "doesn't match regexp"),
        (
            GROUP,
            {"updatePolicy": {"type": "PROACTIVE"}},
            "Missing required property 'updatePolicy.minimalAction'",
        ),
        (
            GROUP,
            {
                "updatePolicy": {
                    "type": "PROACTIVE",
                    "minimalAction": "REPLACE",
                    "maxSurgeFixed": 1,
                    "maxSurgePercent": 10,
                }
            },
            '"updatePolicy.maxSurgeFixed": conflicts with updatePolicy.maxSurgePercent',
        ),
        (INSTANCE, {"networkInterfaces": {"subnetwork": "s"}}, "expected type 'array'"),
    ],
)
def test_what_is_wrong_is_found_in_a_preview_and_said_of_no_property(
    plugin: Spoken, type_: str, change: Props, reason: str
) -> None:
    told = {n: v for n, v in (GOOD[type_] | change).items() if v is not None}
    _, found = plugin.check(type_, told)
    assert [each for each in found if reason in each]
    assert {*found.values()} == {""}


@pytest.mark.parametrize("type_", [FIREWALL, INSTANCE, REPOSITORY, ROLE])
def test_all_that_is_missing_is_said_at_once(plugin: Spoken, type_: str) -> None:
    _, found = plugin.check(type_, {"any": "key"})
    assert sum("Missing required property" in each for each in found) >= 1
    assert "invalid or unknown key: any" in found


@pytest.mark.parametrize("unknown", sorted(UNKNOWNS))
def test_what_is_unknown_passes_and_hides_what_is_wrong_beside_it(
    plugin: Spoken, unknown: str
) -> None:
    assert wrong(plugin, FIREWALL, name=unknown) == {}
    assert wrong(plugin, FIREWALL, allows=[{"protocl": "tcp", "ports": [unknown]}]) == {}
    assert wrong(plugin, FIREWALL, allows=unknown, denies=unknown) == {}
    assert wrong(plugin, ACCOUNT, accountId=unknown) == {}
    assert wrong(plugin, POOL, workloadIdentityPoolId=unknown) == {}
    assert wrong(plugin, SECRET, replication=unknown) == {}
    assert wrong(plugin, FIREWALL, targetTags=unknown, targetServiceAccounts=["a@b"]) == {}
    _, found = plugin.check(FIREWALL, {"allows": [{"protocol": unknown}]})
    assert [*found] == ["Missing required property 'network': it has to be told"]


def test_what_can_be_converted_passes_and_no_enumeration_is_looked_at(plugin: Spoken) -> None:
    boot = {"initializeParams": {"size": "20", "image": "cos"}, "autoDelete": "true"}
    assert wrong(plugin, INSTANCE, bootDisk=boot, metadata={"a": 1}) == {}
    assert wrong(plugin, NETWORK, routingMode="ANY") == {}
    with pytest.raises(Refused, match="Error 400: Invalid value for field routingMode"):
        made(plugin, NETWORK, routingMode="ANY")


def test_an_ingress_without_sources_passes_the_check_and_fails_the_plan(plugin: Spoken) -> None:
    told = {n: v for n, v in GOOD[FIREWALL].items() if n != "sourceRanges"}
    inputs, failures = plugin.check(FIREWALL, told)
    assert not failures
    needed = "one of source_tags, source_ranges, or source_service_accounts must be defined"
    with pytest.raises(Refused, match=needed):
        plugin.foresee(FIREWALL, inputs)
    with pytest.raises(Refused, match=needed):
        plugin.diff(FIREWALL, inputs, inputs)
    plugin.foresee(FIREWALL, inputs | {"direction": "EGRESS"})
    plugin.foresee(FIREWALL, inputs | {"sourceServiceAccounts": [UNKNOWN]})


@pytest.mark.parametrize(
    ("type_", "name", "made_up"),
    [
        (NETWORK, "Net", "net-"),
        (SUBNET, "n" * 80, "n" * 55 + "-"),
        (FIREWALL, "Wall", "Wall-"),  # and so is refused
        (BUCKET, "b" * 300, "b" * 214 + "-"),
        (ACCOUNT, "a" * 40, "a" * 22 + "-"),
        (ROLE, "role", "role-"),  # with a dash, which it cannot have
        (SECRET, "key", "key-"),
    ],
)
def test_a_name_is_made_up_of_the_engines_seed(
    plugin: Spoken, type_: str, name: str, made_up: str
) -> None:
    auto = KINDS[type_].autoname
    assert auto
    told = {n: v for n, v in GOOD[type_].items() if n != auto.field}
    inputs, failures = plugin.check(type_, told, name=name)
    assert inputs[auto.field].startswith(made_up)
    assert len(inputs[auto.field]) == len(made_up) + 7
    assert inputs["__defaults"] == [auto.field]
    assert plugin.check(type_, told, name=name)[0] == inputs
    assert bool(failures) == (type_ in (FIREWALL, ROLE))


def test_a_name_that_was_made_up_stays_and_a_replacement_gets_another(plugin: Spoken) -> None:
    inputs, _ = plugin.check(NETWORK, GOOD[NETWORK], name="net")
    old = inputs | {"name": "net-0123456"}
    assert plugin.check(NETWORK, GOOD[NETWORK], olds=old, name="net")[0] == old
    # The engine checks once more for a replacement, then without what was there.
    assert plugin.check(NETWORK, GOOD[NETWORK], name="net")[0]["name"] != "net-0123456"
    told = inputs | {"name": "told", "__defaults": []}
    assert plugin.check(NETWORK, GOOD[NETWORK], olds=told, name="net")[0]["name"] != "told"


@pytest.mark.parametrize(
    ("type_", "change", "replaces", "deletes_first"),
    [
        (REPOSITORY, {"format": "docker"}, None, False),
        (REPOSITORY, {"description": "d"}, False, False),
        (REPOSITORY, {"location": "europe-west4"}, True, False),
        (REPOSITORY, {"project": "other"}, True, False),
        (DATASET, {"location": "eu"}, True, False),
        (DATASET, {"deleteContentsOnDestroy": True}, False, False),
        (POOL, {"workloadIdentityPoolId": "other"}, True, False),
        (BUCKET, {"location": "eu"}, None, True),
        (BUCKET, {"location": "US"}, True, True),
        (BUCKET, {"forceDestroy": True}, False, True),
        (SECRET, {"replication": {"userManaged": {"replicas": []}}}, True, True),
        (VERSION, {"secretData": "w"}, True, False),
        (GRANT, {"role": "roles/editor"}, True, True),
        (GRANT, {"member": "user:ADA@example.com"}, None, True),
        (ACCOUNT, {"accountId": "other-id"}, True, True),
        (ROLE, {"permissions": ["run.jobs.get", "run.jobs.run"]}, False, True),
        (ROLE, {"roleId": "other"}, True, True),
        (FIREWALL, {"network": "m"}, False, False),
        (FIREWALL, {"direction": "EGRESS"}, True, False),
        (HEALTH, {"httpHealthCheck": {"port": 81}}, False, False),
        (NETWORK, {"autoCreateSubnetworks": True}, True, False),
        (NETWORK, {"routingMode": "GLOBAL"}, False, False),
        (SUBNET, {"ipCidrRange": "10.10.0.0/19"}, False, False),
        (SUBNET, {"ipCidrRange": "10.10.0.0/21"}, True, False),
        (SUBNET, {"ipCidrRange": "10.20.0.0/20"}, True, False),
        (SUBNET, {"privateIpGoogleAccess": True}, False, False),
        (NAT, {"router": "s"}, True, False),
        (
            INSTANCE,
            {"bootDisk": {"initializeParams": {"image": "cos", "size": 30}}},
            False,
            False,
        ),
        (INSTANCE, {"bootDisk": {"initializeParams": {"image": "new", "size": 20}}}, True, False),
        (INSTANCE, {"metadata": {"user-data": "x"}}, False, False),
        (INSTANCE, {"zone": "europe-west1-c"}, True, False),
        (TEMPLATE, {"metadata": {"user-data": "x"}}, True, False),
        (TEMPLATE, {"labels": {"a": "b"}}, False, False),
        (GROUP, {"versions": [{"instanceTemplate": "u"}]}, False, False),
        (GROUP, {"distributionPolicyZones": ["europe-west1-b"]}, True, False),
    ],
)
def test_what_takes_another_object_and_which_goes_first(
    plugin: Spoken, type_: str, change: Props, replaces: bool | None, deletes_first: bool
) -> None:
    before, _ = plugin.check(type_, GOOD[type_])
    after, _ = plugin.check(type_, GOOD[type_] | change, olds=before)
    changes = plugin.diff(type_, {"project": PROJECT, **before}, after, before)
    assert bool(changes.paths) == (replaces is not None)
    assert bool(changes.replaces) == bool(replaces)
    assert changes.deletes_first == (bool(replaces) and deletes_first)


def test_another_project_of_the_provider_takes_other_objects(
    plugin: Spoken, tmp_path: Path
) -> None:
    _, state, inputs = made(plugin, BUCKET)
    assert plugin.diff(BUCKET, state, inputs, inputs).paths == []
    with speaking("gcp", tmp_path / "cloud.json") as other:
        other.configure(project="acme-other")
        assert other.diff(BUCKET, state, inputs, inputs).replaces == ["project"]


def test_a_difference_has_the_path_of_what_is_different(plugin: Spoken) -> None:
    before, _ = plugin.check(INSTANCE, GOOD[INSTANCE] | {"metadata": {"a": "b", "user-data": "x"}})
    changes = plugin.diff(INSTANCE, before, before | {"metadata": {"a": "b", "user-data": "y"}})
    assert changes.paths == ["metadata.user-data"]


@pytest.mark.parametrize("type_", [REPOSITORY, DATASET, POOL, ACCOUNT, SECRET, FIREWALL])
def test_what_has_the_id_of_another_gets_a_409(plugin: Spoken, type_: str) -> None:
    _, _, inputs = made(plugin, type_)
    with pytest.raises(Refused, match="Error 409"):
        plugin.create(type_, inputs, name="new")


def test_what_is_known_of_a_new_one_in_a_preview(plugin: Spoken) -> None:
    def foreseen(type_: str, **change: Any) -> Props:
        return plugin.foresee(type_, plugin.check(type_, GOOD[type_] | change)[0])

    account = foreseen(ACCOUNT)
    assert account["email"] == f"df-dev-agent@{PROJECT}.iam.gserviceaccount.com"
    assert account["member"] == f"serviceAccount:{account['email']}"
    assert account["name"] == UNKNOWN
    assert foreseen(ACCOUNT, accountId=UNKNOWN)["email"] == UNKNOWN
    repository = foreseen(REPOSITORY)
    assert (repository["name"], repository["registryUri"]) == (UNKNOWN, UNKNOWN)
    assert foreseen(VERSION)["name"] == UNKNOWN
    assert foreseen(NETWORK)["selfLink"] == UNKNOWN
    assert foreseen(BUCKET)["project"] == PROJECT
    assert {each["name"] for each in plugin.world.objects.values()} == {"it"}
    assert {each["type"] for each in plugin.world.objects.values()} == {SERVICE}


def test_what_is_computed_is_known_in_the_preview_of_a_change(plugin: Spoken) -> None:
    _, state, inputs = made(plugin, REPOSITORY)
    foreseen = plugin.foresee(REPOSITORY, inputs | {"description": "d"}, state)
    assert foreseen["registryUri"] == f"europe-west1-docker.pkg.dev/{PROJECT}/images"
    assert foreseen["description"] == "d"


def test_secrets_are_not_accepted_and_the_computed_twins_of_labels_are_some(plugin: Spoken) -> None:
    assert not plugin.configure(project=PROJECT, defaultLabels='{"stack":"dev"}').acceptSecrets
    _, state, inputs = made(plugin, BUCKET, labels={"a": "b"})
    everything = {"a": "b", "stack": "dev", "goog-pulumi-provisioned": "true"}
    for name in ("pulumiLabels", "effectiveLabels"):
        assert is_secret(state[name])
        assert plain(state[name]) == everything
        assert is_secret(plugin.foresee(BUCKET, inputs, state)[name])
        assert plugin.foresee(BUCKET, inputs | {"labels": {"a": UNKNOWN}})[name] == UNKNOWN
    assert state["labels"] == {"a": "b"}
    made(plugin, SECRET)
    _, state, _ = made(plugin, VERSION)
    assert state["secretData"] == secret("v")


def test_no_preview_without_credentials(
    plugin: Spoken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_CREDENTIALS", "none")
    with pytest.raises(Refused, match="failed to load application credentials"):
        plugin.check_config(project=PROJECT)
    with pytest.raises(Refused, match="Attempted to load application default credentials"):
        plugin.configure(region="europe-west1")
    with pytest.raises(Refused, match="application default credentials"):
        plugin.invoke("gcp:organizations/getClientConfig:getClientConfig")
    plugin.check_config(project=UNKNOWN)  # then it looks at nothing


def test_a_provider_is_never_replaced_and_knows_its_settings(plugin: Spoken) -> None:
    changes = plugin.diff_config({"project": "a", "region": "b"}, {"project": "c"})
    assert (changes.paths, changes.replaces) == (["project", "region"], [])
    assert plugin.check_config(projct="a", version="1")[1] == ["invalid or unknown key: projct"]


def test_without_a_project_a_plan_fails(tmp_path: Path) -> None:
    with speaking("gcp", tmp_path / "other.json") as plugin:
        plugin.configure(region="europe-west1")
        inputs, failures = plugin.check(REPOSITORY, GOOD[REPOSITORY])
        assert not failures
        with pytest.raises(Refused, match="project: required field is not set"):
            plugin.foresee(REPOSITORY, inputs)


def test_each_process_has_its_token_unless_the_machine_caches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tokens() -> list[str]:
        found = []
        for _ in range(2):
            with speaking("gcp", tmp_path / "cloud.json") as plugin:
                for _ in range(2):
                    told = plugin.invoke("gcp:organizations/getClientConfig:getClientConfig")
                    assert is_secret(told["accessToken"])
                    found.append(plain(told["accessToken"]))
        return found

    first, again, second, _ = tokens()
    assert first == again != second
    monkeypatch.setenv("STAND_IN_CREDENTIALS", "cached")
    assert len({*tokens()}) == 1


def test_a_service_that_is_off_fails_what_is_done_and_no_preview(tmp_path: Path) -> None:
    with speaking("gcp", tmp_path / "other.json") as plugin:
        plugin.configure(project=PROJECT)
        inputs, _ = plugin.check(REPOSITORY, GOOD[REPOSITORY])
        plugin.foresee(REPOSITORY, inputs)
        off = r"Error 403: artifactregistry\.googleapis\.com API"
        with pytest.raises(Refused, match=off):
            plugin.create(REPOSITORY, inputs)
        with pytest.raises(Refused, match=off):
            plugin.read(REPOSITORY, "id", inputs, inputs)


def test_who_is_granted_something_has_to_be_there(plugin: Spoken) -> None:
    member = f"serviceAccount:df-dev-agent@{PROJECT}.iam.gserviceaccount.com"
    with pytest.raises(Refused, match="Error 400: Service account df-dev-agent@"):
        made(plugin, GRANT, member=member)
    _, state, _ = made(plugin, ACCOUNT)
    made(plugin, GRANT, member=state["member"])
    name = f"projects/{PROJECT}/serviceAccounts/none@{PROJECT}.iam.gserviceaccount.com"
    told = {"serviceAccountId": name, "role": "roles/viewer", "member": "user:ada@example.com"}
    with pytest.raises(Refused, match="Error 404"):
        plugin.create(ACTS_AS, told)


def test_a_grant_is_adopted_and_shared_and_goes_for_both(plugin: Spoken) -> None:
    id_, state, inputs = made(plugin, GRANT)
    assert plugin.create(GRANT, inputs, name="another") == (id_, state)
    plugin.delete(GRANT, id_, state)
    assert plugin.read(GRANT, id_, inputs, state)[0] == ""
    plugin.delete(GRANT, id_, state)


def test_a_service_is_adopted_and_stays_on(plugin: Spoken) -> None:
    id_, state, inputs = made(plugin, SERVICE)
    assert plugin.create(SERVICE, inputs) == (id_, state)
    plugin.delete(SERVICE, id_, state)
    assert plugin.read(SERVICE, id_, inputs, state)[0] == id_
    id_, state, inputs = made(plugin, SERVICE, service="a.googleapis.com", disableOnDestroy=True)
    plugin.delete(SERVICE, id_, state)
    assert plugin.read(SERVICE, id_, inputs, state)[0] == ""


@pytest.mark.parametrize(
    ("type_", "force", "words"),
    [
        (BUCKET, "forceDestroy", "without `force_destroy` set to true"),
        (DATASET, "deleteContentsOnDestroy", "is still in use"),
    ],
)
def test_what_holds_data_does_not_go(plugin: Spoken, type_: str, force: str, words: str) -> None:
    id_, state, inputs = made(plugin, type_)
    with plugin.cloud.open() as world:
        world.filled.append(id_)
    with pytest.raises(Refused, match=words):
        plugin.delete(type_, id_, state)
    state = plugin.update(type_, id_, state, inputs | {force: True})
    plugin.delete(type_, id_, state)
    assert plugin.read(type_, id_, inputs, state)[0] == ""


@pytest.mark.parametrize("change", [{"deletionProtection": True}, {"deletionPolicy": "PREVENT"}])
def test_what_is_protected_does_not_go(plugin: Spoken, change: Props) -> None:
    id_, state, _ = made(plugin, SECRET, **change)
    with pytest.raises(Refused, match="cannot destroy"):
        plugin.delete(SECRET, id_, state)


def test_what_another_one_uses_does_not_go(plugin: Spoken) -> None:
    id_, state, _ = made(plugin, NETWORK)
    made(plugin, SUBNET, network=id_)
    with pytest.raises(Refused, match="is already being used by"):
        plugin.delete(NETWORK, id_, state)


def test_a_pool_keeps_its_id_after_it_has_gone_and_a_role_comes_back(plugin: Spoken) -> None:
    id_, state, inputs = made(plugin, POOL)
    plugin.delete(POOL, id_, state)
    assert plugin.read(POOL, id_, inputs, state)[0] == ""
    with pytest.raises(Refused, match="Error 409"):
        plugin.create(POOL, inputs)
    id_, state, inputs = made(plugin, ROLE)
    with pytest.raises(Refused, match="already exists and must be imported"):
        plugin.create(ROLE, inputs)
    plugin.delete(ROLE, id_, state)
    assert plugin.create(ROLE, inputs)[0] == id_


def test_with_a_repository_go_its_images(plugin: Spoken) -> None:
    id_, state, _ = made(plugin, REPOSITORY)
    with plugin.cloud.open() as world:
        world.manifests += [f"{state['registryUri']}/a@sha256:1", "elsewhere/a@sha256:1"]
    plugin.delete(REPOSITORY, id_, state)
    assert plugin.world.manifests == ["elsewhere/a@sha256:1"]


def test_what_needs_a_stop_says_so(plugin: Spoken) -> None:
    id_, state, inputs = made(plugin, INSTANCE)
    with pytest.raises(Refused, match="Changing the machine_type"):
        plugin.update(INSTANCE, id_, state, inputs | {"machineType": "e2-medium"})
    willing = inputs | {"machineType": "e2-medium", "allowStoppingForUpdate": True}
    assert plugin.update(INSTANCE, id_, state, willing)["machineType"] == "e2-medium"


def test_a_group_surges_by_zones(plugin: Spoken) -> None:
    policy = {"type": "PROACTIVE", "minimalAction": "REPLACE", "maxSurgeFixed": 1}
    zones = ["europe-west1-b", "europe-west1-c"]
    with pytest.raises(Refused, match="at least equal to the number of zones"):
        made(plugin, GROUP, updatePolicy=policy, distributionPolicyZones=zones)
    made(plugin, GROUP, updatePolicy=policy | {"maxSurgeFixed": 2}, distributionPolicyZones=zones)


def test_what_was_made_and_then_failed_is_told_with_its_id(plugin: Spoken) -> None:
    inputs, _ = plugin.check(GROUP, GOOD[GROUP])
    with plugin.cloud.open() as world:
        world.faults.append({"type": GROUP, "when": "after", "left": 1})
    with pytest.raises(Refused) as refused:
        plugin.create(GROUP, inputs)
    half = refused.value.half
    assert half
    assert half.id in plugin.world.objects
    assert half.reasons == ["timeout while waiting for it"]


def test_what_has_vanished_cannot_be_changed(plugin: Spoken) -> None:
    id_, state, inputs = made(plugin, BUCKET)
    with plugin.cloud.open() as world:
        del world.objects[id_]
    with pytest.raises(Refused, match="the resource did not exist while updating"):
        plugin.update(BUCKET, id_, state, inputs | {"forceDestroy": True})


def test_each_version_of_a_secret_has_its_number(plugin: Spoken) -> None:
    made(plugin, SECRET)
    for number in ("1", "2"):
        assert made(plugin, VERSION)[1]["version"] == number
