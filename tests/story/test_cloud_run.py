"""The stand-in for Cloud Run, asked by Google's own client: what it answers to the agent."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from googleapiclient.errors import HttpError

from tests.places.google.discovery import problems
from tests.story.conftest import AGENT, IMAGE, KEY, PARENT, RUNNER, job

NAME = f"{PARENT}/jobs/df-dev-hello"


@pytest.fixture
def jobs(google):
    return google.jobs()


@pytest.fixture
def made(google, jobs, eventually):
    """One that is ready."""
    jobs.create(parent=PARENT, jobId="df-dev-hello", body=job()).execute()
    eventually(lambda: ready(jobs)["state"] == "CONDITION_SUCCEEDED")
    return NAME


@pytest.fixture
def running(google, jobs, made, eventually):
    """The name of an execution whose container runs."""
    name = jobs.run(name=made).execute()["metadata"]["name"]
    eventually(lambda: google.executor.started)
    return name


def ready(jobs):
    return jobs.get(name=NAME).execute()["terminalCondition"]


def completed(jobs, name):
    """The condition of an execution that is over."""
    told = jobs.executions().get(name=name).execute()
    [last] = [each for each in told["conditions"] if each["type"] == "Completed"]
    return last if "completionTime" in told else None


def test_a_job_is_made_by_an_operation_that_tells_of_it(google, jobs):
    google.cloud_run.ready_after = 0.2
    told = jobs.create(parent=PARENT, jobId="df-dev-hello", body=job()).execute()
    assert told["name"].startswith(f"{PARENT}/operations/")
    assert "done" not in told
    assert told["metadata"]["@type"] == "type.googleapis.com/google.cloud.run.v2.Job"
    assert told["metadata"]["name"] == NAME
    assert told["metadata"]["reconciling"] is True
    assert ready(jobs)["state"] == "CONDITION_RECONCILING"


def test_a_new_job_says_who_made_it_and_that_it_never_ran(jobs, made):
    told = jobs.get(name=made).execute()
    assert told["creator"] == AGENT
    assert told["latestCreatedExecution"] == {}
    assert "executionCount" not in told
    assert not problems("run.v2", "GoogleCloudRunV2Job", told)


def test_what_a_job_does_not_say_is_what_google_would_write_in(google, jobs):
    google.identities.emails.add(default := "123456789012-compute@developer.gserviceaccount.com")
    account = f"projects/acme-data/serviceAccounts/{default}"
    google.grants.give(account, "roles/iam.serviceAccountUser", f"serviceAccount:{AGENT}")
    body = {"template": {"template": {"containers": [{"image": IMAGE}]}}}
    jobs.create(parent=PARENT, jobId="df-dev-hello", body=body).execute()
    template = jobs.get(name=NAME).execute()["template"]
    assert template["taskCount"] == 1
    assert template["template"] == {
        "containers": [
            {"image": IMAGE, "resources": {"limits": {"cpu": "1000m", "memory": "512Mi"}}}
        ],
        "executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2",
        "maxRetries": 3,
        "serviceAccount": default,
        "timeout": "600s",
    }


def test_a_run_is_an_operation_whose_metadata_is_the_execution(google, jobs, made):
    google.cloud_run.start_after = 30
    told = jobs.run(name=made).execute()
    assert "done" not in told
    execution = told["metadata"]
    assert execution.pop("@type") == "type.googleapis.com/google.cloud.run.v2.Execution"
    assert execution["name"].startswith(f"{NAME}/executions/df-dev-hello-")
    assert execution["job"] == "df-dev-hello"
    assert execution["reconciling"] is True
    [only] = execution["conditions"]
    assert (only["type"], only["state"]) == ("Completed", "CONDITION_PENDING")
    assert not {"startTime", "completionTime", "runningCount"} & execution.keys()
    assert not problems("run.v2", "GoogleCloudRunV2Execution", execution)


def test_an_execution_runs_the_image_the_command_and_the_environment_of_the_body(google, running):
    [started] = google.executor.started
    task = started.task
    assert (task.image, task.command, task.args) == (
        IMAGE,
        ("python3", "/opt/runner/execute.py"),
        (),
    )
    assert (task.cpu, task.memory, task.service_account) == (1, 512 * 2**20, RUNNER)
    assert task.env == {
        "DATAFLOWS_STACK": "dev",
        "PREFECT_API_KEY": "pnu_the_right_key",
        "CLOUD_RUN_JOB": "df-dev-hello",
        "CLOUD_RUN_EXECUTION": running.rpartition("/")[2],
        "CLOUD_RUN_TASK_INDEX": "0",
        "CLOUD_RUN_TASK_COUNT": "1",
        "CLOUD_RUN_TASK_ATTEMPT": "0",
    }
    assert google.secrets.read == [(f"serviceAccount:{RUNNER}", f"{KEY}/versions/1")]


def test_no_answer_holds_the_value_of_a_secret(google, jobs, running):
    told = [jobs.get(name=NAME).execute(), jobs.executions().get(name=running).execute()]
    assert "pnu_the_right_key" not in repr(told)
    assert "pnu_the_right_key" not in repr(google.executor.started)


def test_an_execution_that_runs_has_started_and_is_not_over(jobs, running):
    told = jobs.executions().get(name=running).execute()
    assert told["runningCount"] == 1
    assert "startTime" in told
    assert "completionTime" not in told
    assert {each["type"]: each["state"] for each in told["conditions"]} == {
        "ResourcesAvailable": "CONDITION_SUCCEEDED",
        "Started": "CONDITION_SUCCEEDED",
        "Completed": "CONDITION_RECONCILING",
    }
    latest = jobs.get(name=NAME).execute()["latestCreatedExecution"]
    assert (latest["name"], latest["completionStatus"]) == (running, "EXECUTION_RUNNING")


def test_an_execution_that_ends_well_says_so(google, jobs, running, eventually):
    google.executor.started[0].end(0)
    assert eventually(lambda: completed(jobs, running))["state"] == "CONDITION_SUCCEEDED"
    told = jobs.executions().get(name=running).execute()
    assert told["succeededCount"] == 1
    assert not {"runningCount", "failedCount", "reconciling"} & told.keys()
    assert not problems("run.v2", "GoogleCloudRunV2Execution", told)
    assert jobs.get(name=NAME).execute()["executionCount"] == 1
    assert google.executor.started[0].removed


def test_an_execution_that_fails_says_with_which_code(google, jobs, running, eventually):
    google.executor.started[0].end(3)
    last = eventually(lambda: completed(jobs, running))
    assert (last["state"], last["executionReason"]) == ("CONDITION_FAILED", "NON_ZERO_EXIT_CODE")
    task = f"{running.rpartition('/')[2]}-task0"
    assert last["message"] == (
        f"Task {task} failed with exit code: 3 and message: The container exited with an error."
    )
    assert jobs.executions().get(name=running).execute()["failedCount"] == 1


def test_an_execution_that_takes_too_much_memory_says_how_much_it_had(
    google, jobs, running, eventually
):
    google.executor.started[0].end(137, out_of_memory=True)
    last = eventually(lambda: completed(jobs, running))
    assert last["state"] == "CONDITION_FAILED"
    assert "exit code: 137 and message: Memory limit of 512 MiB exceeded" in last["message"]


@pytest.mark.parametrize("stubborn", [False, True])
def test_an_execution_over_its_timeout_is_ended_and_says_why(google, jobs, eventually, stubborn):
    google.executor.stubborn = stubborn
    jobs.create(parent=PARENT, jobId="df-dev-hello", body=job(timeout="1s")).execute()
    eventually(lambda: ready(jobs)["state"] == "CONDITION_SUCCEEDED")
    name = jobs.run(name=NAME).execute()["metadata"]["name"]
    last = eventually(lambda: completed(jobs, name))
    assert last["state"] == "CONDITION_FAILED"
    assert last["message"].endswith("message: The configured timeout was reached.")
    assert google.executor.started[0].stops == [0.3]


def test_a_task_is_tried_again_as_often_as_its_job_says(google, jobs, eventually):
    jobs.create(parent=PARENT, jobId="df-dev-hello", body=job(maxRetries=1)).execute()
    eventually(lambda: ready(jobs)["state"] == "CONDITION_SUCCEEDED")
    name = jobs.run(name=NAME).execute()["metadata"]["name"]
    for attempt in range(2):
        eventually(lambda: len(google.executor.started) > attempt)  # noqa: B023
        google.executor.started[attempt].end(1 - attempt)
    assert eventually(lambda: completed(jobs, name))["state"] == "CONDITION_SUCCEEDED"
    assert jobs.executions().get(name=name).execute()["retriedCount"] == 1
    assert [s.task.env["CLOUD_RUN_TASK_ATTEMPT"] for s in google.executor.started] == ["0", "1"]


def test_an_execution_is_cancelled_by_whoever_may(google, jobs, running, eventually):
    with pytest.raises(HttpError, match=r"'run.executions.cancel' denied"):
        jobs.executions().cancel(name=running).execute()
    google.grants.give("projects/acme-data", ("run.executions.cancel",), f"serviceAccount:{AGENT}")
    jobs.executions().cancel(name=running).execute()
    last = eventually(lambda: completed(jobs, running))
    assert (last["state"], last["executionReason"]) == ("CONDITION_FAILED", "CANCELLED")
    assert jobs.executions().get(name=running).execute()["cancelledCount"] == 1
    with pytest.raises(HttpError) as refused:
        jobs.executions().cancel(name=running).execute()
    assert refused.value.status_code == 400


def test_an_execution_that_is_cancelled_before_it_starts_never_does(google, jobs, made, eventually):
    google.cloud_run.start_after = 30
    google.grants.give("projects/acme-data", ("run.executions.cancel",), f"serviceAccount:{AGENT}")
    name = jobs.run(name=made).execute()["metadata"]["name"]
    jobs.executions().cancel(name=name).execute()
    assert eventually(lambda: completed(jobs, name))["executionReason"] == "CANCELLED"
    assert not google.executor.started


def test_what_is_deleted_while_it_runs_is_stopped_and_gone(google, jobs, running, eventually):
    assert [e["name"] for e in jobs.executions().list(parent=NAME).execute()["executions"]] == [
        running
    ]
    told = jobs.executions().delete(name=running).execute()
    assert told["metadata"]["name"] == running
    eventually(lambda: google.executor.started[0].removed)
    assert jobs.executions().list(parent=NAME).execute() == {}
    told = jobs.delete(name=NAME).execute()
    assert told["metadata"].keys() >= {"deleteTime", "expireTime"}
    for gone in (jobs.get(name=NAME), jobs.executions().get(name=running)):
        with pytest.raises(HttpError) as refused:
            gone.execute()
        assert refused.value.status_code == 404


def test_a_job_goes_with_the_executions_that_it_has(google, jobs, running, eventually):
    jobs.delete(name=NAME).execute()
    assert eventually(lambda: google.executor.started[0].removed)


def test_jobs_are_listed_a_page_at_a_time(google, jobs):
    google.grants.give("projects/acme-data", "roles/run.viewer", f"serviceAccount:{AGENT}")
    for name in ("df-c", "df-a", "df-b"):
        jobs.create(parent=PARENT, jobId=name, body=job()).execute()
    first = jobs.list(parent=PARENT, pageSize=2).execute()
    assert [each["name"].rpartition("/")[2] for each in first["jobs"]] == ["df-a", "df-b"]
    last = jobs.list(parent=PARENT, pageSize=2, pageToken=first["nextPageToken"]).execute()
    assert [each["name"].rpartition("/")[2] for each in last["jobs"]] == ["df-c"]
    assert "nextPageToken" not in last


def test_an_operation_is_done_once_what_it_is_about_is(google, jobs, running, eventually):
    google.grants.give("projects/acme-data", "roles/run.viewer", f"serviceAccount:{AGENT}")
    operations = google.client().projects().locations().operations()
    names = list(google.cloud_run.kept.operations)
    made, run = (operations.get(name=name).execute() for name in names)
    assert made["response"]["name"] == NAME
    assert "done" not in run
    google.executor.started[0].end(0)
    assert eventually(lambda: operations.get(name=names[1]).execute().get("done"))


def test_every_request_is_kept_with_who_asked_and_what_was_said(google, jobs, made):
    with pytest.raises(HttpError):
        jobs.get(name=f"{PARENT}/jobs/df-other").execute()
    first, *_, last = google.cloud_run.asked
    assert (first.method, first.name, first.code) == ("jobs.create", PARENT, 200)
    assert first.member == f"serviceAccount:{AGENT}"
    assert (last.method, last.code) == ("jobs.get", 404)


def test_fifty_runs_at_once_do_not_get_in_each_others_way(google):
    """Each by itself: made, run, over, deleted; and nobody waits for another."""
    http = httpx.Client(
        base_url=f"{google.root}/v2/",
        headers={"Authorization": f"Bearer {google.identities.token(AGENT).value}"},
        limits=httpx.Limits(max_connections=50),
        timeout=30,
    )

    def ask(verb, path, **told):
        return http.request(verb, path, **told).raise_for_status().json()

    def live(number):
        name = f"{PARENT}/jobs/df-{number}"
        ask("POST", f"{PARENT}/jobs?jobId=df-{number}", json=job())
        while "observedGeneration" not in ask("GET", name):
            time.sleep(0.05)
        execution = ask("POST", f"{name}:run")["metadata"]["name"]
        while "completionTime" not in ask("GET", execution):
            for each in google.executor.started:
                if each.task.name == execution.rpartition("/")[2]:
                    each.end(0)
            time.sleep(0.05)
        ask("DELETE", execution)
        ask("DELETE", name)

    with http, ThreadPoolExecutor(50) as all_at_once:
        list(all_at_once.map(live, range(50)))
    assert len(google.executor.started) == 50
    assert not google.cloud_run.jobs
    assert {each.code for each in google.cloud_run.asked} == {200}
