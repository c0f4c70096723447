"""What Cloud Run keeps: jobs with their executions, and operations; each by its name in a call."""

import time
from dataclasses import dataclass, field
from typing import Any

from tests.story.google.answers import Refused
from tests.story.google.cloud_run.execution import Execution
from tests.story.google.cloud_run.job import Job
from tests.story.google.cloud_run.operations import Operation
from tests.story.google.routes import Call

_PAGE = 100


@dataclass
class Kept:
    jobs: dict[str, Job] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)

    def job(self, call: Call) -> Job:
        project, location, id_ = call.names[:3]
        found = self.jobs.get(f"projects/{project}/locations/{location}/jobs/{id_}")
        if found is None:
            raise _gone(id_, "JOB", call)
        return found

    def execution(self, call: Call) -> Execution:
        found = self.job(call).executions.get(call.names[3])
        if found is None:
            raise _gone(call.names[3], "EXECUTION", call)
        return found

    def operation(self, call: Call) -> Operation:
        name = resource(call)
        if name not in self.operations:
            raise Refused(404, f"Operation {name} does not exist.")
        return self.operations[name]

    def beside(self, name: str) -> list[Job]:
        """The jobs in the region of one, by their names."""
        return [job for each, job in sorted(self.jobs.items()) if each.startswith(_region(name))]

    def executions(self) -> list[Execution]:
        return [each for job in self.jobs.values() for each in job.executions.values()]

    def operated(self, name: str, *told: Any) -> dict[str, Any]:
        """A new operation on a job or on what is in it, as it is answered."""
        made = Operation(_region(name).rstrip("/"), *told)
        self.operations[made.name] = made
        return made.resource()

    def forget(self, job: Job) -> None:
        job.deleted = time.time()
        del self.jobs[job.name]


def resource(call: Call) -> str:
    """What is asked about, or that in which something is to be made or listed."""
    kinds = ("projects", "locations", call.method.id.split(".")[3], "executions")
    return "/".join(f"{kind}/{name}" for kind, name in zip(kinds, call.names, strict=False))


def page(what: str, found: list[Any], call: Call) -> dict[str, Any]:
    size = int(call.query.get("pageSize") or _PAGE)
    first = int(call.query.get("pageToken") or 0)
    shown = [each.resource() for each in found[first : first + size]]
    more = {"nextPageToken": str(first + size)} if first + size < len(found) else {}
    return {**({what: shown} if shown else {}), **more}


def _region(name: str) -> str:
    return "/".join(name.split("/")[:4]) + "/"


def _gone(id_: str, kind: str, call: Call) -> Refused:
    project, location = call.names[:2]
    return Refused(
        404,
        f"Resource '{id_}' of kind '{kind}' in region '{location}' in project '{project}' does not"
        " exist.",
    )
