"""A job as Cloud Run keeps it and shows it.

Shaped after answers of the real one: those recorded in GoogleCloudPlatform/k8s-config-connector
(pkg/test/resourcefixture/testdata/basic/run/v1beta1/runjob/basicjob/_http.log), and the conditions
in PrefectHQ/prefect#21712. Whether the name in ``latestCreatedExecution`` is the full one is
unverified; prefect-gcp takes it to be.
"""

import copy
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.story.google.cloud_run.execution import Execution
from tests.story.google.cloud_run.resource import condition, etag, instant, told

_KEPT = 30 * 86_400  # seconds for which a deleted one is said to expire


@dataclass
class Job:
    """``checked``: when it was seen to be ready or not; if not, ``unready`` says why."""

    project: str
    location: str
    id: str
    body: dict[str, Any]
    creator: str
    created: float = field(default_factory=time.time)
    checked: float | None = None
    unready: tuple[str, str] | None = None
    deleted: float | None = None
    executions: dict[str, Execution] = field(default_factory=dict)
    latest: Execution | None = None
    count: int = 0
    uid: str = field(default_factory=lambda: str(uuid4()))

    @property
    def name(self) -> str:
        return f"projects/{self.project}/locations/{self.location}/jobs/{self.id}"

    @property
    def template(self) -> dict[str, Any]:
        """Of its tasks."""
        return dict(self.body["template"]["template"])

    def add(self, execution: Execution) -> None:
        self.executions[execution.id] = self.latest = execution
        self.count += 1

    def resource(self) -> dict[str, Any]:
        generation = "1" if self.deleted is None else "2"
        reconciling = self.checked is None
        shown = {
            "name": self.name,
            "uid": self.uid,
            "generation": generation,
            "labels": self.body.get("labels"),
            "annotations": self.body.get("annotations"),
            "createTime": instant(self.created),
            "updateTime": instant(self.created),
            "deleteTime": self.deleted and instant(self.deleted),
            "expireTime": self.deleted and instant(self.deleted + _KEPT),
            "creator": self.creator,
            "lastModifier": self.creator,
            "client": self.body.get("client"),
            "clientVersion": self.body.get("clientVersion"),
            "launchStage": self.body.get("launchStage", "GA"),
            "template": copy.deepcopy(self.body["template"]),
            "observedGeneration": None if reconciling else generation,
            "terminalCondition": self._ready(),
            "executionCount": self.count,
            "reconciling": reconciling,
            "etag": etag(self.uid, generation, self.checked),
        }
        latest = self.latest.reference() if self.latest else {}  # there even when it is empty
        return {**told(shown), "latestCreatedExecution": latest}

    def _ready(self) -> dict[str, Any]:
        if self.checked is None:
            return condition("Ready", "RECONCILING", self.created)
        if self.unready:
            reason, message = self.unready
            return condition("Ready", "FAILED", self.checked, reason=reason, message=message)
        return condition("Ready", "SUCCEEDED", self.checked)


def completed(body: dict[str, Any], default_account: str) -> dict[str, Any]:
    """With what Cloud Run writes in where nothing was said."""
    made = copy.deepcopy(body)
    made["template"].setdefault("taskCount", 1)
    task = made["template"]["template"]
    limits = task["containers"][0].setdefault("resources", {}).setdefault("limits", {})
    limits.setdefault("cpu", "1000m")
    limits.setdefault("memory", "512Mi")
    task.setdefault("executionEnvironment", "EXECUTION_ENVIRONMENT_GEN2")
    task.setdefault("maxRetries", 3)
    task.setdefault("timeout", "600s")
    if not task.get("serviceAccount"):
        task["serviceAccount"] = default_account
    return made
