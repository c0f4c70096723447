"""A global concurrency limit: slots that flows, tasks and deployments share by its name."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pulumi

from .declared import UNDECLARED, Props
from .errors import PrefectError
from .names import object_name
from .paths import at
from .provider import Declared, PrefectProvider, PrefectResource, Problem
from .users import deployments_where, named

_TAG = "tag:"  # a tag's limit is the limit of this name; TagConcurrencyLimit keeps those


class GlobalConcurrencyLimitProvider(PrefectProvider):
    """Import id: the limit's name, or its uuid."""

    kind = "global concurrency limit"
    identity = ()
    natural = ("name",)

    def problems(self, fields: Props) -> Iterator[Problem]:
        name = str(fields.get("name", "-"))
        if wrong := object_name(name):
            yield "name", wrong
        elif name.startswith((_TAG, "deployment:")):
            yield "name", f"{name!r} is a name that Prefect gives by itself; use another"
        elif _is_id(name):
            yield "name", f"{name!r} would be taken for an id, of another limit; use another name"
        if (limit := fields.get("limit", 0)) is None or limit < 0:
            yield "limit", f"{limit!r} is no number of slots"

    def find(self, id_: str, fields: Props) -> Props | None:
        live: Props | None = self.api.call("GET", at("/v2/concurrency_limits/{}", id_))
        return live

    def lookup(self, fields: Props) -> Props | None:
        return self.find(fields["name"], fields)

    def make(self, fields: Props) -> Props:
        body = {k: v for k, v in fields.items() if v is not None}
        path = at("/v2/concurrency_limits/")
        made: Props = self.api.create(path, body, lambda: self.lookup(fields))
        return made

    def change(self, id_: str, olds: Props, news: Props, changed: Props) -> None:
        # Never active_slots: it counts what runs, and a PATCH would free live slots.
        self.api.call("PATCH", at("/v2/concurrency_limits/{}", id_), changed)

    def remove(self, id_: str, fields: Props) -> None:
        left = deployments_where(
            self.api, lambda d: (d.get("global_concurrency_limit") or {}).get("id") == id_
        )
        if left:
            raise PrefectError(
                f'The global concurrency limit "{self.key(fields)}" still holds back the '
                f"deployments {named(left)}, which would run without a limit: take it from them "
                "first."
            )
        self.api.call("DELETE", at("/v2/concurrency_limits/{}", id_))


def _is_id(name: str) -> bool:
    """Whether Prefect takes a limit's name for its id; it tries that first."""
    try:
        return bool(UUID(name))
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class GlobalConcurrencyLimitArgs:
    """``limit``: slots. ``slot_decay_per_second``: slots given back a second, for a rate limit."""

    name: pulumi.Input[str]
    limit: pulumi.Input[int]
    active: Declared[bool] = UNDECLARED
    slot_decay_per_second: Declared[float] = UNDECLARED


GlobalConcurrencyLimitProvider.args = GlobalConcurrencyLimitArgs


class GlobalConcurrencyLimit(PrefectResource, module="prefect", name="GlobalConcurrencyLimit"):
    """A global concurrency limit. Renamed in place; the slots in use are never touched."""

    provider = GlobalConcurrencyLimitProvider
    name: pulumi.Output[str]
