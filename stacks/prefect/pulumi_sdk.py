"""Where Pulumi's Python SDK (3.250) is told sooner what it would find out late.

All of it only saves time. It is not of the SDK's public names: where a version of it has no such
thing, nothing is done, and all works as the SDK has it.
"""

import asyncio
from contextlib import suppress
from functools import lru_cache
from typing import Any

from pulumi.runtime.settings import get_monitor


def hasten() -> None:
    """To be called before a resource is made, while the program's event loop does not run yet."""
    with suppress(ImportError, AttributeError):
        _wait_one_by_one()
    with suppress(ImportError, AttributeError):
        _start_provider(get_monitor())


def _wait_one_by_one() -> None:
    """Have the end of the program wait for one registration after the other.

    The SDK does so where one has begun by then; else, at each output that is known, it asks all
    outputs of all resources anew: of 1,000 deployments 30 seconds of the program's CPU.
    """
    from pulumi.runtime.settings import _get_rpc_manager

    begun = _get_rpc_manager().rpcs
    if not begun:
        begun.append(asyncio.ensure_future(asyncio.sleep(0)))


@lru_cache(maxsize=1)  # and what is returned has to be kept: the request ends with it
def _start_provider(monitor: Any) -> object:
    """Have the engine start its dynamic provider while the program declares its resources.

    The SDK sends the first of them when the program has ended, and the provider takes a quarter of
    a second from there. An invoke starts it too; it declines this one, as it knows none at all.
    """
    from pulumi.runtime.proto.resource_pb2 import ResourceInvokeRequest

    return monitor.Invoke.future(ResourceInvokeRequest(tok="pulumi-python:dynamic:start"))
