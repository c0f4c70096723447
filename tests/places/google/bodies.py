"""What the gcp provider sends to Google for each resource: its inputs, under Google's names.

Only what is renamed or dropped on the way is told here; every other input goes as it is, so that
one which Google does not know is found.
"""

from collections.abc import Callable
from typing import Any

Inputs = dict[str, Any]
Body = tuple[str, str, Inputs]  # the API, the schema, and the body

NO_RESOURCE_OF_GOOGLE = ("dataflows:", "pulumi", "docker-build:")


def body(type_: str, inputs: Inputs) -> Body:
    return _BODIES[type_](dict(inputs))


def _named(api: str, schema: str, *dropped: str) -> Callable[[Inputs], Body]:
    """As it is, less what stands in the URL or means something to the provider alone."""
    return lambda told: (api, schema, {k: v for k, v in told.items() if k not in dropped})


def _grant(api: str, *dropped: str) -> Callable[[Inputs], Body]:
    def build(told: Inputs) -> Body:
        return api, "Binding", _less(told, "member", *dropped) | {"members": [told["member"]]}

    return build


def _less(told: Inputs, *names: str) -> Inputs:
    return {k: v for k, v in told.items() if k not in names}


def _account(told: Inputs) -> Body:
    inner = {"serviceAccount": _less(told, "accountId"), "accountId": told["accountId"]}
    return "iam.v1", "CreateServiceAccountRequest", inner


def _role(told: Inputs) -> Body:
    role = _less(told, "roleId", "permissions") | {"includedPermissions": told["permissions"]}
    return "iam.v1", "CreateRoleRequest", {"roleId": told["roleId"], "role": role}


def _repository(told: Inputs) -> Body:
    policies = {p["id"]: p for p in told.pop("cleanupPolicies")}
    told |= {"cleanupPolicies": policies}
    return "artifactregistry.v1", "Repository", _less(told, "repositoryId", "location")


def _secret(told: Inputs) -> Body:
    replication = {"automatic": told["replication"]["auto"]}
    return "secretmanager.v1", "Secret", _less(told, "secretId") | {"replication": replication}


def _secret_version(told: Inputs) -> Body:
    payload = _less(told, "secret", "secretData") | {"data": told["secretData"]}
    return "secretmanager.v1", "AddSecretVersionRequest", {"payload": payload}


def _network(told: Inputs) -> Body:
    routing = {"routingConfig": {"routingMode": told["routingMode"]}}
    return "compute.v1", "Network", _less(told, "routingMode") | routing


def _nat(told: Inputs) -> Body:
    subnetworks = [
        _less(s, "sourceIpRangesToNats") | {"sourceIpRangesToNat": s["sourceIpRangesToNats"]}
        for s in told["subnetworks"]
    ]
    nat = _less(told, "router", "region") | {"subnetworks": subnetworks}
    return "compute.v1", "RouterNat", nat


def _firewall(told: Inputs) -> Body:
    allowed = [_less(a, "protocol") | {"IPProtocol": a["protocol"]} for a in told["allows"]]
    return "compute.v1", "Firewall", _less(told, "allows") | {"allowed": allowed}


def _machine(told: Inputs) -> Inputs:
    """What an instance and an instance template share."""
    metadata = {"items": [{"key": k, "value": v} for k, v in told["metadata"].items()]}
    accounts = [told["serviceAccount"]]
    rest = _less(told, "metadata", "serviceAccount")
    return rest | {"metadata": metadata, "serviceAccounts": accounts}


def _instance(told: Inputs) -> Body:
    disk = told.pop("bootDisk")
    first = _less(disk["initializeParams"], "image", "size", "type") | {
        "sourceImage": disk["initializeParams"]["image"],
        "diskSizeGb": disk["initializeParams"]["size"],
        "diskType": disk["initializeParams"]["type"],
    }
    disks = [disk | {"initializeParams": first, "boot": True}]
    told = _less(told, "allowStoppingForUpdate") | {"disks": disks}
    return "compute.v1", "Instance", _machine(told)


def _template(told: Inputs) -> Body:
    names = ("sourceImage", "diskSizeGb", "diskType")
    disks = [
        _less(d, *names) | {"initializeParams": {n: d[n] for n in names if n in d}}
        for d in told["disks"]
    ]
    properties = _machine(_less(told, "region") | {"disks": disks})
    return "compute.v1", "InstanceTemplate", {"region": told["region"], "properties": properties}


def _group(told: Inputs) -> Body:
    policy = dict(told.pop("updatePolicy"))
    for name in ("maxSurge", "maxUnavailable"):
        policy[name] = {"fixed": policy.pop(f"{name}Fixed")}
    distribution = {
        "zones": [{"zone": zone} for zone in told.pop("distributionPolicyZones")],
        "targetShape": told.pop("distributionPolicyTargetShape"),
    }
    healing = [told.pop("autoHealingPolicies")]
    group = _less(told, "waitForInstances", "waitForInstancesStatus") | {
        "updatePolicy": policy,
        "distributionPolicy": distribution,
        "autoHealingPolicies": healing,
    }
    return "compute.v1", "InstanceGroupManager", group


def _bucket(told: Inputs) -> Body:
    config = {
        "uniformBucketLevelAccess": {"enabled": told["uniformBucketLevelAccess"]},
        "publicAccessPrevention": told["publicAccessPrevention"],
    }
    names = ("uniformBucketLevelAccess", "publicAccessPrevention", "lifecycleRules", "forceDestroy")
    rules = {"rule": told["lifecycleRules"]}
    sent = _less(told, *names) | {"iamConfiguration": config, "lifecycle": rules}
    return "storage.v1", "Bucket", sent


def _bucket_grant(told: Inputs) -> Body:
    binding = _less(told, "bucket", "member") | {"members": [told["member"]]}
    return "storage.v1", "Policy", {"bindings": [binding]}


def _dataset(told: Inputs) -> Body:
    reference = {"datasetReference": {"datasetId": told["datasetId"]}}
    return (
        "bigquery.v2",
        "Dataset",
        (_less(told, "datasetId", "deleteContentsOnDestroy") | reference),
    )


def _dataset_grant(told: Inputs) -> Body:
    access = _less(told, "datasetId", "member") | {"iamMember": told["member"]}
    return "bigquery.v2", "Dataset", {"access": [access]}


_SERVICE = ("serviceusage.v1", "GoogleApiServiceusageV1Service")
_BODIES: dict[str, Callable[[Inputs], Body]] = {
    "gcp:artifactregistry/repository:Repository": _repository,
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": _grant(
        "artifactregistry.v1", "repository", "location"
    ),
    "gcp:bigquery/dataset:Dataset": _dataset,
    "gcp:bigquery/datasetIamMember:DatasetIamMember": _dataset_grant,
    "gcp:compute/firewall:Firewall": _firewall,
    "gcp:compute/healthCheck:HealthCheck": _named("compute.v1", "HealthCheck"),
    "gcp:compute/instance:Instance": _instance,
    "gcp:compute/network:Network": _network,
    "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager": _group,
    "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate": _template,
    "gcp:compute/router:Router": _named("compute.v1", "Router"),
    "gcp:compute/routerNat:RouterNat": _nat,
    "gcp:compute/subnetwork:Subnetwork": _named("compute.v1", "Subnetwork"),
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": _named(
        "iam.v1", "WorkloadIdentityPool", "workloadIdentityPoolId"
    ),
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": _named(
        "iam.v1",
        "WorkloadIdentityPoolProvider",
        "workloadIdentityPoolId",
        "workloadIdentityPoolProviderId",
    ),
    "gcp:projects/iAMCustomRole:IAMCustomRole": _role,
    "gcp:projects/iAMMember:IAMMember": _grant("cloudresourcemanager.v1", "project"),
    "gcp:projects/service:Service": lambda told: (
        *_SERVICE,
        _less(told, "service", "disableOnDestroy") | {"name": told["service"]},
    ),
    "gcp:secretmanager/secret:Secret": _secret,
    "gcp:secretmanager/secretIamMember:SecretIamMember": _grant("secretmanager.v1", "secretId"),
    "gcp:secretmanager/secretVersion:SecretVersion": _secret_version,
    "gcp:serviceaccount/account:Account": _account,
    "gcp:serviceaccount/iAMMember:IAMMember": _grant("iam.v1", "serviceAccountId"),
    "gcp:storage/bucket:Bucket": _bucket,
    "gcp:storage/bucketIAMMember:BucketIAMMember": _bucket_grant,
}

TRANSLATED = frozenset(_BODIES)
