"""Where a build's result goes, as docker-build reads it: as words of buildx's command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.cloud.values import Props

KINDS = ("tar", "local", "registry", "image", "oci", "docker", "cacheonly", "raw")
_WITH_IMAGE = ("registry", "image", "oci", "docker")
_WORDS = {"ociMediaTypes": "oci-mediatypes", "pushByDigest": "push-by-digest"}
_COMPRESSION = ("compression", "compressionLevel", "forceCompression")


@dataclass(frozen=True)
class Export:
    """``kinds`` has one, unless somebody has told more; of several names the last one counts."""

    kinds: tuple[str, ...]
    names: tuple[str, ...]
    attributes: Mapping[str, str]

    @classmethod
    def of(cls, told: Props) -> "Export":
        kinds = [kind for kind in KINDS if kind in told]
        names: list[str] = []
        attributes: dict[str, str] = {}
        for kind in kinds:
            if kind == "raw":
                words = dict(word.partition("=")[::2] for word in told[kind].split(",") if word)
                kinds[kinds.index(kind)] = words.pop("type", "")
                names += [words.pop("name")] if "name" in words else []
                attributes |= words
            else:
                names += told[kind].get("names", [])
                attributes |= _attributes(told[kind])
        return cls(tuple(filter(None, kinds)), tuple(names), attributes)

    @property
    def is_pushed(self) -> bool:
        by_itself = "true" if "registry" in self.kinds else "false"
        return self.has_image and self.attributes.get("push", by_itself) == "true"

    @property
    def has_image(self) -> bool:
        return any(kind in _WITH_IMAGE for kind in self.kinds)

    @property
    def name(self) -> str:
        return self.names[-1] if self.names else ""


def _attributes(told: Props) -> dict[str, str]:
    aside = {"names"} if told.get("compressionLevel") else {"names", *_COMPRESSION}
    return {_WORDS.get(n, n): _word(value) for n, value in told.items() if n not in aside}


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
