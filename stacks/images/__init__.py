"""What runs: images of this repository's files, held by a registry, known by their digests."""

from .built import (
    ASIDE,
    CONTENT,
    CONTEXTS,
    BuiltImage,
    BuiltImageArgs,
    labels,
    plugin,
    reference,
)
from .held import LostImageError, held
from .permissions import settle
from .revision import git_revision, last_change

__all__ = [
    "ASIDE",
    "CONTENT",
    "CONTEXTS",
    "BuiltImage",
    "BuiltImageArgs",
    "LostImageError",
    "git_revision",
    "held",
    "labels",
    "last_change",
    "plugin",
    "reference",
    "settle",
]
