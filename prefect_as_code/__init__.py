"""Prefect as code: Prefect objects as Pulumi resources, over Prefect's REST API."""

from .automation import Automation, AutomationArgs
from .block import Block, BlockArgs
from .block_type import BlockType, BlockTypeArgs
from .declared import UNDECLARED
from .deployment import Deployment, DeploymentArgs
from .errors import PrefectApiError, PrefectError, PrefectUnreachable
from .global_concurrency_limit import GlobalConcurrencyLimit, GlobalConcurrencyLimitArgs
from .job_variables import check_job_variables
from .look_up import (
    find_automation,
    find_block,
    find_deployment,
    find_global_concurrency_limit,
    find_variable,
    find_work_pool,
    find_work_queue,
)
from .remembered import flow_of, worker_of
from .service_account import ServiceAccount, ServiceAccountArgs
from .service_level_agreements import ServiceLevelAgreements, ServiceLevelAgreementsArgs
from .tag_concurrency_limit import TagConcurrencyLimit, TagConcurrencyLimitArgs
from .variable import Variable, VariableArgs
from .webhook import Webhook, WebhookArgs
from .work_pool import WorkPool, WorkPoolArgs
from .work_queue import WorkQueue, WorkQueueArgs, ordered_queues

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
    "ServiceAccount",
    "ServiceAccountArgs",
    "ServiceLevelAgreements",
    "ServiceLevelAgreementsArgs",
    "TagConcurrencyLimit",
    "TagConcurrencyLimitArgs",
    "Variable",
    "VariableArgs",
    "Webhook",
    "WebhookArgs",
    "WorkPool",
    "WorkPoolArgs",
    "WorkQueue",
    "WorkQueueArgs",
    "check_job_variables",
    "find_automation",
    "find_block",
    "find_deployment",
    "find_global_concurrency_limit",
    "find_variable",
    "find_work_pool",
    "find_work_queue",
    "flow_of",
    "ordered_queues",
    "worker_of",
]
