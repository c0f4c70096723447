"""Prefect as code: Prefect objects as Pulumi resources, over Prefect's REST API."""

from .block import Block, BlockArgs
from .declared import UNDECLARED
from .deployment import Deployment, DeploymentArgs
from .errors import PrefectApiError, PrefectError, PrefectUnreachable
from .variable import Variable, VariableArgs
from .work_pool import WorkPool, WorkPoolArgs
from .work_queue import WorkQueue, WorkQueueArgs

__all__ = [
    "UNDECLARED",
    "Block",
    "BlockArgs",
    "Deployment",
    "DeploymentArgs",
    "PrefectApiError",
    "PrefectError",
    "PrefectUnreachable",
    "Variable",
    "VariableArgs",
    "WorkPool",
    "WorkPoolArgs",
    "WorkQueue",
    "WorkQueueArgs",
]
