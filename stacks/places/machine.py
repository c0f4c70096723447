"""The place `machine`: runs are processes of the worker, on its machine."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from prefect_as_code import worker_of

from ..config import StackConfig
from ..config.machine import Data
from .place import Place, Site
from .template import job_template


def place(config: StackConfig) -> Place:
    """The place of a stack whose ``runner`` is a ``Process``."""
    if config.data is None:
        raise ValueError("data is missing: config.load() would have said so")
    return Machine(config.data)


class Machine:
    """The machine of the worker: runs are its processes, and the flows are this folder's."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self.directory = os.getcwd()
        packaged = worker_of("prefect.workers.process:ProcessWorker")
        self.worker: str = packaged["type"]
        self._default_template: dict[str, Any] = packaged["base_job_template"]

    def sized(self, cpu: str | None, memory: str | None) -> Mapping[str, Any]:
        return {}  # a process has what the machine has

    def build(self) -> Site:
        return Site(
            job_template=job_template(self._default_template, {"working_dir": self.directory}),
            landing=self._absolute(self.data.landing),
            warehouse=self._absolute(self.data.warehouse),
        )

    def _absolute(self, url: str) -> str:
        """``file://./x``, which starts at the repository, as a URL that starts at ``/``."""
        scheme, _, path = url.partition("://")
        return f"{scheme}://{quote(self.directory)}{path[1:]}" if path.startswith("./") else url
