"""A work queue: a share of a work pool, with a rank and a limit of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pulumi

from .declared import UNDECLARED, Props, without
from .errors import PrefectError
from .names import object_name
from .paths import at
from .provider import Declared, PrefectProvider, PrefectResource, Problem
from .users import automations_naming, named

_DEFAULT = "default"  # every pool has it from the start; the server answers 500 to its deletion


class WorkQueueProvider(PrefectProvider):
    """Import id: ``pool/queue``, or the queue's uuid."""

    kind = "work queue"
    identity = ("work_pool_name",)
    natural = ("work_pool_name", "name")
    refers = MappingProxyType({"work pool": ("work_pool_name",)})

    def problems(self, fields: Props) -> Iterator[Problem]:
        if "name" in fields and (wrong := object_name(fields["name"])):
            yield "name", wrong
        if (rank := fields.get("priority")) is not None and rank < 1:
            yield "priority", f"{rank} is no priority; 1 is the highest, then 2, 3, …"

    def find(self, id_: str, fields: Props) -> Props | None:
        live: Props | None = self.api.call("GET", at("/work_queues/{}", id_))
        return live

    def lookup(self, fields: Props) -> Props | None:
        if fields["name"] == _DEFAULT:
            return None  # made with its pool: ours to take when the pool is
        return self.named(fields)

    def make(self, fields: Props) -> Props:
        if fields["name"] == _DEFAULT:
            live = self.named(fields)
            if live is None:
                raise PrefectError(f'There is no work pool "{fields["work_pool_name"]}".')
            settings = without(fields, ("work_pool_name", "name"))
            if settings:
                self.api.call("PATCH", at("/work_queues/{}", live["id"]), settings)
            return live
        path = at("/work_pools/{}/queues", fields["work_pool_name"])
        made: Props = self.api.create(
            path, without(fields, self.identity), lambda: self.named(fields)
        )
        return made

    def change(self, id_: str, olds: Props, news: Props, changed: Props) -> None:
        self.api.call("PATCH", at("/work_queues/{}", id_), without(changed, self.identity))

    def remove(self, id_: str, fields: Props) -> None:
        if fields["name"] == _DEFAULT:
            return  # it goes with its pool
        inside = {"work_pool_queues": {"id": {"any_": [id_]}}}
        left = [d["name"] for d in self.api.pages(at("/deployments/filter"), inside)]
        if left:
            raise PrefectError(
                f'The work queue "{self.key(fields)}" still holds deployments: '
                f"{named(left)}. Without it their runs would go nowhere: "
                "move or delete them first."
            )
        self.api.call("DELETE", at("/work_queues/{}", id_))
        if left := automations_naming(self.api, id_):
            pulumi.log.warn(
                f'The work queue "{self.key(fields)}" is gone, which these automations name: '
                f"{named(left)}. Unless this update changes them, their actions fail."
            )

    def named(self, fields: Props) -> Props | None:
        """The live queue of this pool and name, the default one too."""
        path = at("/work_pools/{}/queues/{}", fields["work_pool_name"], fields["name"])
        live: Props | None = self.api.call("GET", path)
        return live


@dataclass(frozen=True, kw_only=True)
class WorkQueueArgs:
    """``priority`` is a rank in the pool, 1 the highest: giving one moves the others down.

    ``concurrency_limit``: runs at once.
    """

    work_pool_name: pulumi.Input[str]
    name: pulumi.Input[str]
    description: Declared[str] = UNDECLARED
    is_paused: Declared[bool] = UNDECLARED
    concurrency_limit: Declared[int] = UNDECLARED
    priority: Declared[int] = UNDECLARED


WorkQueueProvider.args = WorkQueueArgs


class WorkQueue(PrefectResource, module="prefect", name="WorkQueue"):
    """A work queue. Renamed in place, its deployments follow; another pool replaces it."""

    provider = WorkQueueProvider
    name: pulumi.Output[str]


def ordered_queues(
    pool: pulumi.Input[str],
    names: Sequence[str],
    opts: pulumi.ResourceOptions | None = None,
) -> list[WorkQueue]:
    """The queues of a pool in the order of their priority, the first the highest.

    Each is made after the one before it: a new rank moves those below, and so they would race.
    """
    queues: list[WorkQueue] = []
    for rank, name in enumerate(names, start=1):
        after = pulumi.ResourceOptions(depends_on=queues[-1:])
        args = WorkQueueArgs(work_pool_name=pool, name=name, priority=rank)
        queues.append(WorkQueue(f"queue-{name}", args, pulumi.ResourceOptions.merge(opts, after)))
    return queues
