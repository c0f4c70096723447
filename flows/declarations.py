"""How a flow says that it wants to be deployed; standard library only.

The Pulumi program reads these declarations without the packages that the flows need.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When a deployment runs by itself: exactly one of ``cron``, ``interval`` and ``rrule``.

    ``slug`` names the schedule within its deployment, so that it keeps its id and its scheduled
    runs while other things change. ``parameters`` replace the deployment's for these runs.
    """

    slug: str = "default"
    cron: str | None = None
    interval: timedelta | None = None
    anchor: datetime | None = None  # an interval counts from here
    rrule: str | None = None
    timezone: str = "UTC"
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FlowDeployment:
    """One flow that can run on the platform, by schedule or by hand.

    ``entrypoint`` is ``path/to/file.py:function``, from the root of the repository. ``cpu``
    (millicores as ``"1000m"``) and ``memory`` (``"512Mi"``) count where runs are Cloud Run jobs;
    unset, the stack's own hold. ``concurrency_limit`` is how many of its runs may go on at once.
    ``name`` tells two deployments of one flow apart; unset, the stack names it.
    """

    entrypoint: str
    name: str | None = None
    schedules: Sequence[Schedule] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    queue: str = "default"
    concurrency_limit: int | None = None
    cpu: str | None = None
    memory: str | None = None
