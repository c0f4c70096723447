"""The place `google`: one logical entity a file, its identity and its grants inside."""

from ...config import StackConfig
from ...config.google import CloudRun, Google, Storage
from ...config.images import Build, Promote
from ..place import Place
from .cloud import Cloud


def place(config: StackConfig) -> Place:
    """The place of a stack whose ``runner`` is a ``CloudRun``."""
    match config:
        case StackConfig(
            runner=CloudRun() as runner,
            google=Google() as google,
            images=(Build() | Promote()) as images,
            storage=Storage() as storage,
        ):
            return Cloud(config, runner, google, images, storage)
        case _:
            raise ValueError("sections are missing: config.load() would have said which")
