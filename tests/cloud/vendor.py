"""What a plugin of one vendor has to answer; ``plugin.py`` speaks it at the protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tests.cloud.cloud import World
from tests.cloud.values import Props


@dataclass(frozen=True)
class Failure:
    """What is wrong with inputs; ``property`` is the path of one, or empty."""

    reason: str
    property: str = ""


@dataclass(frozen=True)
class Checked:
    inputs: Props
    failures: list[Failure] = field(default_factory=list)


@dataclass(frozen=True)
class Difference:
    """By path, whether what is different there takes another resource; ``deletes_first`` it."""

    changes: Mapping[str, bool] = field(default_factory=dict)
    deletes_first: bool = False


@dataclass(frozen=True)
class Found:
    inputs: Props
    state: Props


class Vendor(Protocol):
    """Whatever takes a ``World`` is done for real; all else happens in previews too.

    Whoever refuses raises a ``CloudError``.
    """

    accepts_secrets: bool

    def check_config(self, news: Props) -> Checked: ...
    def diff_config(self, olds: Props, news: Props) -> Difference: ...
    def configure(self, settings: Props) -> None: ...
    def invoke(self, token: str, args: Props, world: World) -> Props: ...
    def check(self, type_: str, name: str, olds: Props, news: Props, seed: bytes) -> Checked: ...
    def diff(self, type_: str, old_inputs: Props, state: Props, news: Props) -> Difference: ...

    def foresee(self, type_: str, news: Props, state: Props | None) -> Props:
        """What will be there, as far as is known now; without ``state``, of a new one."""
        ...

    def create(self, type_: str, name: str, inputs: Props, world: World) -> tuple[str, Props]: ...

    def read(
        self, type_: str, id_: str, inputs: Props, state: Props, world: World
    ) -> Found | None: ...

    def update(self, type_: str, id_: str, state: Props, news: Props, world: World) -> Props: ...
    def delete(self, type_: str, id_: str, state: Props, world: World) -> None: ...
