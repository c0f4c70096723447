"""What Cloud Run refuses, the stand-in refuses: Google's own client hears it."""

import httpx
import pytest
from googleapiclient.errors import HttpError

from stacks.config.cloud_run import cpu_problem, memory_problem, pair_problem
from tests.story.conftest import (
    AGENT,
    AS_RUNNER,
    IMAGE,
    KEY,
    MAKES_JOBS,
    PARENT,
    PULLS,
    READS_KEY,
    RUNNER,
    STRANGER,
    job,
)
from tests.story.google.answers import Refused
from tests.story.google.cloud_run import rules

NAME = f"{PARENT}/jobs/df-dev-hello"
SECRET = {"secret": "df-dev-prefect-api-key", "version": "1"}


def variable(name, **told):
    return {"container": {"env": [{"name": name, **told}]}}


def limits(**told):
    return {"container": {"resources": {"limits": told}}}


def refused(request):
    with pytest.raises(HttpError) as error:
        request.execute()
    return error.value


def create(google, body=None, name="df-dev-hello", email=AGENT):
    return google.jobs(email).create(parent=PARENT, jobId=name, body=body or job())


def ready(google, eventually):
    """A job whose readiness is known, either way."""
    create(google).execute()
    jobs = google.jobs()
    return eventually(
        lambda: (
            (told := jobs.get(name=NAME).execute()["terminalCondition"])["state"]
            != "CONDITION_RECONCILING"
            and told
        )
    )


@pytest.mark.parametrize(
    "name",
    ["2026-01-01-run", "df_dev", "Df", "df-", "-df", "d" * 64, "", "df dev", "df.dev", "dfé"],
)
def test_a_job_of_another_name_is_refused(google, name):
    error = refused(create(google, name=name))
    assert error.status_code == 400
    assert "must begin with letter, and cannot end with hyphen" in error.reason
    assert not google.cloud_run.jobs


@pytest.mark.parametrize("name", ["d", "d" * 63, "d-1", "d1"])
def test_a_job_of_such_a_name_is_taken(google, name):
    create(google, name=name).execute()


def test_a_name_that_is_taken_is_refused(google):
    create(google).execute()
    assert refused(create(google)).status_code == 409


WRONG = {
    "an unknown field": ({"vpcAccess": {"egres": "ALL_TRAFFIC"}}, "vpcAccess.egres is unknown"),
    "an unknown value": ({"executionEnvironment": "GEN2"}, "'GEN2' is none of"),
    "a wrong type": ({"maxRetries": "none"}, "'none' is no int32"),
    "a duration in words": ({"timeout": "1 hour"}, "'1 hour' is no google-duration"),
    "no time at all": ({"timeout": "0s"}, "timeout: must be between 1 second and 168 hours"),
    "more than a week": ({"timeout": "604801s"}, "and 168 hours"),
    "many retries": ({"maxRetries": 11}, "max_retries: must be between 0 and 10"),
    "nobody's account": ({"serviceAccount": "runner"}, "'runner' is no email"),
    "no container": ({"containers": []}, "must have at least one container"),
    "no image": ({"container": {"image": ""}}, "image: must be non-empty"),
    "half a network": ({"vpcAccess": {"egress": "ALL_TRAFFIC"}}, "a connector or a network inte"),
    "a fraction of a CPU": (limits(cpu="500m"), "Invalid value specified for cpu: '500m'"),
    "three CPUs": (limits(cpu="3000m"), "Invalid value specified for cpu"),
    "CPUs in words": (limits(cpu="two"), "Invalid value specified for cpu"),
    "little memory": (limits(cpu="1", memory="256Mi"), "for memory: '256Mi' with 1 CPU"),
    "little memory for its CPUs": (limits(cpu="4", memory="1Gi"), "for memory: '1Gi' with 4 CPU"),
    "much memory for its CPUs": (limits(cpu="1", memory="8Gi"), "for memory: '8Gi' with 1 CPU"),
    "memory in words": (limits(memory="2gb"), "for memory: '2gb'"),
    "a variable without a name": (variable("", value="1"), "is no name of an environment"),
    "a variable of a wrong name": (variable("A=B", value="1"), "is no name of an environment"),
    "a variable of its own": (variable("CLOUD_RUN_JOB", value="1"), "reserved env names"),
    "a long value": (variable("A", value="x" * 32_769), "at most 32768 bytes"),
    "a value and a source": (
        variable("A", value="1", valueSource={"secretKeyRef": SECRET}),
        "either a value or a source",
    ),
    "no secret": (
        variable("A", valueSource={"secretKeyRef": {"version": "1"}}),
        "secret_key_ref.secret: must be non-empty",
    ),
    "no version": (
        variable("A", valueSource={"secretKeyRef": {"secret": "key"}}),
        "secret_key_ref.version: must be non-empty",
    ),
    "a path for a secret": (
        variable("A", valueSource={"secretKeyRef": SECRET | {"secret": "a/b"}}),
        "is no name of a secret",
    ),
}


@pytest.mark.parametrize(("changes", "complaint"), WRONG.values(), ids=WRONG.keys())
def test_a_job_that_says_it_wrong_is_refused(google, changes, complaint):
    error = refused(create(google, job(**changes)))
    assert error.status_code == 400
    assert complaint in error.reason
    assert not google.cloud_run.jobs


def test_a_variable_that_is_there_twice_is_refused(google):
    twice = [{"name": "PREFECT_API_KEY", "value": ""}, *job_env()]
    error = refused(create(google, job(container={"env": twice})))
    assert (error.status_code, "duplicate names: PREFECT_API_KEY" in error.reason) == (400, True)


def job_env():
    return job()["template"]["template"]["containers"][0]["env"]


@pytest.mark.parametrize(
    "labels",
    [
        {"Stack": "dev"},
        {"stack": "Dev"},
        {"1": "dev"},
        {"run.googleapis.com/x": "y"},
        {"stack": "d" * 64},
        {f"l{n}": "" for n in range(65)},
    ],
)
def test_labels_that_are_none_are_refused(google, labels):
    body = job()
    body["template"]["labels"] = labels
    assert refused(create(google, body)).status_code == 400


UNKNOWN_TO_IT = [
    {"template": {"taskCount": 2}},
    {"template": {"parallelism": 1}},
    {"runExecutionToken": "x"},
    {"template": {"template": {"volumes": [{"name": "v"}]}}},
    {"template": {"template": {"containers": [{"image": IMAGE}, {"image": IMAGE}]}}},
    {"template": {"template": {"containers": [{"image": IMAGE, "ports": []}]}}},
    {
        "template": {
            "template": {"containers": [{"resources": {"limits": {"gpu": "1"}}, "image": IMAGE}]}
        }
    },
]


@pytest.mark.parametrize("body", UNKNOWN_TO_IT)
def test_what_google_would_take_and_the_stand_in_does_not_know_is_not_passed_over(body):
    full = job()
    task = body.get("template", {}).pop("template", {})
    full["template"]["template"] |= task
    full["template"] |= body.pop("template", {})
    with pytest.raises(Refused) as error:
        rules.creation("df", full | body)
    assert error.value.code == 501


def test_the_program_takes_the_cpus_and_the_memory_that_cloud_run_takes():
    """Each by its own table: stacks/config/cloud_run.py does not check itself here."""
    for cpu in ("500m", "1", "1000m", "2", "3", "4000m", "5000m", "6", "8", "16", "08"):
        for memory in (
            "256Mi",
            "512Mi",
            "512M",
            "600M",
            "1Gi",
            "2Gi",
            "4Gi",
            "5G",
            "5Gi",
            "32Gi",
            "33Gi",
        ):
            ours = cpu_problem(cpu) or memory_problem(memory) or pair_problem(cpu, memory)
            try:
                rules.creation("df", job(**limits(cpu=cpu, memory=memory)))
                theirs = None
            except Refused as error:
                theirs = error
            assert bool(ours) == bool(theirs), (cpu, memory, ours, theirs)


def test_a_region_holds_a_thousand_jobs(google):
    for number in range(rules.JOBS):
        google.cloud_run.jobs[f"{PARENT}/jobs/leaked-{number}"] = None
    assert refused(create(google)).status_code == 429
    google.cloud_run.jobs.popitem()
    create(google).execute()
    google.cloud_run.jobs.clear()


@pytest.mark.parametrize(
    ("grant", "complaint"),
    [
        (MAKES_JOBS, "Permission 'run.jobs.create' denied on resource"),
        (AS_RUNNER, "Permission 'iam.serviceaccounts.actAs' denied on service account"),
        (PULLS, "'artifactregistry.repositories.downloadArtifacts' denied"),
    ],
)
def test_who_lacks_a_grant_makes_no_job(google, grant, complaint):
    google.grants.take(*grant)
    error = refused(create(google))
    assert error.status_code == 403
    assert complaint in error.reason
    assert not google.cloud_run.jobs


def test_nobody_acts_as_an_account_that_is_not_there(google):
    google.identities.emails.remove(RUNNER)
    assert refused(create(google)).status_code == 403


CALLS = {
    "run.jobs.get": lambda jobs: jobs.get(name=NAME),
    "run.jobs.run": lambda jobs: jobs.run(name=NAME),
    "run.jobs.delete": lambda jobs: jobs.delete(name=NAME),
    "run.jobs.list": lambda jobs: jobs.list(parent=PARENT),
    "run.executions.list": lambda jobs: jobs.executions().list(parent=NAME),
    "run.executions.get": lambda jobs: jobs.executions().get(name=f"{NAME}/executions/x"),
    "run.executions.delete": lambda jobs: jobs.executions().delete(name=f"{NAME}/executions/x"),
    "run.executions.cancel": lambda jobs: jobs.executions().cancel(name=f"{NAME}/executions/x"),
}


@pytest.mark.parametrize("permission", CALLS)
def test_each_call_takes_the_permission_of_its_own(google, permission):
    """Whether or not there is such a thing; who may, hears that there is none."""
    call, jobs = CALLS[permission], google.jobs(STRANGER)
    error = refused(call(jobs))
    assert error.status_code == 403
    assert f"Permission '{permission}' denied on resource '{PARENT}" in error.reason
    google.grants.give("projects/acme-data", (permission,), f"serviceAccount:{STRANGER}")
    if permission == "run.jobs.list":
        assert call(jobs).execute() == {}
    else:
        error = refused(call(jobs))
        assert error.status_code == 404
        assert error.reason.endswith("in project 'acme-data' does not exist.")


def test_another_project_is_closed(google):
    elsewhere = PARENT.replace("acme-data", "acme-other")
    request = google.jobs().create(parent=elsewhere, jobId="df", body=job())
    assert refused(request).status_code == 403


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer ya29.of-nobody"}])
def test_who_has_no_token_is_nobody(google, headers):
    answer = httpx.get(f"{google.root}/v2/{NAME}", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"


def asked(google, verb, path, **told):
    """Past the client, which would not send it."""
    headers = {"Authorization": f"Bearer {google.identities.token(AGENT).value}"}
    answer = httpx.request(verb, f"{google.root}/v2/{path}", headers=headers, **told)
    return answer.status_code


def test_what_google_would_not_understand_is_refused(google):
    create(google).execute()
    assert asked(google, "GET", NAME, params={"alt": "json"}) == 200
    assert asked(google, "GET", NAME, params={"view": "FULL"}) == 400
    assert asked(google, "GET", f"{PARENT}/job") == 404
    assert asked(google, "PUT", NAME) == 404
    assert asked(google, "POST", f"{PARENT}/jobs", content=b"{") == 400
    assert asked(google, "POST", f"{NAME}:run", json={"override": {}}) == 400
    assert asked(google, "DELETE", NAME, json={"x": 1}) == 400


def test_what_google_knows_and_the_stand_in_does_not_is_not_passed_over(google):
    google.grants.give("projects/acme-data", ("run.jobs.update",), f"serviceAccount:{AGENT}")
    create(google).execute()
    assert asked(google, "POST", f"{NAME}:run", json={"overrides": {}}) == 501
    assert asked(google, "DELETE", NAME, params={"etag": "x"}) == 501


def test_a_job_whose_image_is_not_there_is_never_ready_and_does_not_run(google, eventually):
    google.executor.absent = {IMAGE}
    condition = ready(google, eventually)
    assert condition["state"] == "CONDITION_FAILED"
    assert condition["reason"] == "CONTAINER_MISSING"
    assert condition["message"] == f"Image '{IMAGE}' not found."
    assert refused(google.jobs().run(name=NAME)).status_code == 400


def test_a_job_whose_account_may_not_read_its_secret_is_never_ready(google, eventually):
    google.grants.take(*READS_KEY)
    condition = ready(google, eventually)
    assert condition["state"] == "CONDITION_FAILED"
    assert condition["reason"] == "SECRETS_ACCESS_CHECK_FAILED"
    assert f"Permission denied on secret: {KEY}/versions/1" in condition["message"]


def test_a_job_whose_secret_is_not_there_is_never_ready_and_its_operation_says_so(
    google, eventually
):
    google.secrets.versions.clear()
    condition = ready(google, eventually)
    assert condition["state"] == "CONDITION_FAILED"
    assert (
        f"env[1].value_from.secret_key_ref.key: Secret {KEY}/versions/1 was"
        in (condition["message"])
    )
    [operation] = google.cloud_run.kept.operations.values()
    error = operation.resource()["error"]
    assert error == {"code": 13, "message": condition["message"]}


def test_an_execution_whose_secret_is_disabled_fails_before_its_container(google, eventually):
    ready(google, eventually)
    google.secrets.disabled.add(f"{KEY}/versions/1")
    name = google.jobs().run(name=NAME).execute()["metadata"]["name"]
    told = google.jobs().executions().get(name=name).execute()
    [completed] = told["conditions"]
    assert completed["state"] == "CONDITION_FAILED"
    assert "is in DISABLED state" in completed["message"]
    assert "startTime" not in told
    assert not google.executor.started


def test_an_executor_that_breaks_is_heard_of(google, eventually):
    ready(google, eventually)
    google.executor.broken = "no engine"
    name = google.jobs().run(name=NAME).execute()["metadata"]["name"]
    execution = eventually(lambda: google.cloud_run.jobs[NAME].executions[name.rpartition("/")[2]])
    assert execution.over.wait(10)
    assert "the stand-in could not run the task" in execution.message


def test_no_more_than_a_thousand_executions_run_at_once(google, eventually, monkeypatch):
    monkeypatch.setattr(rules, "RUNNING", 1)
    ready(google, eventually)
    google.jobs().run(name=NAME).execute()
    assert refused(google.jobs().run(name=NAME)).status_code == 429


@pytest.mark.parametrize("code", [429, 500, 503])
def test_it_answers_what_it_was_told_to_before_the_truth(google, code):
    google.cloud_run.faults.give("jobs.create", code, code)
    for _ in range(2):
        assert refused(create(google)).status_code == code
        assert not google.cloud_run.jobs
    create(google).execute()
    assert not google.cloud_run.faults.left


def test_it_can_do_what_was_asked_and_say_that_it_did_not(google):
    google.cloud_run.faults.give("jobs.create", 503, after=True)
    assert refused(create(google)).status_code == 503
    assert NAME in google.cloud_run.jobs


def test_it_can_break_a_connection(google):
    """Google's client asks again by itself, once."""
    create(google).execute()
    google.cloud_run.faults.give("jobs.get", 0)
    google.jobs().get(name=NAME).execute()
    google.cloud_run.faults.give("jobs.get", 0, 0)
    with pytest.raises(ConnectionError):
        google.jobs().get(name=NAME).execute()
