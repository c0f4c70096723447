"""A stand-in for Cloud Run's API, version 2: its jobs and executions, as prefect-gcp calls them."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.live.proxy import Asked
from tests.story.google.answers import Refused, denied, not_stood_in, said
from tests.story.google.cloud_run import rules
from tests.story.google.cloud_run.admission import admit
from tests.story.google.cloud_run.execution import GRACE, Execution
from tests.story.google.cloud_run.executor import Executor
from tests.story.google.cloud_run.faults import Faults
from tests.story.google.cloud_run.job import Job, completed
from tests.story.google.cloud_run.kept import Kept, page, resource
from tests.story.google.cloud_run.resource import suffix
from tests.story.google.cloud_run.starting import Starting
from tests.story.google.grants import Grants
from tests.story.google.identities import Identities
from tests.story.google.routes import Call, understood
from tests.story.google.secret_manager import SecretManager


@dataclass(frozen=True)
class Record:
    """What was asked, by whom, and with which status it was answered."""

    method: str
    name: str
    member: str
    code: int
    at: float = field(default_factory=time.time)


@dataclass
class CloudRun:
    """``projects`` are numbers by id. ``ready_after`` and ``start_after`` are the seconds that a
    new job takes to be ready, and an execution to come to its container.
    """

    grants: Grants
    identities: Identities
    secrets: SecretManager
    executor: Executor
    projects: dict[str, int]
    ready_after: float = 0.0
    start_after: float = 0.0
    grace: float = GRACE
    faults: Faults = field(default_factory=Faults)
    asked: list[Record] = field(default_factory=list)
    kept: Kept = field(default_factory=Kept)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._starting = Starting(self.executor, self.secrets)
        self._methods: dict[str, Callable[[Call, str], dict[str, Any]]] = {
            "jobs.create": self._create,
            "jobs.get": lambda call, _: self.kept.job(call).resource(),
            "jobs.list": self._list,
            "jobs.run": self._run,
            "jobs.delete": self._delete,
            "executions.get": lambda call, _: self.kept.execution(call).resource(),
            "executions.list": self._list_executions,
            "executions.cancel": self._cancel,
            "executions.delete": self._delete_execution,
            "operations.get": lambda call, _: self.kept.operation(call).resource(),
        }

    @property
    def jobs(self) -> dict[str, Job]:
        """By their full names, those that are there."""
        return self.kept.jobs

    def answer(self, asked: Asked) -> httpx.Response:
        method, name, member = "", asked.path, ""
        try:
            call = understood("run.v2", asked)
            method, name = ".".join(call.method.id.split(".")[-2:]), resource(call)
            member = self.identities.member(asked.headers)
            fault = self.faults.take(method)
            if fault is None or fault.after:
                answer = said(self._done(method, call, member))
            answer = fault.answer() if fault else answer
        except Refused as error:
            answer = error.answer
        self.asked.append(Record(method, name, member, answer.status_code))
        return answer

    def end(self) -> None:
        """Nothing of it runs on."""
        running = self.kept.executions()
        for each in running:
            each.cancel()
        for each in running:
            each.over.wait(self.grace + 30)

    def _done(self, method: str, call: Call, member: str) -> dict[str, Any]:
        """Permissions are named as methods are; executions.cancel was run.jobs.run until 2024."""
        permission = f"run.{method}"
        if not self.grants.may(member, permission, resource(call)):
            raise denied(permission, resource(call))
        if method not in self._methods:
            raise not_stood_in(call.method.id)
        if other := call.query.keys() & {"etag", "validateOnly", "showDeleted"}:
            raise not_stood_in(", ".join(sorted(other)))
        with self._lock:
            return self._methods[method](call, member)

    def _create(self, call: Call, member: str) -> dict[str, Any]:
        (project, location), id_ = call.names, call.query.get("jobId", "")
        rules.creation(id_, call.body)
        default = f"{self.projects[project]}-compute@developer.gserviceaccount.com"
        job = Job(project, location, id_, completed(call.body, default), _email(member))
        admit(job, member, self.grants, self.identities)
        if job.name in self.jobs:
            raise Refused(409, f"Resource '{id_}' already exists.")
        if len(self.kept.beside(job.name)) >= rules.JOBS:
            what = "total allowable count of jobs per project per region"
            raise Refused(429, f"Quota exceeded for {what}: {rules.JOBS}.")
        self.jobs[job.name] = job
        threading.Thread(target=self._check, args=(job,), daemon=True).start()
        return self.kept.operated(
            job.name,
            "Job",
            job.resource,
            lambda: job.checked is not None,
            lambda: job.unready[1] if job.unready else "",
        )

    def _check(self, job: Job) -> None:
        time.sleep(self.ready_after)
        job.unready = self._starting.unready(job)
        job.checked = time.time()

    def _run(self, call: Call, member: str) -> dict[str, Any]:
        if call.body:
            raise not_stood_in(f"a run with {', '.join(sorted(call.body))}")
        job = self.kept.job(call)
        if job.checked is None or job.unready:
            why = job.unready[1] if job.unready else "It is being created."
            raise Refused(400, f"Job {job.id} is not ready: {why}", status="FAILED_PRECONDITION")
        running = [each for each in self.kept.executions() if not each.over.is_set()]
        if len(running) >= rules.RUNNING:
            raise Refused(429, f"Quota exceeded for running executions: {rules.RUNNING}.")
        made = Execution(
            project=job.project,
            job_name=job.name,
            id=f"{job.id}-{suffix()}",
            labels=dict(job.body["template"].get("labels", {})),
            launch_stage=job.body.get("launchStage", "GA"),
            template=job.template,
            timeout=rules.seconds_of(job.template["timeout"]),
            retries=job.template["maxRetries"],
            creator=_email(member),
            delay=self.start_after,
            grace=self.grace,
        )
        job.add(made)
        self._starting.start(made, job)
        return self.kept.operated(job.name, "Execution", made.resource, made.over.is_set)

    def _delete(self, call: Call, member: str) -> dict[str, Any]:
        """What runs is stopped; that Cloud Run deletes such a job at all is unverified."""
        job = self.kept.job(call)
        for each in job.executions.values():
            each.cancel()
        self.kept.forget(job)
        return self.kept.operated(job.name, "Job", job.resource, lambda: True)

    def _cancel(self, call: Call, member: str) -> dict[str, Any]:
        """That one which is over is refused is what clients of Google's expect; unverified."""
        found = self.kept.execution(call)
        if found.over.is_set():
            raise Refused(400, f"{found.id} is already over.", status="FAILED_PRECONDITION")
        found.cancel()
        return self.kept.operated(found.name, "Execution", found.resource, found.over.is_set)

    def _delete_execution(self, call: Call, member: str) -> dict[str, Any]:
        """Whether it runs or not; of one that runs this is unverified."""
        found = self.kept.execution(call)
        found.cancel()
        del self.kept.job(call).executions[found.id]
        return self.kept.operated(found.name, "Execution", found.resource, lambda: True)

    def _list(self, call: Call, member: str) -> dict[str, Any]:
        return page("jobs", self.kept.beside(f"{resource(call)}/"), call)

    def _list_executions(self, call: Call, member: str) -> dict[str, Any]:
        """The newest first."""
        found = self.kept.job(call).executions.values()
        return page("executions", sorted(found, key=lambda each: -each.created), call)


def _email(member: str) -> str:
    return member.partition(":")[2]
