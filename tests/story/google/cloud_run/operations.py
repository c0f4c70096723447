"""Long-running operations: what Cloud Run answers to whatever changes something."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

_TYPE = "type.googleapis.com/google.cloud.run.v2."


@dataclass(frozen=True)
class Operation:
    """On a ``kind`` of resource, which ``look`` shows; ``over`` says whether it is through."""

    parent: str
    kind: str
    look: Callable[[], dict[str, Any]]
    over: Callable[[], bool]
    problem: Callable[[], str] = lambda: ""
    id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def name(self) -> str:
        return f"{self.parent}/operations/{self.id}"

    def resource(self) -> dict[str, Any]:
        """That one is not ``done`` it says by saying nothing. The error's code is that of a job
        without its secret, as seen in hashicorp/terraform-provider-google#15088.
        """
        typed = {"@type": f"{_TYPE}{self.kind}", **self.look()}
        if not self.over():
            return {"name": self.name, "metadata": typed}
        message = self.problem()
        end = {"error": {"code": 13, "message": message}} if message else {"response": typed}
        return {"name": self.name, "metadata": typed, "done": True, **end}
