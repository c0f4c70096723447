"""An image that comes from another registry, as it is: the same digest there and here."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import (
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from .errors import RegistryError
from .reference import Reference
from .registry import Registry

Props = dict[str, Any]
_FIELDS: Sequence[str] = ("source", "target", "digest")


class CopiedImageProvider(ResourceProvider):
    """State names this class by module path: moving it orphans what is deployed."""

    def configure(self, req: ConfigureRequest) -> None:
        sys.tracebacklimit = 0  # Pulumi prints the traceback of whatever a hook raises

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        return DiffResult(any(_olds.get(name) != _news.get(name) for name in _FIELDS))

    def create(self, props: Props) -> CreateResult:
        _copy(props)
        return CreateResult(props["target"], props)

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        _copy(_news)  # the old one stays: it may be wanted again, and runs may still start from it
        return UpdateResult(_news)

    def read(self, id_: str, props: Props) -> ReadResult:
        told = {name: props[name] for name in _FIELDS}
        return ReadResult(id_, props, told) if _is_there(props) else ReadResult("", {})

    def delete(self, _id: str, _props: Props) -> None:
        """The repository's own clean-up removes images, and its end all of them."""


def _is_there(props: Props) -> bool:
    try:
        return Registry().holds(Reference.of(props["target"], props["digest"]))
    except RegistryError as error:
        raise error from None


def _copy(props: Props) -> None:
    digest = props["digest"]
    source, target = (Reference.of(props[side], digest) for side in ("source", "target"))
    try:
        Registry().copy(source, target)
    except RegistryError as error:
        raise error from None


@dataclass(frozen=True, kw_only=True)
class CopiedImageArgs:
    """``source`` and ``target`` are ``host/repository``, the image's name at the end."""

    source: pulumi.Input[str]
    target: pulumi.Input[str]
    digest: pulumi.Input[str]


class CopiedImage(Resource, module="oci", name="CopiedImage"):
    """Copied by digest, verified by digest. ``digest`` is known once the image is there."""

    digest: pulumi.Output[str]

    def __init__(
        self, name: str, args: CopiedImageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        told = {field: getattr(args, field) for field in _FIELDS}
        super().__init__(CopiedImageProvider(), name, told, opts)
