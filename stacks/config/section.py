"""What all sections of ``Pulumi.<stack>.yaml`` share, and what ``runner`` does of each kind."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pulumi
from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One block of ``Pulumi.<stack>.yaml``. Immutable; a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Runner(Section):
    """Where runs execute; ``kind`` says which of the places in ``stacks/places/`` it is.

    ``needed`` are the sections that such a stack has to have beside ``prefect`` and ``runner``,
    ``welcome`` those that it may have.
    """

    kind: str
    needed: ClassVar[frozenset[str]] = frozenset()
    welcome: ClassVar[frozenset[str]] = frozenset()

    def contradictions(self, stack: Any) -> Iterator[str]:
        """Values of a ``StackConfig`` that are right each by itself, and not together."""
        yield from ()

    @classmethod
    def problems(cls, config: pulumi.Config) -> Iterator[str]:
        """What is wrong with what no section holds: secrets, the stack's name."""
        yield from ()
