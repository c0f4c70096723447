"""What the stand-in Google makes of the resources that the program declared."""

import pytest

from tests.cloud.cloud import World
from tests.cloud.values import secret
from tests.story.conftest import (
    ACCESSOR,
    AGENT,
    AS_RUNNER,
    KEY,
    MAKES_JOBS,
    PERMISSIONS,
    PROJECT,
    PULLS,
    READS_KEY,
    REGION,
    ROLE,
    RUNNER,
)
from tests.story.google.declared import take_over
from tests.story.google.grants import Grants

AGENT_MEMBER, RUNNER_MEMBER = f"serviceAccount:{AGENT}", f"serviceAccount:{RUNNER}"


def grant(kind, role, member, **outputs):
    return f"gcp:{kind}", {"role": role, "member": member, **outputs}


ACCOUNT = "gcp:serviceaccount/account:Account"
VERSION = "gcp:secretmanager/secretVersion:SecretVersion"
OBJECTS = [
    (ACCOUNT, {"email": AGENT}),
    (ACCOUNT, {"email": RUNNER}),
    ("gcp:projects/iAMCustomRole:IAMCustomRole", {"name": ROLE, "permissions": [*PERMISSIONS]}),
    grant("projects/iAMMember:IAMMember", ROLE, AGENT_MEMBER, project=PROJECT),
    grant(
        "serviceaccount/iAMMember:IAMMember",
        AS_RUNNER[1],
        AGENT_MEMBER,
        serviceAccountId=AS_RUNNER[0],
    ),
    grant(
        "artifactregistry/repositoryIamMember:RepositoryIamMember",
        PULLS[1],
        AGENT_MEMBER,
        project=PROJECT,
        location=REGION,
        repository="df-dev",
    ),
    grant(
        "secretmanager/secretIamMember:SecretIamMember",
        ACCESSOR,
        RUNNER_MEMBER,
        project=PROJECT,
        secretId="df-dev-prefect-api-key",
    ),
    grant(
        "storage/bucketIAMMember:BucketIAMMember",
        "roles/storage.objectUser",
        RUNNER_MEMBER,
        bucket="acme-data-df-dev-landing",
    ),
    grant(
        "bigquery/datasetIamMember:DatasetIamMember",
        "roles/bigquery.dataEditor",
        RUNNER_MEMBER,
        project=PROJECT,
        datasetId="warehouse",
    ),
    (VERSION, {"secret": KEY, "version": "1", "secretData": secret("pnu_first")}),
]


def world(*objects):
    return World({str(n): {"type": t, "outputs": o} for n, (t, o) in enumerate(objects)})


def take(google, *objects):
    take_over(world(*objects), PROJECT, google.grants, google.identities, google.secrets)


def test_what_was_declared_is_what_is_granted(google):
    take(google, *OBJECTS)
    expected = [
        MAKES_JOBS,
        AS_RUNNER,
        PULLS,
        READS_KEY,
        (
            f"projects/{PROJECT}/buckets/acme-data-df-dev-landing",
            "roles/storage.objectUser",
            RUNNER_MEMBER,
        ),
        (f"projects/{PROJECT}/datasets/warehouse", "roles/bigquery.dataEditor", RUNNER_MEMBER),
    ]
    assert google.grants.all == Grants(expected, {ROLE: PERMISSIONS}).all
    assert google.identities.emails == {AGENT, RUNNER}
    assert google.secrets.access(RUNNER_MEMBER, f"{KEY}/versions/1")[1] == b"pnu_first"


def test_what_is_declared_no_longer_is_not_granted(google):
    take(google, *OBJECTS)
    take(google, *OBJECTS[:3])
    assert not google.grants.all
    take(google)
    assert not google.identities.emails


def test_another_version_of_a_secret_is_beside_the_first_until_that_goes(google):
    second = (VERSION, {"secret": KEY, "version": "2", "secretData": secret("pnu_second")})
    take(google, *OBJECTS, second)
    assert google.secrets.versions[KEY] == [b"pnu_first", b"pnu_second"]
    take(google, *OBJECTS[:-1], second)
    assert google.secrets.versions[KEY] == [None, b"pnu_second"]


def test_a_grant_on_something_unknown_is_not_passed_over(google):
    with pytest.raises(ValueError, match="on what a gcp:pubsub/topicIAMMember:TopicIAMMember"):
        take(google, grant("pubsub/topicIAMMember:TopicIAMMember", "roles/x", AGENT_MEMBER))
