"""Images in registries, by their digests: whether one is there, and how it comes into another."""

from .errors import RegistryError
from .image import CopiedImage, CopiedImageArgs
from .reference import Reference
from .registry import Registry

__all__ = ["CopiedImage", "CopiedImageArgs", "Reference", "Registry", "RegistryError"]
