"""A webhook of Prefect Cloud: a URL whose calls become events."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

import pulumi

from .declared import UNDECLARED, Props
from .errors import PrefectError
from .paths import at
from .provider import Declared, PrefectProvider, PrefectResource, Problem


class WebhookProvider(PrefectProvider):
    """Adopted by its name, where it is the only one."""

    kind = "webhook"
    identity = ("service_account_id",)
    natural = ("name",)
    outputs = ("endpoint",)
    only_cloud = True
    empty = MappingProxyType({"description": ""})

    def problems(self, fields: Props) -> Iterator[Problem]:
        for field in ("name", "template"):
            if not fields.get(field, "-"):
                yield field, f"a {field} is needed"

    def find(self, id_: str, fields: Props) -> Props | None:
        live: Props | None = self.api.call("GET", at("/webhooks/{}", id_))
        return live

    def lookup(self, fields: Props) -> Props | None:
        wanted = {"webhooks": {"name": {"any_": [fields["name"]]}}}
        found = [
            webhook
            for webhook in self.api.pages(at("/webhooks/filter"), wanted)
            if webhook["name"] == fields["name"]
        ]
        if len(found) > 1:
            raise PrefectError(
                f'There are {len(found)} webhooks called "{fields["name"]}" already; give this one '
                "another name."
            )
        return found[0] if found else None

    def make(self, fields: Props) -> Props:
        made: Props = self.api.create(
            at("/webhooks/"), {"enabled": True} | fields, lambda: self.lookup(fields)
        )
        return made

    def change(self, id_: str, olds: Props, news: Props, changed: Props) -> None:
        self.api.call("PUT", at("/webhooks/{}", id_), self.whole(id_, news, changed))

    def remove(self, id_: str, fields: Props) -> None:
        self.api.call("DELETE", at("/webhooks/{}", id_))

    def told(self, live: Props) -> Props:
        host = urlsplit(self.api.url)
        return {"endpoint": f"{host.scheme}://{host.netloc}/hooks/{live['slug']}"}


@dataclass(frozen=True, kw_only=True)
class WebhookArgs:
    """``template``: Jinja that makes an event of a call's ``body``, ``method`` and ``headers``.

    ``service_account_id``: the account whose key a caller has to show; without one, anybody calls.
    """

    name: pulumi.Input[str]
    template: pulumi.Input[str]
    description: Declared[str] = UNDECLARED
    enabled: Declared[bool] = UNDECLARED
    service_account_id: Declared[str] = UNDECLARED


WebhookProvider.args = WebhookArgs


class Webhook(PrefectResource, module="prefect", name="Webhook"):
    """A webhook. Renamed in place; replaced when ``service_account_id`` changes."""

    provider = WebhookProvider
    name: pulumi.Output[str]
    endpoint: pulumi.Output[str]
