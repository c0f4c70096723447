"""Google Cloud: one logical entity a file, its identity and its grants inside."""

from .agent import Agent, AgentArgs
from .github import GitHub, GitHubArgs
from .network import Network, NetworkArgs
from .registry import Registry, RegistryArgs
from .runner import WORKER, Runner, RunnerArgs, default_job_template
from .secrets import Secrets, SecretsArgs
from .services import Services, ServicesArgs
from .storage import Storage, StorageArgs

__all__ = [
    "WORKER",
    "Agent",
    "AgentArgs",
    "GitHub",
    "GitHubArgs",
    "Network",
    "NetworkArgs",
    "Registry",
    "RegistryArgs",
    "Runner",
    "RunnerArgs",
    "Secrets",
    "SecretsArgs",
    "Services",
    "ServicesArgs",
    "Storage",
    "StorageArgs",
    "default_job_template",
]
