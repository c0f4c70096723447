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
    start_provider()


def start_provider() -> None:
    """Have the engine, if there is one, start its dynamic provider while the program goes on.

    The SDK sends the first resource when the program has ended, and the provider takes a quarter of
    a second from there.
    """
    with suppress(ImportError, AttributeError):
        _invoke(get_monitor())


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
def _invoke(monitor: Any) -> object:
    """Of the dynamic provider, which declines it, as it knows no function at all, once it runs."""
    from pulumi.runtime.proto.resource_pb2 import ResourceInvokeRequest

    return monitor.Invoke.future(ResourceInvokeRequest(tok="pulumi-python:dynamic:start"))
