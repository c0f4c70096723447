"""Where runs execute, in the words that the Prefect side of a stack needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pulumi


@dataclass(frozen=True, kw_only=True)
class Site:
    """A place that stands.

    ``job_variables`` are every deployment's, and so is ``version``, which a run keeps of the
    deployment that it was made of; ``needs`` what has to be there before a run.
    """

    job_template: Mapping[str, Any]
    landing: pulumi.Input[str]
    warehouse: pulumi.Input[str]
    job_variables: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    version: pulumi.Input[str] | None = None
    needs: Sequence[pulumi.Resource] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)


class Place(Protocol):
    """A place, before it stands.

    ``worker`` is the type of the pool; ``directory`` is where the flows lie already when a run
    starts, in an image or on the worker's disk; ``sized`` are the job variables of a flow that asks
    for so many CPUs and so much memory, in Cloud Run's words (``2000m``, ``2Gi``), which were
    checked for every stack; None is the stack's own.
    """

    @property
    def worker(self) -> str: ...
    @property
    def directory(self) -> str: ...

    def sized(self, cpu: str | None, memory: str | None) -> Mapping[str, Any]: ...
    def build(self) -> Site: ...
