"""What stands between a job and its container: the image, and the secrets as its identity."""

from typing import Any

from tests.story.google.answers import Refused
from tests.story.google.cloud_run.execution import Execution
from tests.story.google.cloud_run.executor import Executor, Task
from tests.story.google.cloud_run.job import Job
from tests.story.google.cloud_run.rules import bytes_of, cpus_of
from tests.story.google.secret_manager import ACCESS, SecretManager

_DENIED = (
    "Permission denied on secret: {version} for Revision service account {account}. The service"
    " account used must be granted the 'Secret Manager Secret Accessor' role"
    " (roles/secretmanager.secretAccessor) at the secret, project or higher level."
)


class Starting:
    def __init__(self, executor: Executor, secrets: SecretManager) -> None:
        self.executor, self.secrets = executor, secrets

    def unready(self, job: Job) -> tuple[str, str] | None:
        """Why a job cannot run: a reason and a message.

        The first is as seen in PrefectHQ/prefect#21712, the last in
        hashicorp/terraform-provider-google#15088. The words of the second are those of services
        (terraform-google-modules/terraform-docs-samples#168), where jobs too cannot be made before
        the grant (hashicorp/terraform-provider-google#13786); its reason, of all that the discovery
        document has, is the one that fits.
        """
        container = _container(job)
        if self.executor.missing(container["image"]):
            return "CONTAINER_MISSING", f"Image '{container['image']}' not found."
        account = job.template["serviceAccount"]
        for index, _, version in _secret_variables(job):
            where = f"spec.template.spec.containers[0].env[{index}].value_from.secret_key_ref"
            secret = version.rpartition("/versions/")[0]
            if not self.secrets.grants.may(f"serviceAccount:{account}", ACCESS, secret):
                denied = _DENIED.format(version=version, account=account)
                return "SECRETS_ACCESS_CHECK_FAILED", f"{where}.name: {denied}"
            if not self.secrets.exists(version):
                return "SECRETS_ACCESS_CHECK_FAILED", f"{where}.key: Secret {version} was not found"
        return None

    def start(self, execution: Execution, job: Job) -> None:
        """That one without its secret ends Failed, and when, is as seen by fugaro's check 16."""
        container, account = _container(job), job.template["serviceAccount"]
        env = {each["name"]: each.get("value", "") for each in container.get("env", [])}
        try:
            for _, name, version in _secret_variables(job):
                _, payload = self.secrets.access(f"serviceAccount:{account}", version)
                env[name] = payload.decode()
        except Refused as error:
            execution.fail(f"Failed to access secret for the execution: {error.message}")
            return
        limits = container["resources"]["limits"]
        task = Task(
            name=execution.id,
            image=container["image"],
            command=tuple(container.get("command") or ()),
            args=tuple(container.get("args") or ()),
            env={
                **env,
                "CLOUD_RUN_JOB": job.id,
                "CLOUD_RUN_EXECUTION": execution.id,
                "CLOUD_RUN_TASK_INDEX": "0",
                "CLOUD_RUN_TASK_COUNT": "1",
            },
            cpu=cpus_of(limits["cpu"]) or 1,
            memory=bytes_of(limits["memory"]) or 0,
            service_account=account,
        )
        execution.begin(task, self.executor)


def _container(job: Job) -> dict[str, Any]:
    return dict(job.template["containers"][0])


def _secret_variables(job: Job) -> list[tuple[int, str, str]]:
    """The variables, by number and name, with the version of a secret that goes into each."""
    found = []
    for index, each in enumerate(_container(job).get("env", [])):
        if source := each.get("valueSource"):
            told = source["secretKeyRef"]
            whole = told["secret"].startswith("projects/")
            secret = told["secret"] if whole else f"projects/{job.project}/secrets/{told['secret']}"
            found.append((index, each["name"], f"{secret}/versions/{told['version']}"))
    return found
