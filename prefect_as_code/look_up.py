"""The ids of objects that somebody else owns, found by name while the program runs."""

import threading
from functools import cache
from typing import TYPE_CHECKING

import pulumi

from .automation import AutomationProvider
from .block import BlockProvider
from .connection import resolve
from .declared import Props
from .deployment import DeploymentProvider
from .errors import PrefectError
from .global_concurrency_limit import GlobalConcurrencyLimitProvider
from .provider import PrefectProvider
from .variable import VariableProvider
from .work_pool import WorkPoolProvider
from .work_queue import WorkQueueProvider

if TYPE_CHECKING:
    from .api import PrefectApi


def find_automation(name: str) -> str:
    """The id of an automation."""
    return _found(AutomationProvider(), {"name": name})


def find_block(key: str) -> str:
    """The id of a block document, by ``type-slug/name``."""
    slug, name = _parts(key, "type-slug/name")
    return _found(BlockProvider(), {"type_slug": slug, "name": name})


def find_deployment(key: str) -> str:
    """The id of a deployment, by ``flow/deployment``."""
    flow, name = _parts(key, "flow/deployment")
    return _found(DeploymentProvider(), {"flow_name": flow, "name": name})


def find_global_concurrency_limit(name: str) -> str:
    """The id of a global concurrency limit."""
    return _found(GlobalConcurrencyLimitProvider(), {"name": name})


def find_variable(name: str) -> str:
    """The id of a variable."""
    return _found(VariableProvider(), {"name": name})


def find_work_pool(name: str) -> str:
    """The id of a work pool, which is its name."""
    return _found(WorkPoolProvider(), {"name": name, "type": ""})


def find_work_queue(key: str) -> str:
    """The id of a work queue, by ``pool/queue``."""
    pool, name = _parts(key, "pool/queue")
    provider = WorkQueueProvider()
    provider.api = _api()
    live = provider.named({"work_pool_name": pool, "name": name})
    return _id(provider, live, key)


def _parts(key: str, form: str) -> tuple[str, str]:
    first, slash, second = key.partition("/")
    if not (first and slash and second):
        raise PrefectError(f"{key!r} is no {form}.")
    return first, second


def _found(provider: PrefectProvider, fields: Props) -> str:
    provider.api = _api()
    return _id(provider, provider.lookup(fields), provider.key(fields))


def _id(provider: PrefectProvider, live: Props | None, key: str) -> str:
    if live is None:
        raise PrefectError(f'There is no {provider.kind} "{key}" at {provider.api.url}.')
    return provider.id_of(live)


def _api() -> "PrefectApi":
    with _making:
        return _api_of(pulumi.get_project(), pulumi.get_stack())


@cache
def _api_of(project: str, stack: str) -> "PrefectApi":
    from .api import PrefectApi  # not needed where nothing is looked up

    return PrefectApi(resolve(pulumi.Config(project)))


_making = threading.Lock()
