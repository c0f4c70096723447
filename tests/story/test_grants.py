"""Who may do what: grants are plain data, and one that says something unknown is refused."""

import pytest

from tests.story.conftest import ACCESSOR, AGENT, KEY, PERMISSIONS, PROJECT, ROLE, RUNNER
from tests.story.google.grants import Grants

ME, OTHER = f"serviceAccount:{AGENT}", f"serviceAccount:{RUNNER}"
ACCESS = "secretmanager.versions.access"


def test_who_was_granted_something_may_do_that_and_nothing_else():
    grants = Grants([(KEY, ACCESSOR, ME)])
    assert grants.may(ME, ACCESS, KEY)
    assert not grants.may(OTHER, ACCESS, KEY)
    assert not grants.may(ME, "secretmanager.versions.get", KEY)
    assert not grants.may(ME, ACCESS, f"{KEY}-2")
    assert not grants.may(ME, ACCESS, f"projects/{PROJECT}")


def test_what_is_granted_on_a_project_holds_for_what_is_in_it():
    grants = Grants([(f"projects/{PROJECT}", ACCESSOR, ME)])
    assert grants.may(ME, ACCESS, KEY)
    assert not grants.may(ME, ACCESS, f"projects/{PROJECT}-2/secrets/s")


def test_what_was_taken_is_granted_no_longer():
    grants = Grants([(KEY, ACCESSOR, ME), (KEY, ACCESSOR, ME)])
    grants.take(KEY, ACCESSOR, ME)
    assert not grants.may(ME, ACCESS, KEY)


def test_a_role_of_the_project_permits_what_it_lists():
    grants = Grants([(f"projects/{PROJECT}", ROLE, ME)], {ROLE: PERMISSIONS})
    job = f"projects/{PROJECT}/locations/europe-west1/jobs/df"
    assert grants.may(ME, "run.jobs.run", job)
    assert not grants.may(ME, "run.jobs.update", job)


def test_an_object_user_does_not_see_its_bucket_and_a_legacy_reader_does():
    bucket = f"projects/{PROJECT}/buckets/landing"
    grants = Grants([(bucket, "roles/storage.objectUser", ME)])
    assert grants.may(ME, "storage.objects.create", bucket)
    assert not grants.may(ME, "storage.buckets.get", bucket)
    grants.give(bucket, "roles/storage.legacyBucketReader", ME)
    assert grants.may(ME, "storage.buckets.get", bucket)


def test_who_edits_a_dataset_runs_no_jobs_in_its_project():
    dataset, project = f"projects/{PROJECT}/datasets/warehouse", f"projects/{PROJECT}"
    grants = Grants([(dataset, "roles/bigquery.dataEditor", ME)])
    assert grants.may(ME, "bigquery.tables.updateData", dataset)
    assert not grants.may(ME, "bigquery.jobs.create", project)
    assert not grants.may(ME, "bigquery.datasets.create", project)


def test_who_administers_accounts_acts_as_none_of_them():
    project = f"projects/{PROJECT}"
    grants = Grants([(project, "roles/iam.serviceAccountAdmin", ME)])
    account = f"{project}/serviceAccounts/{RUNNER}"
    assert grants.may(ME, "iam.serviceAccounts.delete", account)
    assert not grants.may(ME, "iam.serviceAccounts.actAs", account)


def test_a_grant_that_alone_permitted_something_is_known_to_be_used():
    project = f"projects/{PROJECT}"
    grants = Grants([(KEY, ACCESSOR, ME), (project, ACCESSOR, OTHER), (KEY, ACCESSOR, OTHER)])
    assert not grants.used
    grants.may(ME, ACCESS, KEY)
    grants.may(OTHER, ACCESS, KEY)  # by two, neither of which was needed
    assert grants.used == {grants.all[0]}


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ((KEY, "roles/owner", ME), "Role roles/owner is not known: say in tests/story/"),
        ((KEY, ROLE, ME), f"Role {ROLE} is not known: say in custom"),
        ((KEY, ACCESSOR, AGENT), "is no member"),
        ((KEY, ACCESSOR, "allUsers"), "is no member"),
        (("secrets/s", ACCESSOR, ME), "is no path of a resource in a project"),
        ((f"{KEY}/", ACCESSOR, ME), "is no path of a resource in a project"),
        ((KEY, ("run.jobs.execute",), ME), "Permission run.jobs.execute is not valid"),
        ((KEY, ("run.jobs.*",), ME), r"Permission run.jobs.\* is not valid"),
        ((KEY, "roles/bigquery.jobUser", ME), "is not supported for this resource"),
        ((f"projects/{PROJECT}", "roles/storage.legacyBucketReader", ME), "is not supported"),
    ],
)
def test_a_grant_of_something_unknown_is_refused(told, complaint):
    with pytest.raises(ValueError, match=complaint):
        Grants([told])


def test_a_role_of_the_project_with_an_unknown_permission_is_refused():
    with pytest.raises(ValueError, match=r"Permission run\.jobs\.start is not valid, in"):
        Grants(custom={ROLE: ("run.jobs.start",)})
