"""The kinds of Google's resources that our stacks have: one table of what is particular to each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

LINK = "https://www.googleapis.com/compute/v1/"
NUMBER = "123456789012"  # of the project
ALL = "*"


@dataclass(frozen=True)
class Autoname:
    """The field that gets a name where nobody gives one."""

    field: str = "name"
    most: int = 255
    lower: bool = False


@dataclass(frozen=True)
class Kind:
    """``id`` and ``outputs`` are filled in from the inputs; ``foreseen`` ones in a preview already.

    ``replaces``: what only another object has different, ``ALL`` for everything. ``patterns``: what
    the plugin itself refuses; ``values``: what only Google does. ``one_of``: of each of these,
    exactly one is told; ``apart``: these not together with those. ``shared``: who makes one that is
    there gets it. ``lasting``: its id is taken for a month after it has gone.
    """

    id: str
    outputs: Mapping[str, str] = field(default_factory=dict)
    foreseen: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()  # in spite of ``ALL``
    autoname: Autoname | None = None
    patterns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    one_of: tuple[tuple[str, ...], ...] = ()
    apart: tuple[tuple[str, str], ...] = ()
    any_case: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    api: str = ""  # that has to be enabled
    deletes_first: bool = False
    shared: bool = False
    lasting: bool = False


_GCE_NAME = "^(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)$"
_MEMBER = r"^(?!deleted:)[^:]+:.+|allUsers|allAuthenticatedUsers$"
_ACCOUNT_NAME = r"^projects/[^/]+/serviceAccounts/[^@/]+@[^/]+$"
_POOL_ID = "^(?!gcp-)[0-9a-z-]{4,32}$"


def _compute(
    place: str,
    collection: str,
    *replaces: str,
    lower: bool = False,
    checked: bool = True,
    patterns: Mapping[str, str] | None = None,
    **told: object,
) -> Kind:
    id_ = f"projects/{{project}}/{place}/{collection}/{{name}}"
    names = {"name": _GCE_NAME} if checked else {}
    return Kind(
        id_,
        {"selfLink": LINK + id_},
        replaces=("name", *replaces),
        autoname=Autoname(most=63 if lower else 255, lower=lower),
        patterns=names | dict(patterns or {}),
        api="compute",
        **told,  # type: ignore[arg-type]
    )


def _grant(parent: str, api: str, patterns: Mapping[str, str] | None = None, **told: bool) -> Kind:
    return Kind(
        f"{{{parent}}}/{{role}}/{{member}}",
        replaces=(ALL,),
        patterns={"member": _MEMBER, **(patterns or {})},
        any_case=("member",),
        api=api,
        shared=True,
        **told,  # type: ignore[arg-type]
    )


_REGION, _ZONE = "regions/{region}", "zones/{zone}"
_EMAIL = "{accountId}@{project}.iam.gserviceaccount.com"
_POOL = "locations/global/workloadIdentityPools/{workloadIdentityPoolId}"
_PROVIDER = f"{_POOL}/providers/{{workloadIdentityPoolProviderId}}"

KINDS: Mapping[str, Kind] = {
    "gcp:artifactregistry/repository:Repository": Kind(
        "projects/{project}/locations/{location}/repositories/{repositoryId}",
        {
            "name": "{repositoryId}",
            "registryUri": "{location}-docker.pkg.dev/{project}/{repositoryId}",
        },
        replaces=("repositoryId", "location", "format", "kmsKeyName", "mode"),
        any_case=("format",),
        api="artifactregistry",
    ),
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": _grant(
        "repository", "artifactregistry"
    ),
    "gcp:bigquery/dataset:Dataset": Kind(
        "projects/{project}/datasets/{datasetId}",
        replaces=("datasetId", "location"),
        patterns={"datasetId": "^[0-9A-Za-z_]{1,1024}$"},
        any_case=("location",),
        api="bigquery",
    ),
    "gcp:bigquery/datasetIamMember:DatasetIamMember": _grant("datasetId", "bigquery"),
    "gcp:compute/firewall:Firewall": _compute(
        "global",
        "firewalls",
        "direction",
        values={"direction": ("INGRESS", "EGRESS")},
        one_of=(("allows", "denies"),),
        apart=(
            ("sourceServiceAccounts", "sourceTags"),
            ("sourceServiceAccounts", "targetTags"),
            ("targetServiceAccounts", "sourceTags"),
            ("targetServiceAccounts", "targetTags"),
        ),
    ),
    "gcp:compute/healthCheck:HealthCheck": _compute(
        "global",
        "healthChecks",
        checked=False,
        one_of=(
            (
                "grpcHealthCheck",
                "grpcTlsHealthCheck",
                "http2HealthCheck",
                "httpHealthCheck",
                "httpsHealthCheck",
                "sslHealthCheck",
                "tcpHealthCheck",
            ),
        ),
    ),
    "gcp:compute/instance:Instance": _compute(
        _ZONE,
        "instances",
        "zone",
        "bootDisk.initializeParams.image",
        "bootDisk.initializeParams.type",
        "bootDisk.deviceName",
    ),
    "gcp:compute/network:Network": _compute(
        "global",
        "networks",
        "autoCreateSubnetworks",
        "description",
        lower=True,
        values={"routingMode": ("REGIONAL", "GLOBAL")},
    ),
    "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager": _compute(
        _REGION,
        "instanceGroupManagers",
        "baseInstanceName",
        "region",
        "distributionPolicyZones",
        "description",
        checked=False,
        values={"updatePolicy.type": ("PROACTIVE", "OPPORTUNISTIC")},
        apart=(
            ("updatePolicy.maxSurgeFixed", "updatePolicy.maxSurgePercent"),
            ("updatePolicy.maxUnavailableFixed", "updatePolicy.maxUnavailablePercent"),
        ),
    ),
    "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate": _compute(
        _REGION, "instanceTemplates", ALL, updates=("labels", "partnerMetadata")
    ),
    "gcp:compute/router:Router": _compute(_REGION, "routers", "region", "network", lower=True),
    "gcp:compute/routerNat:RouterNat": _compute(
        _REGION,
        "routers/{router}/nats",
        "router",
        "region",
        "type",
        "endpointTypes",
        lower=True,
        patterns={"name": "^[a-z][-a-z0-9]{0,61}[a-z0-9]$"},
        values={"logConfig.filter": ("ERRORS_ONLY", "TRANSLATIONS_ONLY", "ALL")},
    ),
    "gcp:compute/subnetwork:Subnetwork": _compute(
        _REGION, "subnetworks", "network", "region", "description", lower=True
    ),
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": Kind(
        f"projects/{{project}}/{_POOL}",
        {"name": f"projects/{NUMBER}/{_POOL}"},
        replaces=("workloadIdentityPoolId",),
        patterns={"workloadIdentityPoolId": _POOL_ID},
        api="iam",
        lasting=True,
    ),
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": Kind(
        f"projects/{{project}}/{_PROVIDER}",
        {"name": f"projects/{NUMBER}/{_PROVIDER}"},
        replaces=("workloadIdentityPoolId", "workloadIdentityPoolProviderId"),
        patterns={"workloadIdentityPoolProviderId": _POOL_ID},
        one_of=(("aws", "oidc", "saml", "x509"),),
        api="iam",
        lasting=True,
    ),
    "gcp:projects/iAMCustomRole:IAMCustomRole": Kind(
        "projects/{project}/roles/{roleId}",
        {"name": "projects/{project}/roles/{roleId}"},
        replaces=("roleId",),
        autoname=Autoname("roleId", 64),
        patterns={"roleId": r"^[a-zA-Z0-9_\.]{3,64}$"},
        api="iam",
    ),
    "gcp:projects/iAMMember:IAMMember": _grant(
        "project", "cloudresourcemanager", deletes_first=True
    ),
    "gcp:projects/service:Service": Kind(
        "{project}/{service}",
        replaces=("service",),
        patterns={"service": r"\."},
        shared=True,
    ),
    "gcp:secretmanager/secret:Secret": Kind(
        "projects/{project}/secrets/{secretId}",
        {"name": f"projects/{NUMBER}/secrets/{{secretId}}"},
        replaces=("secretId", "replication", "tags"),
        autoname=Autoname("secretId"),
        one_of=(("replication.auto", "replication.userManaged"),),
        api="secretmanager",
        deletes_first=True,
    ),
    "gcp:secretmanager/secretIamMember:SecretIamMember": _grant("secretId", "secretmanager"),
    "gcp:secretmanager/secretVersion:SecretVersion": Kind(
        "{secret}/versions/{version}",
        {"name": "{secret}/versions/{version}", "version": "{version}"},
        replaces=("secret", "secretData", "isSecretDataBase64"),
        one_of=(("secretData", "secretDataWo"),),
        secret=("secretData",),
        api="secretmanager",
    ),
    "gcp:serviceaccount/account:Account": Kind(
        f"projects/{{project}}/serviceAccounts/{_EMAIL}",
        {
            "name": f"projects/{{project}}/serviceAccounts/{_EMAIL}",
            "email": _EMAIL,
            "member": f"serviceAccount:{_EMAIL}",
        },
        foreseen=("email", "member"),
        replaces=("accountId",),
        autoname=Autoname("accountId", 30),
        patterns={"accountId": "^[a-z](?:[-a-z0-9]{4,28}[a-z0-9])$"},
        api="iam",
    ),
    "gcp:serviceaccount/iAMMember:IAMMember": _grant(
        "serviceAccountId", "iam", {"serviceAccountId": _ACCOUNT_NAME}
    ),
    "gcp:storage/bucket:Bucket": Kind(
        "{name}",
        {"url": "gs://{name}", "selfLink": "https://www.googleapis.com/storage/v1/b/{name}"},
        replaces=("name", "location"),
        autoname=Autoname(most=222),
        any_case=("location",),
        api="storage",
    ),
    "gcp:storage/bucketIAMMember:BucketIAMMember": _grant("bucket", "storage"),
}
