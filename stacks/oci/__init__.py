"""Images in registries, by their digests: whether one is there, and how it comes into another."""

from .errors import RegistryError
from .image import CopiedImage, CopiedImageArgs
from .reference import Reference, google_repository
from .registry import Registry

__all__ = [
    "CopiedImage",
    "CopiedImageArgs",
    "Reference",
    "Registry",
    "RegistryError",
    "google_repository",
]
