"""An execution of a job: its one task, tried as often as the job says, each time for so long.

Shaped after answers of the real one, as kept in code that reads them: planqtn's and fugaro's (the
start, the timeout), PrefectHQ/prefect#14497 (the timeout). That a task killed for its memory says
so in the condition, not only in the log, is unverified, and so are the words on a cancelled one.
The grace before a kill, 10 seconds, is that of the container contract for services.
"""

import copy
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from tests.story.google.cloud_run.executor import Ended, Executor, Handle, Task
from tests.story.google.cloud_run.resource import condition, etag, instant, told

GRACE = 10.0
_TIMED_OUT = "The configured timeout was reached."
_FAILED = "The container exited with an error."
_OUT_OF_MEMORY = (
    "Memory limit of {mib} MiB exceeded with {mib} MiB used. Consider increasing the memory limit,"
    " see https://cloud.google.com/run/docs/configuring/memory-limits"
)
_LOGS = 'resource.type="cloud_run_job"\nlabels."run.googleapis.com/execution_name"="{}"'


@dataclass
class Execution:
    """``delay``: seconds from when it is asked for to when its container starts."""

    project: str
    job_name: str
    id: str
    labels: dict[str, str]
    launch_stage: str
    template: dict[str, Any]
    timeout: float
    retries: int
    creator: str
    delay: float = 0.0
    grace: float = GRACE
    created: float = field(default_factory=time.time)
    started: float | None = None
    ended: float | None = None
    how: str = ""  # SUCCEEDED, FAILED or CANCELLED, once it has ended
    message: str = ""
    retried: int = 0
    uid: str = field(default_factory=lambda: str(uuid4()))
    over: threading.Event = field(default_factory=threading.Event)
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _handle: Handle | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def name(self) -> str:
        return f"{self.job_name}/executions/{self.id}"

    def begin(self, task: Task, executor: Executor) -> None:
        threading.Thread(target=self._run, args=(task, executor), daemon=True).start()

    def fail(self, message: str) -> None:
        """It never comes to a container."""
        self._end("FAILED", message)

    def cancel(self) -> None:
        with self._lock:
            self._cancelled.set()
            if self._handle is not None:
                self._handle.stop(self.grace)

    def _run(self, task: Task, executor: Executor) -> None:
        if self._cancelled.wait(self.delay):
            return self._end("CANCELLED", "The execution was cancelled before it started.")
        said = ""
        for attempt in range(self.retries + 1):
            self.retried = attempt
            try:
                said = self._attempt(attempt, task, executor)
            except Exception as error:  # the executor's own; a test has to see it
                return self._end("FAILED", f"the stand-in could not run the task: {error!r}")
            if self._cancelled.is_set():
                return self._end("CANCELLED", "The execution was cancelled.")
            if not said:
                return self._end("SUCCEEDED", "Execution completed successfully.")
        return self._end("FAILED", f"Task {self.id}-task0 failed with {said}")

    def _attempt(self, attempt: int, task: Task, executor: Executor) -> str:
        """What was wrong with it."""
        env = {**task.env, "CLOUD_RUN_TASK_ATTEMPT": str(attempt)}
        with self._lock:
            if self._cancelled.is_set():
                return "a cancellation"
            self._handle = executor.start(Task(**{**vars(task), "env": env}))
            self.started = self.started or time.time()
        try:
            ended = self._handle.wait(self.timeout)
            if ended is None:
                self._handle.stop(self.grace)
                self._handle.wait(self.grace + 30)
                return f"exit code: 0 and message: {_TIMED_OUT}"
            return _said(ended, task)
        finally:
            with self._lock:
                handle, self._handle = self._handle, None
            handle.remove()

    def _end(self, how: str, message: str) -> None:
        with self._lock:
            self.how, self.message, self.ended = how, message, time.time()
        self.over.set()

    def reference(self) -> dict[str, Any]:
        status = self.how or ("RUNNING" if self.started else "PENDING")
        shown = {"name": self.name, "createTime": instant(self.created)}
        if self.ended:
            shown["completionTime"] = instant(self.ended)
        return {**shown, "completionStatus": f"EXECUTION_{status}"}

    def resource(self) -> dict[str, Any]:
        with self._lock:  # all of it at one moment
            return self._shown(self.started, self.ended, self.how)

    def _shown(self, started: float | None, ended: float | None, how: str) -> dict[str, Any]:
        return told(
            {
                "name": self.name,
                "uid": self.uid,
                "generation": "1",
                "labels": self.labels or None,
                "createTime": instant(self.created),
                "startTime": started and instant(started),
                "completionTime": ended and instant(ended),
                "updateTime": instant(ended or started or self.created),
                "launchStage": self.launch_stage,
                "job": self.job_name.rpartition("/")[2],
                "parallelism": 1,
                "taskCount": 1,
                "template": copy.deepcopy(self.template),
                "reconciling": ended is None,
                "conditions": self._conditions(),
                "observedGeneration": "1" if started else None,
                "runningCount": int(bool(started and not ended)),
                "succeededCount": int(how == "SUCCEEDED"),
                "failedCount": int(how == "FAILED"),
                "cancelledCount": int(how == "CANCELLED"),
                "retriedCount": int(bool(self.retried)),
                "logUri": "https://console.cloud.google.com/logs/viewer?project="
                f"{self.project}&advancedFilter={quote(_LOGS.format(self.id), safe='')}",
                "creator": self.creator,
                "etag": etag(self.uid, started, ended),
            }
        )

    def _conditions(self) -> list[dict[str, Any]]:
        if self.ended is not None:
            reason = {"FAILED": "NON_ZERO_EXIT_CODE", "CANCELLED": "CANCELLED"}.get(self.how, "")
            state = "SUCCEEDED" if self.how == "SUCCEEDED" else "FAILED"
            others = {"message": self.message, "executionReason": reason}
            last = condition("Completed", state, self.ended, **others)
        elif self.started is not None:
            last = condition("Completed", "RECONCILING", self.started)
        else:
            return [condition("Completed", "PENDING", self.created)]
        if self.started is None:
            return [last]
        before = ("ResourcesAvailable", "Started")
        return [*(condition(each, "SUCCEEDED", self.started) for each in before), last]


def _said(ended: Ended, task: Task) -> str:
    if ended.out_of_memory:
        text = _OUT_OF_MEMORY.format(mib=task.memory // 2**20)
        return f"exit code: {ended.code} and message: {text}"
    return f"exit code: {ended.code} and message: {_FAILED}" if ended.code else ""
