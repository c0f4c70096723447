"""What a stack is: all that its file says, by section."""

from collections.abc import Iterator
from typing import Annotated, TypeAlias, get_args

from pydantic import Field

from . import docker, google, machine
from .images import Build, Promote
from .prefect import Prefect
from .section import Runner, Section

# A place is known to the configuration by its runner here, and by its sections below.
AnyRunner: TypeAlias = machine.Process | docker.Containers | google.CloudRun

RUNNERS: dict[str, type[Runner]] = {
    get_args(runner.model_fields["kind"].annotation)[0]: runner for runner in get_args(AnyRunner)
}


class _Everywhere(Section):
    prefect: Prefect
    runner: Annotated[AnyRunner, Field(discriminator="kind")]
    images: Annotated[Build | Promote, Field(discriminator="source")] | None = None


class StackConfig(google.Sections, docker.Sections, machine.Sections, _Everywhere):
    """What a stack is: a set of values. Code branches on these, never on the stack's name."""

    def contradictions(self) -> Iterator[str]:
        """Values that are right each by itself, and not together."""
        yield from self.runner.contradictions(self)
