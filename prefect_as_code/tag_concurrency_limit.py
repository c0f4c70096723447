"""A tag concurrency limit: how many task runs with a tag may go on at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi

from .declared import Props
from .names import object_name
from .paths import at
from .provider import PrefectProvider, PrefectResource, Problem


class TagConcurrencyLimitProvider(PrefectProvider):
    """Import id: the tag.

    Prefect keeps it as the global limit ``tag:<tag>``. By that name it is changed in place; the
    older endpoint would overwrite the limit of whoever had it first.
    """

    kind = "tag concurrency limit"
    identity = ("tag",)
    natural = ("tag",)

    def id_of(self, live: Props) -> str:
        return str(live["name"]).removeprefix("tag:")

    def problems(self, fields: Props) -> Iterator[Problem]:
        if wrong := object_name(str(fields.get("tag", "-"))):
            yield "tag", wrong
        if (limit := fields.get("concurrency_limit", 0)) is None or limit < 0:
            yield "concurrency_limit", f"{limit!r} is no number of task runs"

    def find(self, id_: str, fields: Props) -> Props | None:
        live: Props | None = self.api.call("GET", at("/v2/concurrency_limits/tag:{}", id_))
        return live

    def lookup(self, fields: Props) -> Props | None:
        return self.find(fields["tag"], fields)

    def make(self, fields: Props) -> Props:
        body = {"name": f"tag:{fields['tag']}", "limit": fields["concurrency_limit"]}
        path = at("/v2/concurrency_limits/")
        made: Props = self.api.create(path, body, lambda: self.lookup(fields))
        return made

    def change(self, id_: str, olds: Props, news: Props, changed: Props) -> None:
        body = {"limit": changed["concurrency_limit"]}
        self.api.call("PATCH", at("/v2/concurrency_limits/tag:{}", id_), body)

    def remove(self, id_: str, fields: Props) -> None:
        self.api.call("DELETE", at("/v2/concurrency_limits/tag:{}", id_))

    def seen(self, live: Props, fields: Props) -> Props:
        return {"concurrency_limit": live["limit"]}


@dataclass(frozen=True, kw_only=True)
class TagConcurrencyLimitArgs:
    """``concurrency_limit``: task runs at once, over all flows."""

    tag: pulumi.Input[str]
    concurrency_limit: pulumi.Input[int]


TagConcurrencyLimitProvider.args = TagConcurrencyLimitArgs


class TagConcurrencyLimit(PrefectResource, module="prefect", name="TagConcurrencyLimit"):
    """A tag concurrency limit. Changed in place; replaced when ``tag`` changes."""

    provider = TagConcurrencyLimitProvider
    tag: pulumi.Output[str]
