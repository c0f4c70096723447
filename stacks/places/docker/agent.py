"""The agent: the worker's container, which starts the containers of runs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_docker as docker

SOCKET = "/var/run/docker.sock"  # where the worker looks for it
_USER = "10001:10001"  # the image's own
_PORT = "8080"  # of the worker's health page, which is asked inside the container


@dataclass(frozen=True, kw_only=True)
class AgentArgs:
    """``image`` is an id; ``socket`` is the engine's, as the host has it, and ``socket_group`` the
    number of the group that may use it; ``networks`` are joined in this order.
    """

    container: str
    image: pulumi.Input[str]
    memory: int  # MiB
    socket: str
    socket_group: int
    networks: Sequence[pulumi.Input[str]]
    label: str
    api_url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    work_pool: str
    work_pool_type: str
    concurrency_limit: int


def agent(name: str, args: AgentArgs, opts: pulumi.ResourceOptions) -> docker.Container:
    """A worker that is there again whenever it ends. Runs go on without it, and without another."""
    env = {
        "PREFECT_API_URL": args.api_url,
        # Else a run that is cancelled before it has started keeps its container.
        "PREFECT_WORKER_ENABLE_CANCELLATION": "true",
        "PREFECT_WORKER_QUERY_SECONDS": "2",  # one host, one worker: no one else to spare
        "PREFECT_WORKER_WEBSERVER_HOST": "127.0.0.1",
        "PREFECT_WORKER_WEBSERVER_PORT": _PORT,
    }
    if args.headers:
        env["PREFECT_CLIENT_CUSTOM_HEADERS"] = json.dumps(dict(args.headers))
    start = ["prefect", "worker", "start", "--pool", args.work_pool, "--type", args.work_pool_type]
    own = ["--name", args.container, "--limit", str(args.concurrency_limit)]
    fixed = ["--with-healthcheck", "--no-create-pool-if-not-found", "--install-policy", "never"]
    return docker.Container(
        name,
        name=args.container,
        image=args.image,
        command=[*start, *own, *fixed],
        envs=[f"{key}={value}" for key, value in sorted(env.items())],
        labels=[docker.ContainerLabelArgs(label=args.label, value="")],
        networks_advanced=[
            docker.ContainerNetworksAdvancedArgs(name=each) for each in args.networks
        ],
        # The socket, and the group that may use it. Nothing else is the worker's: it is no root,
        # can become none, and writes to its memory only.
        volumes=[docker.ContainerVolumeArgs(host_path=args.socket, container_path=SOCKET)],
        group_adds=[str(args.socket_group)],
        user=_USER,
        read_only=True,
        tmpfs={"/tmp": ""},  # noqa: S108
        capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
        security_opts=["no-new-privileges"],
        restart="unless-stopped",
        memory=args.memory,
        memory_swap=args.memory,  # untold, the engine's own is read back, and looks like a change
        log_driver="json-file",
        log_opts={"max-size": "10m", "max-file": "3"},
        destroy_grace_seconds=60,  # untold, it is killed
        opts=opts,
    )
