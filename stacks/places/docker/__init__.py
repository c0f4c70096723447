"""The place `docker`: one Docker host; one logical entity a file."""

from ...config import StackConfig
from ...config.docker import Containers, Host
from ..place import Place
from .host import DockerHost


def place(config: StackConfig) -> Place:
    """The place of a stack whose ``runner`` is ``Containers``."""
    match config:
        case StackConfig(runner=Containers() as runner, host=Host() as host):
            return DockerHost(config.prefect, runner, host)
        case _:
            raise ValueError("host is missing: config.load() would have said so")
