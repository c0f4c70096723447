"""Where Pulumi's Python SDK (3.250) is told what it would find out late, or not well.

It is not of the SDK's public names: where a version of it has no such thing, nothing is done, and
all works as the SDK has it.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

import pulumi
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


@contextmanager
def declared_here() -> Iterator[None]:
    """Have the SDK note, of a resource made meanwhile, the line of the program that declares it.

    By itself it takes our line for that, and keeps the whole stack besides, down to its own loop:
    the paths of one machine, and a third of the state, which a file backend writes at each step.
    """
    from pulumi.runtime import resource as sdk

    whole = getattr(sdk, "_get_stack_trace", None)
    if whole is None:
        yield
        return
    sdk._get_stack_trace = _line_of_the_program
    try:
        yield
    finally:
        sdk._get_stack_trace = whole


_FILES = (__file__, str(pulumi.__file__))
_NOT_THE_PROGRAM = tuple(f"{Path(file).parent}{os.sep}" for file in _FILES)


def _line_of_the_program() -> Any:
    from pulumi.runtime.proto import source_pb2

    frame: FrameType | None = sys._getframe()
    while frame and frame.f_code.co_filename.startswith(_NOT_THE_PROGRAM):
        frame = frame.f_back
    if frame is None or not Path(frame.f_code.co_filename).is_absolute():
        return source_pb2.StackTrace()
    uri = Path(frame.f_code.co_filename).as_uri()
    place = source_pb2.SourcePosition(uri=uri, line=frame.f_lineno)
    return source_pb2.StackTrace(frames=[source_pb2.StackFrame(pc=place)])


@lru_cache(maxsize=1)  # and what is returned has to be kept: the request ends with it
def _invoke(monitor: Any) -> object:
    """Of the dynamic provider, which declines it, as it knows no function at all, once it runs."""
    from pulumi.runtime.proto.resource_pb2 import ResourceInvokeRequest

    return monitor.Invoke.future(ResourceInvokeRequest(tok="pulumi-python:dynamic:start"))
