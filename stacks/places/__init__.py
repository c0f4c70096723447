"""Where runs execute: a module or a folder each, chosen by ``runner.kind``."""

from importlib import import_module

from ..config import StackConfig
from .place import Place

# Loaded for its own stacks alone: Google's SDK takes seconds.
PLACES = {"process": "machine", "docker": "docker", "cloud-run": "google"}


def place_of(config: StackConfig) -> Place:
    """The place that the stack's runs execute in, before it stands."""
    place: Place = import_module(f"{__name__}.{PLACES[config.runner.kind]}").place(config)
    return place
