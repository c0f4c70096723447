"""What else makes a deployment run: triggers as ``prefect.yaml`` has them, each an automation."""

from collections.abc import Mapping
from typing import Any

import pulumi

from .automation import AutomationArgs
from .errors import PrefectError

_ABOUT = ("name", "description", "enabled")  # of the automation
_RUN = ("parameters", "job_variables", "schedule_after")  # of the action


def automation_args(
    trigger: Mapping[str, Any], deployment: str, id_: pulumi.Input[str]
) -> AutomationArgs:
    """The automation that runs the deployment called ``deployment`` when ``trigger`` fires.

    Raises:
        PrefectError: the trigger has no name, by which it is found again when others change.
    """
    if not trigger.get("name"):
        raise PrefectError(
            f"A trigger of the deployment {deployment} needs a name; it has {sorted(trigger)}."
        )
    told = {k: v for k, v in trigger.items() if k not in _ABOUT + _RUN}
    run = {k: trigger[k] for k in _RUN if k in trigger}
    action = {"type": "run-deployment", "source": "selected", "deployment_id": id_, **run}
    about = {k: trigger[k] for k in _ABOUT if k in trigger}
    return AutomationArgs(**about, trigger=_whole(told), actions=[action])


def _whole(trigger: Mapping[str, Any]) -> dict[str, Any]:
    """With what ``prefect.yaml`` may leave out."""
    whole = {"type": "event", **trigger}
    if whole["type"] == "event":
        whole = {"posture": "Reactive", **whole}
    if "triggers" in whole:
        whole["triggers"] = [_whole(inner) for inner in whole["triggers"]]
    return whole
