"""Google Cloud as the place where runs execute: its parts, connected."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp

from prefect_as_code import worker_of

from . import gcp
from .config import StackConfig, prefect_api_key
from .held import held
from .images import BuiltImage, BuiltImageArgs, plugin, reference
from .oci import CopiedImage, CopiedImageArgs
from .places import Lake, Site
from .revision import git_revision
from .sections import Build, CloudRun, Google, Promote, Storage


@dataclass(frozen=True, kw_only=True)
class _Images:
    """By image, its digest and its reference; ``revision``: the commit that they are of."""

    digests: dict[str, pulumi.Output[str]]
    references: dict[str, pulumi.Output[str]]
    revision: str


class Cloud:
    """A Google Cloud project: runs are Cloud Run jobs, and the flows are in their image."""

    directory: str = "/opt/dataflows"
    overridable: Sequence[str] = ("cpu", "memory")

    def __init__(
        self,
        config: StackConfig,
        runner: CloudRun,
        google: Google,
        images: Build | Promote,
        storage: Storage,
    ) -> None:
        self.config, self.runner, self.google = config, runner, google
        self.images, self.storage = images, storage
        packaged = worker_of(gcp.WORKER)
        self.worker: str = packaged["type"]
        self.default_template = gcp.default_job_template(packaged["base_job_template"])
        self.prefix = f"df-{pulumi.get_stack()}"

    def build(self) -> Site:
        config, google = self.config, self.google
        provider = pulumi_gcp.Provider(
            "google",
            project=google.project,
            region=google.region,
            default_labels=google.labels,
        )
        services = gcp.Services(
            "services",
            gcp.ServicesArgs(scanning=self.images.scanning),
            pulumi.ResourceOptions(provider=provider),
        )
        ready = pulumi.ResourceOptions(provider=provider, depends_on=[services])
        registry = gcp.Registry(
            "registry",
            gcp.RegistryArgs(
                repository=self.images.repository,
                project=google.project,
                location=google.region,
                scanning=self.images.scanning,
                build_cache=isinstance(self.images, Build),
                needed=self._promoted(),
            ),
            ready,
        )
        network = gcp.Network(
            "network",
            gcp.NetworkArgs(region=google.region, nat=config.agent.egress == "nat"),
            ready,
        )
        secrets = gcp.Secrets(
            "secrets",
            gcp.SecretsArgs(
                prefix=self.prefix, prefect_api_key=prefect_api_key(), names=config.secrets.names
            ),
            ready,
        )
        storage = gcp.Storage(
            "storage",
            gcp.StorageArgs(
                prefix=f"{google.project}-{self.prefix}",
                project=google.project,
                location=self.storage.location or google.region,
                dataset=self.storage.dataset,
                landing_days=self.storage.landing_days,
                delete_data=self.storage.on_destroy == "delete",
            ),
            ready,
        )
        images = self._images(registry, provider)
        runner = self._runner(images, network, secrets, storage, ready)
        agent = self._agent(images, registry, network, secrets, runner, provider)
        return Site(
            job_template=runner.job_template,
            landing=storage.landing_url,
            warehouse=storage.warehouse_url,
            job_variables={"image": images.references["runner"]},
            version=images.digests["runner"],
            lake=Lake(project=google.project, buckets=storage.buckets),
            needs=[runner],
            outputs={
                "images": images.digests,
                "images_repository": registry.url,
                "images_revision": images.revision,
                "git_revision": git_revision(),
                **self._github(agent, secrets, ready),
            },
        )

    def _promoted(self) -> list[str]:
        """The digests that this stack runs and that a rollback can return to, each once."""
        if isinstance(self.images, Build):
            return []
        history = (self.images.now, *self.images.before)
        return list(dict.fromkeys(digest for p in history for digest in (p.agent, p.runner)))

    def _images(self, registry: gcp.Registry, provider: pulumi_gcp.Provider) -> _Images:
        token = pulumi_gcp.organizations.get_client_config_output(
            opts=pulumi.InvokeOptions(provider=provider)
        ).access_token
        match self.images:
            case Build(base_image=base_image):
                github = self.config.github
                args = BuiltImageArgs(
                    registry_host=registry.host,
                    registry_url=registry.url,
                    cache_url=registry.cache_url,
                    token=token,
                    base_image=base_image,
                    source=f"https://github.com/{github.repository}" if github else None,
                )
                into = pulumi.ResourceOptions(providers=[provider, plugin()], depends_on=[registry])
                built = {name: BuiltImage(name, args, into) for name in ("agent", "runner")}
                return _Images(
                    digests={name: image.digest for name, image in built.items()},
                    references={name: image.reference for name, image in built.items()},
                    revision=git_revision(),
                )
            case Promote(now=now):
                copied = {
                    name: CopiedImage(
                        f"{name}-image",
                        CopiedImageArgs(
                            source=f"{now.copied_from}/{name}",
                            target=f"{registry.url}/{name}",
                            digest=digest,
                        ),
                        pulumi.ResourceOptions(depends_on=[registry]),
                    )
                    for name, digest in (("agent", now.agent), ("runner", now.runner))
                }
                digests = {
                    name: held(image, f"{registry.url}/{name}", image.digest, token)
                    for name, image in copied.items()
                }
                return _Images(
                    digests=digests,
                    references={n: reference(registry.url, n, d) for n, d in digests.items()},
                    revision=now.git_revision,
                )

    def _runner(
        self,
        images: _Images,
        network: gcp.Network,
        secrets: gcp.Secrets,
        storage: gcp.Storage,
        ready: pulumi.ResourceOptions,
    ) -> gcp.Runner:
        told = self.runner
        read = {ref.secret: ref.secret for ref in told.env_from_secrets.values()}
        return gcp.Runner(
            "runner",
            gcp.RunnerArgs(
                prefix=self.prefix,
                project=self.google.project,
                region=self.google.region,
                default_template=self.default_template,
                image=images.references["runner"],
                cpu=told.cpu,
                memory=told.memory,
                timeout=told.timeout,
                labels=self.google.labels,
                env={**told.env, "DATAFLOWS_STACK": pulumi.get_stack()},
                env_from_secrets={
                    name: ref.model_dump() for name, ref in told.env_from_secrets.items()
                },
                prefect_api_key={
                    "secret": secrets.prefect_api_key.secret_id,
                    "version": secrets.prefect_api_key_version.version,
                },
                egress=told.egress,
                network=network.network_id,
                subnetwork=network.subnetwork_id,
                secrets={
                    "prefect-api-key": secrets.prefect_api_key.secret_id,
                    **{name: secrets.made.get(name, name) for name in read},
                },
                buckets=storage.buckets,
                datasets=storage.datasets,
            ),
            ready,
        )

    def _agent(
        self,
        images: _Images,
        registry: gcp.Registry,
        network: gcp.Network,
        secrets: gcp.Secrets,
        runner: gcp.Runner,
        provider: pulumi_gcp.Provider,
    ) -> gcp.Agent:
        told, prefect = self.config.agent, self.config.prefect
        return gcp.Agent(
            "agent",
            gcp.AgentArgs(
                prefix=self.prefix,
                project=self.google.project,
                region=self.google.region,
                zones=self.google.zones,
                availability=told.availability,
                machine_type=told.machine_type,
                network=network.network_id,
                subnetwork=network.subnetwork_id,
                external_ip=told.egress == "external-ip",
                image=images.references["agent"],
                registry=registry.host,
                repository=registry.repository,
                api_url=prefect.api_url or "",  # load() has seen that it is there
                headers=prefect.headers,
                work_pool=prefect.work_pool,
                work_pool_type=self.worker,
                concurrency_limit=told.concurrency_limit,
                api_key=secrets.prefect_api_key.secret_id,
                api_key_version=secrets.prefect_api_key_version.name,
                runner=runner.identity.name,
            ),
            pulumi.ResourceOptions(provider=provider, depends_on=[network]),
        )

    def _github(
        self, agent: gcp.Agent, secrets: gcp.Secrets, ready: pulumi.ResourceOptions
    ) -> dict[str, pulumi.Output[str]]:
        told = self.config.github
        if told is None:
            return {}
        github = gcp.GitHub(
            "github",
            gcp.GitHubArgs(
                prefix=self.prefix,
                project=self.google.project,
                repository=told.repository,
                repository_id=told.repository_id,
                owner_id=told.owner_id,
                environment=told.environment,
                acts_as={"agent": agent.identity.name},
                # No secret to a previewer: the program that it runs is handed this very key.
                refreshed={"prefect-api-key": secrets.prefect_api_key.secret_id},
            ),
            ready,
        )
        return {
            "github_provider": github.provider,
            "github_deployer": github.deployer,
            "github_previewer": github.previewer,
        }
