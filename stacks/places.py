"""Where runs execute, in the words that the Prefect side of a stack needs."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

import pulumi

from prefect_as_code import worker_of

from .runner import job_template
from .sections import Data


@dataclass(frozen=True, kw_only=True)
class Lake:
    """The project, and the buckets in it, that runs reach with the identity they have."""

    project: str
    buckets: Mapping[str, pulumi.Input[str]]


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
    lake: Lake | None = None
    needs: Sequence[pulumi.Resource] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)


class Place(Protocol):
    """A place, before it stands.

    ``directory`` is where the flows lie when they run; ``overridable`` what of a declaration
    counts here, by the name that the worker's ``default_template`` has for it.
    """

    @property
    def worker(self) -> str: ...
    @property
    def directory(self) -> str: ...
    @property
    def default_template(self) -> Mapping[str, Any]: ...
    @property
    def overridable(self) -> Sequence[str]: ...

    def build(self) -> Site: ...


class Machine:
    """The machine of the worker: runs are its processes, and the flows are this folder's."""

    overridable: Sequence[str] = ()

    def __init__(self, data: Data) -> None:
        self.data = data
        self.directory = os.getcwd()
        packaged = worker_of("prefect.workers.process:ProcessWorker")
        self.worker: str = packaged["type"]
        self.default_template: dict[str, Any] = packaged["base_job_template"]

    def build(self) -> Site:
        env = {"DATAFLOWS_STACK": pulumi.get_stack()}
        return Site(
            job_template=job_template(
                self.default_template, {"env": env, "working_dir": self.directory}
            ),
            landing=self._absolute(self.data.landing),
            warehouse=self._absolute(self.data.warehouse),
        )

    def _absolute(self, url: str) -> str:
        """``file://./x``, which starts at the repository, as a URL that starts at ``/``."""
        scheme, _, path = url.partition("://")
        return f"{scheme}://{quote(self.directory)}{path[1:]}" if path.startswith("./") else url
