"""What the agent's VM does at each boot: the text of its cloud-init user data."""

import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

PORT = 8080  # of the worker's health page

_UNIT = """\
[Unit]
Description=Prefect worker
Wants=network-online.target
After=network-online.target docker.service
Requires=docker.service
StartLimitIntervalSec=0

[Service]
# Most of the system is read-only or gone after a boot; docker's login needs a place.
Environment=HOME=/home/prefect-worker
TimeoutStartSec=600
TimeoutStopSec=100
Restart=always
RestartSec=10
ExecStartPre=/bin/mkdir -p /home/prefect-worker
ExecStartPre=/usr/bin/docker-credential-gcr configure-docker --registries={registry}
ExecStartPre=-/usr/bin/docker rm -f prefect-worker
ExecStart=/usr/bin/docker run \\
    {options} \\
    {image} \\
    {command}
ExecStop=/usr/bin/docker stop -t 80 prefect-worker

[Install]
WantedBy=multi-user.target
"""

_CLOUD_CONFIG = """\
#cloud-config
write_files:
  - path: /etc/systemd/system/prefect-worker.service
    permissions: "0644"
    owner: root:root
    content: |
{unit}
runcmd:
  - [systemctl, daemon-reload]
  - [systemctl, start, --no-block, prefect-worker.service]
"""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """The worker that the VM keeps running.

    ``image`` is a reference by digest, ``registry`` the host that it is pulled from;
    ``api_key_secret`` names a version in Secret Manager, never the key itself: the image's
    entrypoint fetches it with the VM's identity, and then becomes the worker.
    """

    image: str
    registry: str
    api_url: str
    api_key_secret: str
    work_pool: str
    work_pool_type: str
    concurrency_limit: int
    headers: Mapping[str, str] = field(default_factory=dict)


def systemd_unit(worker: Worker) -> str:
    """The service that runs the worker's container, and starts it again whenever it ends."""
    env = {
        "PREFECT_API_URL": worker.api_url,
        "DATAFLOWS_API_KEY_SECRET": worker.api_key_secret,
        # Else a run that is cancelled before it has started keeps its job.
        "PREFECT_WORKER_ENABLE_CANCELLATION": "true",
    }
    if worker.headers:
        env["PREFECT_CLIENT_CUSTOM_HEADERS"] = json.dumps(dict(worker.headers))
    options = [
        "--rm --name prefect-worker",
        "--log-driver=gcplogs --log-opt mode=non-blocking",
        f"-p {PORT}:{PORT}",
        *(f"-e {_word(f'{name}={value}')}" for name, value in env.items()),
    ]
    command = [
        f"prefect worker start --pool {_word(worker.work_pool)} --type {worker.work_pool_type}",
        f"--name %H --limit {worker.concurrency_limit}",  # %H: the VM's own name
        "--with-healthcheck --no-create-pool-if-not-found --install-policy never",
    ]
    new_line = " \\\n    "
    return _UNIT.format(
        registry=worker.registry,
        options=new_line.join(options),
        image=_word(worker.image),
        command=new_line.join(command),
    )


def cloud_config(worker: Worker) -> str:
    """The user data: /etc is empty after each boot, so the unit is written at each."""
    return _CLOUD_CONFIG.format(unit=textwrap.indent(systemd_unit(worker), " " * 6).rstrip())


def _word(value: str) -> str:
    """One argument of ExecStart, whatever is in it."""
    if not value.isprintable():
        raise ValueError(f"{value!r} cannot stand in a systemd unit")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return escaped if re.fullmatch(r"[\w./:@=%$+,-]+", escaped) else f'"{escaped}"'
