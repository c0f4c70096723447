"""Which failures pass by themselves: told by their cause, whatever library raised them."""

from collections.abc import Iterator
from errno import EAGAIN, EBUSY, ECONNRESET, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT
from itertools import chain
from typing import Any

from flows.warehouse.door import WarehouseUnavailable

PATIENCE = [1.0, 2.0, 5.0, 10.0, 20.0, 30.0]  # seconds between the tries of a task

BUSY = {408, 425, 429, 500, 502, 503, 504}  # what a server answers that may do better soon
OUT_OF_REACH = {EAGAIN, EBUSY, ECONNRESET, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT}


def worth_retrying(_task: Any, _run: Any, state: Any) -> bool:
    """For ``retry_condition_fn``: another try is for a place that was busy or out of reach."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, BaseException) and passes(error)


def passes(error: BaseException) -> bool:
    """Whether the same may succeed in a minute: the network failed, or a server was busy."""
    # A ValueError is a verdict on what was given, whatever was tried on the way to it.
    return not isinstance(error, ValueError) and any(map(_out_of_reach, _causes(error)))


def _out_of_reach(error: BaseException) -> bool:
    if isinstance(error, WarehouseUnavailable | ConnectionError | TimeoutError):
        return True
    if isinstance(error, OSError) and error.errno in OUT_OF_REACH:
        return True
    if _status(error) in BUSY:
        return True
    # aiohttp, botocore, urllib3 and requests have classes of their own for a broken connection.
    networks = ("aiohttp", "botocore", "urllib3", "requests", "google")
    return any(
        each.__module__.startswith(networks)
        and ("Connection" in each.__name__ or "Timeout" in each.__name__)
        for each in type(error).__mro__
    )


def _status(error: BaseException) -> int | None:
    """The HTTP status that a store answered with."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):  # as botocore keeps it
        response = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    else:
        response = getattr(response, "status_code", None)
    # One after the other, as aiohttp warns whoever reads its `code`.
    told = chain([response], (getattr(error, name, None) for name in ("status", "code")))
    return next((int(each) for each in told if isinstance(each, int)), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
