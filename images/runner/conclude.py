"""Tells Prefect of a run whose engine ended without doing so, and runs the hooks for that.

As `prefect flow-run execute` does it. Slow to start, and rarely needed. The status is 0 when
Prefect knows how the run ended.
"""

import asyncio
import contextlib
import inspect
import os
import sys
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from prefect._internal.infrastructure_exit_codes import get_infrastructure_exit_info
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import Abort, ObjectNotFound
from prefect.flows import Flow, load_flow_from_flow_run
from prefect.logging.handlers import APILogHandler
from prefect.logging.loggers import flow_run_logger
from prefect.states import Cancelled, Cancelling, Crashed
from prefect.utilities.engine import propose_state


async def conclude(client: PrefectClient, flow_run: FlowRun, ending: str, status: int) -> None:
    """``ending`` is ``cancelling``, ``never ran`` or ``crashed``."""
    state = flow_run.state
    if state is None or (state.is_final() and not state.is_crashed()):
        return  # it ended by itself before it could be stopped
    if ending == "never ran":
        message = "Flow run was cancelled before execution started."
        await client.set_flow_run_state(flow_run.id, Cancelled(message=message), force=True)
    elif ending == "cancelling" or state.is_cancelling():
        await _run_hooks(
            "on_cancellation_hooks", flow_run, Cancelling(message="Flow run was cancelled.")
        )
        message = "Flow run was cancelled successfully."
        await client.set_flow_run_state(flow_run.id, Cancelled(message=message), force=True)
    elif not state.is_crashed():
        await _crash(client, flow_run, status)


async def _crash(client: PrefectClient, flow_run: FlowRun, status: int) -> None:
    info = get_infrastructure_exit_info(status)
    message = f"Process exited with status code: {status}. {info.explanation}"
    logger = flow_run_logger(flow_run)
    logger.log(info.log_level, message)
    logger.info(info.resolution)
    try:
        state = await propose_state(client, Crashed(message=message), flow_run_id=flow_run.id)
    except Abort:
        return  # it ended in another way meanwhile
    if state.is_crashed():
        await _run_hooks("on_crashed_hooks", flow_run, state)


async def _run_hooks(which: str, flow_run: FlowRun, state: State[Any]) -> None:
    logger = flow_run_logger(flow_run)
    try:
        flow: Flow[..., Any] = await load_flow_from_flow_run(flow_run, use_placeholder_flow=False)
        hooks: Sequence[Any] = getattr(flow, which) or []
    except Exception:
        logger.warning("The flow cannot be loaded for its %s", which, exc_info=True)
        return
    for hook in hooks:
        name = getattr(hook, "__name__", type(hook).__name__)
        logger.info("Running hook %r in response to entering state %r", name, state.name)
        try:
            done = await asyncio.to_thread(hook, flow=flow, flow_run=flow_run, state=state)
            if inspect.isawaitable(done):
                await done
        except Exception:
            logger.exception("An error was encountered while running hook %r", name)
        else:
            logger.info("Hook %r finished running successfully", name)


async def main(flow_run_id: UUID, ending: str, status: int) -> None:
    async with get_client() as client:
        with contextlib.suppress(ObjectNotFound):  # deleted: there is nothing to tell
            await conclude(client, await client.read_flow_run(flow_run_id), ending, status)
    await APILogHandler.aflush()


if __name__ == "__main__":
    sys.path[0] = os.getcwd()  # the flow's imports are not to be found here
    asyncio.run(main(UUID(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
