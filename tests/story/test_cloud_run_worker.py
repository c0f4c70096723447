"""The life of a job as prefect-gcp's own worker lives it, with the stand-in for Cloud Run."""

import logging
import time
from types import SimpleNamespace

import pytest
from googleapiclient.errors import HttpError
from prefect_gcp.models import cloud_run_v2 as models
from prefect_gcp.workers import cloud_run_v2 as workers

from tests.story.conftest import IMAGE, PARENT, PROJECT, READS_KEY, REGION, job

NAME = f"{PARENT}/jobs/df-dev-hello"
LOG = logging.getLogger("worker")


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    """The worker sleeps for seconds before it looks again; two hundred looks are for ever."""
    looks = []

    def sleep(seconds):
        looks.append(seconds)
        if len(looks) > 200:
            raise TimeoutError("the worker would look for ever")
        time.sleep(0.02)

    for module in (models, workers):
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=sleep))
    for budget in ("CREATE_JOB", "SUBMIT_JOB", "API_READ_RETRY"):
        prefix = f"PREFECT_INTEGRATIONS_GCP_CLOUD_RUN_V2_WORKER_{budget}"
        monkeypatch.setenv(f"{prefix}_INITIAL_DELAY_SECONDS", "0.01")
        monkeypatch.setenv(f"{prefix}_MAX_DELAY_SECONDS", "0.02")


@pytest.fixture
def worker(google):
    """The parts of one run, as the worker's ``run`` puts them together."""
    made = workers.CloudRunWorkerV2(work_pool_name="dataflows-dev")
    told = SimpleNamespace(
        project=PROJECT,
        region=REGION,
        job_name="df-dev-hello",
        job_body=job(),
        keep_job=False,
    )
    common = {
        "configuration": told,
        "cr_client": google.client().projects().locations(),
        "logger": LOG,
    }
    return SimpleNamespace(
        configuration=told,
        create=lambda: made._create_job_and_wait_for_registration(**common),
        begin=lambda: made._begin_job_execution(**common),
        watch=lambda execution: made._watch_job_execution_and_get_result(
            **common, execution=execution, poll_interval=0
        ),
    )


def ends(google, eventually, code=0, **how):
    """The container of the latest execution, once it runs."""
    eventually(lambda: google.executor.started)[-1].end(code, **how)


def test_a_run_that_ends_well_leaves_no_job(google, worker, eventually):
    google.cloud_run.ready_after = 0.1
    worker.create()
    execution = worker.begin()
    ends(google, eventually)
    assert worker.watch(execution).status_code == 0
    assert not google.cloud_run.jobs
    methods = [each.method for each in google.cloud_run.asked]
    assert methods[0] == "jobs.create"
    assert methods[-3:] == ["executions.list", "executions.delete", "jobs.delete"]
    assert {each.code for each in google.cloud_run.asked} == {200}


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"code": 1}, "The container exited with an error."),
        ({"code": 137, "out_of_memory": True}, "Memory limit of 512 MiB exceeded"),
    ],
)
def test_a_run_that_ends_badly_says_why_and_leaves_no_job(
    google, worker, eventually, caplog, how, said
):
    worker.create()
    execution = worker.begin()
    ends(google, eventually, **how)
    assert worker.watch(execution).status_code == 1
    assert said in caplog.text
    assert not google.cloud_run.jobs


def test_a_run_over_its_timeout_says_so_and_leaves_no_job(google, worker, caplog):
    worker.configuration.job_body = job(timeout="1s")
    worker.create()
    assert worker.watch(worker.begin()).status_code == 1
    assert "The configured timeout was reached." in caplog.text
    assert not google.cloud_run.jobs


def test_a_run_whose_job_is_deleted_meanwhile_is_left_as_it_is(google, worker):
    worker.create()
    execution = worker.begin()
    google.jobs().executions().delete(name=execution.name).execute()
    google.jobs().delete(name=NAME).execute()
    assert worker.watch(execution).status_code == -1


def test_a_few_errors_of_the_moment_are_survived(google, worker, eventually):
    for method in ("jobs.create", "jobs.get", "jobs.run", "executions.get"):
        google.cloud_run.faults.give(method, 503, 429)
    worker.create()
    execution = worker.begin()
    ends(google, eventually)
    assert worker.watch(execution).status_code == 0
    assert not google.cloud_run.faults.left
    assert len(google.executor.started) == 1


def test_more_of_them_than_the_budget_are_not(google, worker):
    google.cloud_run.faults.give("jobs.create", *[503] * 20)
    with pytest.raises(HttpError, match="503"):
        worker.create()
    assert not google.cloud_run.jobs


def test_a_run_that_was_started_in_spite_of_an_error_is_not_started_again(google, worker):
    """The worker looks at the job's latest execution, of which Google tells by its full name."""
    worker.create()
    google.cloud_run.faults.give("jobs.run", 503, after=True)
    execution = worker.begin()
    assert list(google.cloud_run.jobs[NAME].executions) == [execution.name.rpartition("/")[2]]


def test_a_job_whose_image_is_not_there_is_given_up_and_deleted(google, worker):
    google.executor.absent = {IMAGE}
    with pytest.raises(Exception, match=f"Image '{IMAGE}' not found."):
        worker.create()
    assert not google.cloud_run.jobs


# What prefect-gcp 0.6.22 does wrong, so that a story that meets it knows it again.


def test_a_job_whose_secret_may_not_be_read_is_waited_for_without_an_end(google, worker):
    google.grants.take(*READS_KEY)
    with pytest.raises(TimeoutError, match="would look for ever"):
        worker.create()


def test_a_connection_that_breaks_after_a_run_was_asked_for_runs_it_twice(google, worker):
    """httplib2 sends even a POST again, and nobody else hears of it."""
    worker.create()
    google.cloud_run.faults.give("jobs.run", 0, after=True)
    worker.begin()
    assert len(google.cloud_run.jobs[NAME].executions) == 2


def test_a_connection_that_breaks_after_a_job_was_made_fails_the_run_and_leaves_the_job(
    google, worker
):
    """Its own job is in its way."""
    google.cloud_run.faults.give("jobs.create", 0, after=True)
    with pytest.raises(HttpError, match="already exists"):
        worker.create()
    assert NAME in google.cloud_run.jobs


def test_an_error_of_the_moment_at_the_end_leaves_the_job(google, worker, eventually, caplog):
    worker.create()
    execution = worker.begin()
    google.cloud_run.faults.give("executions.list", 503)
    ends(google, eventually)
    assert worker.watch(execution).status_code == 0
    assert "Received an exception while deleting the Cloud Run Job" in caplog.text
    assert NAME in google.cloud_run.jobs
