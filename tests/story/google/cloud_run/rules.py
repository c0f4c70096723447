"""What Cloud Run refuses in a job. Independent of stacks/config/cloud_run.py, on purpose.

Fields, types and enums are those of the discovery document that google-api-python-client ships.
Names and sizes are from Google's pages on jobs (names, CPU limits, memory limits, task timeout,
environment variables, quotas), read in November 2026; the wording of most refusals is unverified.
"""

import re
from collections import Counter
from typing import Any

from tests.places.google.discovery import problems
from tests.story.google.answers import Refused, not_stood_in

JOBS = 1000  # in a project and region, https://cloud.google.com/run/quotas
RUNNING = 1000  # executions at once, there too
RETRIES = 10  # of a task, there too

_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_ID_RULE = (
    "only lowercase, digits, and hyphens; must begin with letter, and cannot end with hyphen; must"
    " be less than 64 characters."
)
_KEY, _VALUE = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")
_GOOGLES = ("run.googleapis.com", "cloud.googleapis.com", "serving.knative.dev", "autoscaling.")
_SET_BY_IT = re.compile(r"CLOUD_RUN_(JOB|EXECUTION|TASK_(INDEX|ATTEMPT|COUNT))")
_EMAIL = re.compile(r"[^@\s/]+@[^@\s/]+\.gserviceaccount\.com")
_SIZE = re.compile(r"(\d+)(k|M|G|Ki|Mi|Gi|)")
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
_GI = 2**30
# By CPUs, the memory from and to.
_MEMORY = {1: (_GI / 2, 4), 2: (_GI / 2, 8), 4: (2 * _GI, 16), 6: (4 * _GI, 24), 8: (4 * _GI, 32)}
_DAY = 86_400
_ELSEWHERE = {
    "job": ("startExecutionToken", "runExecutionToken", "binaryAuthorization", "functionalType"),
    "job.template": ("parallelism", "delayExecution"),
    "job.template.template": ("volumes", "encryptionKey", "nodeSelector", "sandboxes"),
}
_IN_CONTAINER = frozenset({"image", "command", "args", "env", "resources", "name", "workingDir"})


def creation(job_id: str, body: Any) -> None:
    """Raises what Cloud Run would say to the one who asks for such a job."""
    if not _ID.fullmatch(job_id):
        raise _wrong("Violation in CreateJobRequest.job_id", _ID_RULE)
    for each in problems("run.v2", "GoogleCloudRunV2Job", body):
        raise Refused(400, f"Invalid JSON payload received. {each}", field="job")
    template = body.get("template", {})
    task = template.get("template", {})
    for where, told in (("job", body), ("job.template", template), ("job.template.template", task)):
        for name in _ELSEWHERE[where]:
            if name in told:
                raise not_stood_in(f"{where}.{name}")
    if template.get("taskCount", 1) != 1:
        raise not_stood_in("a job of more tasks than one")
    _labels("job.labels", body.get("labels", {}))
    _labels("job.template.labels", template.get("labels", {}))
    containers = task.get("containers", [])
    if not containers:
        raise _wrong("job.template.template.containers", "must have at least one container.")
    if len(containers) > 1:
        raise not_stood_in("sidecars")
    _container(containers[0])
    _task(task)


def _container(told: dict[str, Any]) -> None:
    path = "job.template.template.containers[0]"
    if other := sorted(told.keys() - _IN_CONTAINER):
        raise not_stood_in(f"a container's {', '.join(other)}")
    if not told.get("image"):
        raise _wrong(f"{path}.image", "must be non-empty.")
    env = told.get("env", [])
    for index, each in enumerate(env):
        _variable(f"{path}.env[{index}]", each)
    for name, times in Counter(each["name"] for each in env).items():
        if times > 1:
            raise _wrong(f"{path}.env", f"should not contain duplicate names: {name}.")
    _limits(f"{path}.resources.limits", told.get("resources", {}).get("limits", {}))


def _variable(path: str, told: dict[str, Any]) -> None:
    name = told.get("name", "")
    if not name or "=" in name or "\0" in name or len(name) > 32_768:
        raise _wrong(f"{path}.name", f"{name!r} is no name of an environment variable.")
    if _SET_BY_IT.fullmatch(name):
        raise _wrong(f"{path}.name", f"The following reserved env names were provided: {name}.")
    if len(told.get("value", "").encode()) > 32_768:
        raise _wrong(f"{path}.value", "must be at most 32768 bytes.")
    source = told.get("valueSource")
    if source is None:
        return
    if told.get("value"):
        raise _wrong(path, "may have either a value or a source of it.")
    reference = source.get("secretKeyRef", {})
    for key in ("secret", "version"):
        if not reference.get(key):
            raise _wrong(f"{path}.value_source.secret_key_ref.{key}", "must be non-empty.")
    if not re.fullmatch(r"(projects/[^/]+/secrets/)?[A-Za-z0-9_-]{1,255}", reference["secret"]):
        raise _wrong(f"{path}.value_source.secret_key_ref.secret", "is no name of a secret.")
    if not re.fullmatch(r"latest|[1-9]\d*", reference["version"]):
        raise not_stood_in("aliases of a secret's versions")


def _limits(path: str, told: dict[str, str]) -> None:
    if other := sorted(told.keys() - {"cpu", "memory"}):
        raise not_stood_in(f"limits of {', '.join(other)}")
    cpus = cpus_of(told.get("cpu", "1000m"))
    if cpus not in _MEMORY:
        raise _wrong(f"{path}.cpu", f"Invalid value specified for cpu: {told['cpu']!r}.")
    size, (least, most) = bytes_of(told.get("memory", "512Mi")), _MEMORY[cpus]
    if size is None or not least <= size <= most * _GI:
        said = f"Invalid value specified for memory: {told.get('memory')!r} with {cpus} CPU."
        raise _wrong(f"{path}.memory", said)


def cpus_of(told: str) -> int | None:
    thousandths = re.fullmatch(r"([1-9]\d*)000m|([1-9]\d*)", told, re.ASCII)
    return int(thousandths[1] or thousandths[2]) if thousandths else None


def bytes_of(told: str) -> int | None:
    size = _SIZE.fullmatch(told) if told.isascii() else None
    return int(size[1]) * _UNITS[size[2]] if size else None


def _task(told: dict[str, Any]) -> None:
    path = "job.template.template"
    seconds = seconds_of(told.get("timeout", "600s"))
    if not 1 <= seconds <= 7 * _DAY:
        raise _wrong(f"{path}.timeout", "must be between 1 second and 168 hours.")
    if not 0 <= told.get("maxRetries", 3) <= RETRIES:
        raise _wrong(f"{path}.max_retries", f"must be between 0 and {RETRIES}.")
    account = told.get("serviceAccount", "")
    if account and not _EMAIL.fullmatch(account):
        raise _wrong(f"{path}.service_account", f"{account!r} is no email of a service account.")
    vpc = told.get("vpcAccess")
    if vpc is not None and bool(vpc.get("connector")) == bool(vpc.get("networkInterfaces")):
        raise _wrong(f"{path}.vpc_access", "must have a connector or a network interface.")


def seconds_of(duration: str) -> float:
    return float(duration.removesuffix("s"))


def _labels(path: str, told: dict[str, str]) -> None:
    if len(told) > 64:
        raise _wrong(path, "must be at most 64.")
    for key, value in told.items():
        if key.startswith(_GOOGLES):
            raise _wrong(path, f"{key} is in a namespace of Google's own.")
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            raise _wrong(path, f"{key}={value} is no label.")


def _wrong(field: str, description: str) -> Refused:
    return Refused(400, f"{field}: {description}", field=field)
