"""What runs: images of this repository's files, held by a registry, known by their digests."""

from .built import (
    ASIDE,
    CONTENT,
    CONTEXTS,
    EXECUTE,
    FLOWS,
    BuiltImage,
    BuiltImageArgs,
    digest_of,
    labels,
    plugin,
    reference,
)
from .held import held
from .permissions import settle
from .revision import git_revision

__all__ = [
    "ASIDE",
    "CONTENT",
    "CONTEXTS",
    "EXECUTE",
    "FLOWS",
    "BuiltImage",
    "BuiltImageArgs",
    "digest_of",
    "git_revision",
    "held",
    "labels",
    "plugin",
    "reference",
    "settle",
]
