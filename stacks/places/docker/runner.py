"""The runner: the container that a flow run becomes, as the work pool's base job template."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from ...images import EXECUTE
from ..template import job_template
from .size import size

WORKER = "prefect_docker.worker:DockerWorker"
LANDING, WAREHOUSE = "/data/landing", "/data/warehouse"
_GRACE = 30  # seconds, in which a run that is out of time can say so


@dataclass(frozen=True, kw_only=True)
class RunnerArgs:
    """``label`` is put on the container of each run; ``volumes`` by the folder that they are."""

    default_template: Mapping[str, Any]
    cpu: str
    memory: str
    timeout: int
    env: Mapping[str, str]
    label: str
    networks: Sequence[pulumi.Input[str]]
    volumes: Mapping[str, pulumi.Input[str]]


def default_job_template(packaged: Mapping[str, Any]) -> dict[str, Any]:
    """The packaged worker's own, with CPUs as a variable, and closed: nothing of the host can be
    had, and nothing but /tmp and the volumes can be written.
    """
    template: dict[str, Any] = copy.deepcopy(dict(packaged))
    variables = template["variables"]["properties"]
    del variables["container_create_kwargs"], variables["privileged"]
    variables["nano_cpus"] = {
        "title": "CPUs",
        "description": "Billionths of a CPU that the container may use.",
        "type": "integer",
    }
    template["job_configuration"] |= {
        "privileged": False,
        "container_create_kwargs": {
            "nano_cpus": "{{ nano_cpus }}",
            "read_only": True,
            "tmpfs": {"/tmp": ""},  # noqa: S108
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "log_config": {"type": "json-file", "config": {"max-size": "10m", "max-file": "3"}},
        },
    }
    return template


def runner_template(args: RunnerArgs) -> dict[str, Any]:
    """The image is each deployment's: see ``Site.job_variables``."""
    return job_template(
        args.default_template,
        {
            **size(args.cpu, args.memory),
            # As Cloud Run does, it asks first and then ends what is left.
            "command": f"timeout --kill-after={_GRACE} {args.timeout} {EXECUTE}",
            "env": dict(args.env),
            "labels": {args.label: ""},
            "image_pull_policy": "Never",
            "auto_remove": True,
            "networks": list(args.networks),
            "volumes": [
                pulumi.Output.concat(volume, f":{folder}")
                for folder, volume in args.volumes.items()
            ],
        },
    )
