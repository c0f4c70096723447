"""One Docker host: runs are containers there, of the same images as in the cloud."""

import os
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_docker as docker

from prefect_as_code import worker_of

from ...config.docker import Containers, Host
from ...config.prefect import Prefect
from ...images import FLOWS, git_revision, plugin
from ..place import Site
from .agent import AgentArgs, agent
from .image import LoadedImage, LoadedImageArgs
from .runner import LANDING, WAREHOUSE, WORKER, RunnerArgs, default_job_template, runner_template
from .size import size

_LOCAL = "unix://"
_DEFAULT = "unix:///var/run/docker.sock"


class DockerHost:
    """The host that ``docker:host`` names: network, volumes, images, and the agent's container."""

    directory: str = FLOWS

    def __init__(self, prefect: Prefect, runner: Containers, host: Host) -> None:
        self.prefect, self.runner, self.host = prefect, runner, host
        self.address = pulumi.Config("docker").get("host") or _DEFAULT
        packaged = worker_of(WORKER)
        self.worker: str = packaged["type"]
        self._default_template = default_job_template(packaged["base_job_template"])
        self.prefix = f"df-{pulumi.get_stack()}"
        self.label = f"dataflows.{pulumi.get_stack()}"  # on all that is not in Pulumi's state

    def sized(self, cpu: str | None, memory: str | None) -> Mapping[str, Any]:
        return size(cpu, memory)

    def build(self) -> Site:
        provider = docker.Provider("docker-host", host=self.address)
        here = pulumi.ResourceOptions(provider=provider)
        network = docker.Network("network", name=self.prefix, opts=here)
        kept = pulumi.ResourceOptions(
            provider=provider, retain_on_delete=self.host.on_destroy == "keep"
        )
        ours = [docker.VolumeLabelArgs(label=self.label, value="")]
        volumes = {
            folder: docker.Volume(
                f"{what}-volume", name=f"{self.prefix}-{what}", labels=ours, opts=kept
            )
            for what, folder in (("landing", LANDING), ("warehouse", WAREHOUSE))
        }
        builder = pulumi.ResourceOptions(providers=[plugin(self.address)])
        images = {
            name: LoadedImage(
                name,
                LoadedImageArgs(
                    # On no registry, so that nobody else's is ever taken for it.
                    tag=f"localhost/{self.prefix}/{name}:latest",
                    label=self.label,
                    base_image=self.host.base_image,
                ),
                builder,
                provider,
            )
            for name in ("agent", "runner")
        }
        networks: list[pulumi.Input[str]] = [network.name, *self.host.networks]
        worker = agent(
            "agent",
            AgentArgs(
                container=f"{self.prefix}-agent",
                image=images["agent"].id,
                memory=self.host.agent_memory,
                socket=self.host.socket,
                socket_group=self._socket_group(),
                networks=networks,
                label=self.label,
                api_url=self.prefect.api_url or self.host.prefect_url,
                headers=self.prefect.headers,
                work_pool=self.prefect.work_pool,
                work_pool_type=self.worker,
                concurrency_limit=self.host.agent_concurrency_limit,
            ),
            here,
        )
        template = runner_template(
            RunnerArgs(
                default_template=self._default_template,
                cpu=self.runner.cpu,
                memory=self.runner.memory,
                timeout=self.runner.timeout,
                env=self.runner.env,
                label=self.label,
                networks=networks,
                volumes={folder: volume.name for folder, volume in volumes.items()},
            )
        )
        return Site(
            job_template=template,
            landing=f"file://{LANDING}",
            warehouse=f"duckdb://{WAREHOUSE}/warehouse.duckdb",
            job_variables={"image": images["runner"].id},
            version=images["runner"].id,
            needs=[worker, *volumes.values()],
            outputs={
                "images": {name: image.id for name, image in images.items()},
                "git_revision": git_revision(),
            },
        )

    def _socket_group(self) -> int:
        """The number of the group that may use the host's socket.

        Raises:
            pulumi.RunError: the host is another machine, so it has to be said.
        """
        if self.host.socket_group is not None:
            return self.host.socket_group
        if self.address.startswith(_LOCAL):
            try:
                return os.stat(self.host.socket).st_gid
            except OSError as error:
                why = f"{self.host.socket} cannot be looked at here ({error.strerror})"
        else:
            why = f"{self.address} is another machine"
        raise pulumi.RunError(
            f"dataflows:host.socket_group is missing, and {why}. Write what "
            f"`stat -c %g {self.host.socket}` prints on the Docker host."
        )
