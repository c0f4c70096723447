"""What all sections of ``Pulumi.<stack>.yaml`` share, and what ``runner`` does of each kind."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, TypeAlias

import pulumi
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from .cloud_run import MEMORY

# What the platform itself tells every run.
OURS = ("DATAFLOWS_STACK", "PREFECT_API_URL", "PREFECT_API_KEY")


def free(told: dict[str, Any]) -> dict[str, Any]:
    """Environment variables, if the platform sets none of them."""
    if taken := sorted(told.keys() & set(OURS)):
        raise ValueError(f"sets {', '.join(taken)}, which the platform sets; remove it")
    return told


Memory: TypeAlias = Annotated[str, Field(pattern=MEMORY, examples=["512Mi", "2Gi"])]
Variable: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", examples=["SHOP_TOKEN"])
]
Environment: TypeAlias = Annotated[dict[Variable, str], AfterValidator(free)]


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
