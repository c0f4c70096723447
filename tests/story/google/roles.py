"""What a role permits, of the roles that the program grants; no other is known here.

The permissions are those of Google's own list as of November 2026 (as kept in GitHub's
iann0036/iam-dataset, gcp/roles/), without those of services that nothing here stands in for. Of the
wide roles of whoever deploys, the pattern stands for the list; those lines were not compared.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

_PROJECT = ("resourcemanager.projects.get", "resourcemanager.projects.list")

PREDEFINED: Mapping[str, Sequence[str]] = {
    # The agent.
    "roles/logging.logWriter": ("logging.logEntries.create",),
    "roles/iam.serviceAccountUser": (
        *_PROJECT,
        "iam.serviceAccounts.actAs",
        "iam.serviceAccounts.get",
        "iam.serviceAccounts.list",
    ),
    "roles/artifactregistry.reader": (
        "artifactregistry.*.get",
        "artifactregistry.*.list",
        "artifactregistry.repositories.downloadArtifacts",
        "artifactregistry.repositories.listEffectiveTags",
        "artifactregistry.repositories.listTagBindings",
        "artifactregistry.repositories.readViaVirtualRepository",
    ),
    "roles/secretmanager.secretAccessor": (*_PROJECT, "secretmanager.versions.access"),
    # The runner.
    "roles/storage.objectUser": (
        *_PROJECT,
        "orgpolicy.policy.get",
        "storage.folders.*",
        "storage.managedFolders.create",
        "storage.managedFolders.delete",
        "storage.managedFolders.get",
        "storage.managedFolders.list",
        "storage.multipartUploads.*",
        "storage.objects.create",
        "storage.objects.delete",
        "storage.objects.get",
        "storage.objects.list",
        "storage.objects.move",
        "storage.objects.restore",
        "storage.objects.update",
    ),
    "roles/storage.legacyBucketReader": (
        "storage.buckets.get",
        "storage.multipartUploads.list",
        "storage.objects.list",
    ),
    "roles/bigquery.dataEditor": (
        *_PROJECT,
        "bigquery.config.get",
        "bigquery.datasets.create",
        "bigquery.datasets.get",
        "bigquery.datasets.getIamPolicy",
        "bigquery.datasets.updateTag",
        "bigquery.models.*",
        "bigquery.routines.*",
        "bigquery.tables.create",
        "bigquery.tables.createIndex",
        "bigquery.tables.createSnapshot",
        "bigquery.tables.delete",
        "bigquery.tables.deleteIndex",
        "bigquery.tables.export",
        "bigquery.tables.get",
        "bigquery.tables.getData",
        "bigquery.tables.getIamPolicy",
        "bigquery.tables.list",
        "bigquery.tables.replicateData",
        "bigquery.tables.restoreSnapshot",
        "bigquery.tables.update",
        "bigquery.tables.updateData",
        "bigquery.tables.updateIndex",
        "bigquery.tables.updateTag",
    ),
    "roles/bigquery.jobUser": (*_PROJECT, "bigquery.jobs.create"),
    # GitHub's workflows.
    "roles/iam.workloadIdentityUser": (
        "iam.serviceAccounts.get",
        "iam.serviceAccounts.getAccessToken",
        "iam.serviceAccounts.getOpenIdToken",
        "iam.serviceAccounts.list",
    ),
    "roles/artifactregistry.admin": ("artifactregistry.*",),
    "roles/bigquery.admin": (*_PROJECT, "bigquery.*"),
    "roles/compute.admin": (*_PROJECT, "compute.*"),
    "roles/iam.roleAdmin": (*_PROJECT, "iam.roles.*"),
    "roles/iam.serviceAccountAdmin": (
        *_PROJECT,
        "iam.serviceAccounts.create",
        "iam.serviceAccounts.delete",
        "iam.serviceAccounts.get",
        "iam.serviceAccounts.getIamPolicy",
        "iam.serviceAccounts.list",
        "iam.serviceAccounts.setIamPolicy",
        "iam.serviceAccounts.undelete",
        "iam.serviceAccounts.update",
    ),
    "roles/iam.workloadIdentityPoolAdmin": (*_PROJECT, "iam.workloadIdentityPool*"),
    "roles/resourcemanager.projectIamAdmin": (
        *_PROJECT,
        "resourcemanager.projects.getIamPolicy",
        "resourcemanager.projects.setIamPolicy",
    ),
    "roles/secretmanager.admin": (*_PROJECT, "secretmanager.*"),
    "roles/serviceusage.serviceUsageAdmin": ("serviceusage.*",),
    "roles/storage.admin": (*_PROJECT, "storage.*"),
    "roles/run.viewer": (
        *_PROJECT,
        "run.executions.get",
        "run.executions.list",
        "run.jobs.get",
        "run.jobs.getIamPolicy",
        "run.jobs.list",
        "run.operations.get",
        "run.operations.list",
        "run.tasks.get",
        "run.tasks.list",
    ),
    "roles/bigquery.metadataViewer": (
        *_PROJECT,
        "bigquery.datasets.get",
        "bigquery.datasets.getIamPolicy",
        "bigquery.tables.get",
        "bigquery.tables.getIamPolicy",
        "bigquery.tables.list",
    ),
    "roles/compute.viewer": (
        *_PROJECT,
        "compute.*.get",
        "compute.*.getIamPolicy",
        "compute.*.list",
    ),
    "roles/iam.securityReviewer": ("*.getIamPolicy", "*.list"),
    "roles/iam.workloadIdentityPoolViewer": (
        "iam.workloadIdentityPool*.get",
        "iam.workloadIdentityPool*.list",
    ),
    "roles/secretmanager.viewer": (
        *_PROJECT,
        "secretmanager.secrets.get",
        "secretmanager.secrets.getIamPolicy",
        "secretmanager.secrets.list",
        "secretmanager.versions.get",
        "secretmanager.versions.list",
    ),
    "roles/serviceusage.serviceUsageViewer": (
        *_PROJECT,
        "serviceusage.services.get",
        "serviceusage.services.list",
    ),
    "roles/storage.bucketViewer": ("storage.buckets.get", "storage.buckets.list"),
}

# Of the permissions that the stand-ins ask for, what there is of Cloud Run's jobs: a custom role
# with another is refused, as "is not valid". From roles/run.developer.
_RUN = {
    "executions": "cancel delete get list",
    "jobs": "create delete get getIamPolicy list run runWithOverrides setIamPolicy update",
    "operations": "delete get list",
    "tasks": "get list",
}
RUN = frozenset(f"run.{of}.{verb}" for of, verbs in _RUN.items() for verb in verbs.split())

# Google takes these on one kind of resource only.
ONLY_ON = {"roles/bigquery.jobUser": "projects", "roles/storage.legacyBucketReader": "buckets"}


def permits(permissions: Sequence[str], permission: str) -> bool:
    return any(fnmatchcase(permission, each) for each in permissions)
