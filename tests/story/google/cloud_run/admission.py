"""Who may make a job: that takes more than the permission to make jobs."""

import re

from tests.story.google.answers import Refused, denied
from tests.story.google.cloud_run.job import Job
from tests.story.google.grants import Grants
from tests.story.google.identities import Identities

_ACT_AS = "iam.serviceAccounts.actAs"
_PULL = "artifactregistry.repositories.downloadArtifacts"
_IMAGE = re.compile(r"([a-z0-9-]+)-docker\.pkg\.dev/([^/]+)/([^/]+)/.+")


def admit(job: Job, member: str, grants: Grants, identities: Identities) -> None:
    """Its maker has to be let to act as its account, in whose name it can do anything; and to read
    its image, as https://cloud.google.com/run/docs/deploying says. The words of the first are
    those of hashicorp/terraform-provider-google's users; those of the second are unverified.
    """
    account = job.template["serviceAccount"]
    where = f"projects/{job.project}/serviceAccounts/{account}"
    if account not in identities.emails or not grants.may(member, _ACT_AS, where):
        raise Refused(
            403,
            f"Permission 'iam.serviceaccounts.actAs' denied on service account {account} (or it"
            " may not exist).",
        )
    if found := _IMAGE.fullmatch(job.template["containers"][0]["image"]):
        location, project, name = found.groups()
        repository = f"projects/{project}/locations/{location}/repositories/{name}"
        if not grants.may(member, _PULL, repository):
            raise denied(_PULL, repository)
