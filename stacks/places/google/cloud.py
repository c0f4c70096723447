"""Google Cloud as the place where runs execute: its parts, connected."""

from collections.abc import Mapping

import pulumi
import pulumi_gcp

from prefect_as_code import worker_of

from ...config import StackConfig, prefect_api_key
from ...config.google import CloudRun, Google
from ...config.google import Storage as StorageSection
from ...config.images import Build, Promote
from ...images import FLOWS, git_revision
from ..place import Site
from .agent import Agent, AgentArgs
from .blocks import blocks
from .github import GitHub, GitHubArgs
from .images import images
from .network import Network, NetworkArgs
from .registry import Registry, RegistryArgs
from .runner import WORKER, Runner, RunnerArgs, default_job_template
from .secrets import Secrets, SecretsArgs
from .services import Services, ServicesArgs
from .storage import Storage, StorageArgs


class Cloud:
    """A Google Cloud project: runs are Cloud Run jobs, and the flows are in their image."""

    directory: str = FLOWS

    def __init__(
        self,
        config: StackConfig,
        runner: CloudRun,
        google: Google,
        images: Build | Promote,
        storage: StorageSection,
    ) -> None:
        self.config, self.runner, self.google = config, runner, google
        self.images, self.storage = images, storage
        packaged = worker_of(WORKER)
        self.worker: str = packaged["type"]
        self._default_template = default_job_template(packaged["base_job_template"])
        self.prefix = f"df-{pulumi.get_stack()}"

    def sized(self, cpu: str | None, memory: str | None) -> Mapping[str, str]:
        told = {"cpu": cpu, "memory": memory}
        return {name: value for name, value in told.items() if value is not None}

    def build(self) -> Site:
        config, google, prefix = self.config, self.google, self.prefix
        provider = pulumi_gcp.Provider(
            "google",
            project=google.project,
            region=google.region,
            default_labels=google.labels,
        )
        services = Services(
            "services",
            ServicesArgs(images=self.images),
            pulumi.ResourceOptions(provider=provider),
        )
        ready = pulumi.ResourceOptions(provider=provider, depends_on=[services])
        registry = Registry("registry", RegistryArgs(google=google, images=self.images), ready)
        network = Network("network", NetworkArgs(google=google, agent=config.agent), ready)
        secrets = Secrets(
            "secrets",
            SecretsArgs(prefix=prefix, told=config.secrets, prefect_api_key=prefect_api_key()),
            ready,
        )
        storage = Storage(
            "storage", StorageArgs(prefix=prefix, google=google, told=self.storage), ready
        )
        made = images(config, registry, provider)
        runner = Runner(
            "runner",
            RunnerArgs(
                prefix=prefix,
                google=google,
                told=self.runner,
                default_template=self._default_template,
                image=made.references["runner"],
                network=network,
                secrets=secrets,
                storage=storage,
            ),
            ready,
        )
        agent = Agent(
            "agent",
            AgentArgs(
                prefix=prefix,
                google=google,
                told=config.agent,
                prefect=config.prefect,
                work_pool_type=self.worker,
                image=made.references["agent"],
                network=network,
                registry=registry,
                secrets=secrets,
                runner=runner,
            ),
            pulumi.ResourceOptions(provider=provider, depends_on=[network]),
        )
        return Site(
            job_template=runner.job_template,
            landing=storage.landing_url,
            warehouse=storage.warehouse_url,
            job_variables={"image": made.references["runner"]},
            version=made.digests["runner"],
            needs=[runner, *blocks(pulumi.get_stack(), google.project, storage.buckets)],
            outputs={
                "images": made.digests,
                "images_repository": registry.url,
                "images_revision": made.revision,
                "git_revision": git_revision(),
                **self._github(agent, secrets, ready),
            },
        )

    def _github(
        self, agent: Agent, secrets: Secrets, ready: pulumi.ResourceOptions
    ) -> dict[str, pulumi.Output[str]]:
        told = self.config.github
        if told is None:
            return {}
        args = GitHubArgs(
            prefix=self.prefix, google=self.google, told=told, agent=agent, secrets=secrets
        )
        github = GitHub("github", args, ready)
        return {
            "github_provider": github.provider,
            "github_deployer": github.deployer,
            "github_previewer": github.previewer,
        }
