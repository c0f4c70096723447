"""Prefect as code: Prefect objects as Pulumi resources, over Prefect's REST API."""

from .automation import Automation, AutomationArgs
from .block import Block, BlockArgs
from .block_type import BlockType, BlockTypeArgs
from .declared import UNDECLARED
from .deployment import Deployment, DeploymentArgs
from .errors import PrefectApiError, PrefectError, PrefectUnreachable
from .global_concurrency_limit import GlobalConcurrencyLimit, GlobalConcurrencyLimitArgs
from .tag_concurrency_limit import TagConcurrencyLimit, TagConcurrencyLimitArgs
from .variable import Variable, VariableArgs
from .work_pool import WorkPool, WorkPoolArgs
from .work_queue import WorkQueue, WorkQueueArgs

__all__ = [
    "UNDECLARED",
    "Automation",
    "AutomationArgs",
    "Block",
    "BlockArgs",
    "BlockType",
    "BlockTypeArgs",
    "Deployment",
    "DeploymentArgs",
    "GlobalConcurrencyLimit",
    "GlobalConcurrencyLimitArgs",
    "PrefectApiError",
    "PrefectError",
    "PrefectUnreachable",
    "TagConcurrencyLimit",
    "TagConcurrencyLimitArgs",
    "Variable",
    "VariableArgs",
    "WorkPool",
    "WorkPoolArgs",
    "WorkQueue",
    "WorkQueueArgs",
]
