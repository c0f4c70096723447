"""A service account of Prefect Cloud: an API key that belongs to no person."""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi

from .declared import UNDECLARED, Props
from .paths import in_account
from .provider import Declared, PrefectProvider, PrefectResource, Problem


class ServiceAccountProvider(PrefectProvider):
    """Adopted by its name; its key, though, is told once, to whoever makes it."""

    kind = "service account"
    identity = ("account_role_id", "api_key_expiration")
    natural = ("name",)
    outputs = ("api_key", "api_key_id", "actor_id")
    only_cloud = True

    def problems(self, fields: Props) -> Iterator[Problem]:
        if not fields.get("name", "-"):
            yield "name", "a name is needed"

    def find(self, id_: str, fields: Props) -> Props | None:
        live: Props | None = self.api.call("GET", in_account("/bots/{}", id_))
        return live

    def lookup(self, fields: Props) -> Props | None:
        wanted = {"bots": {"name": {"any_": [fields["name"]]}}}
        found = self.api.pages(in_account("/bots/filter"), wanted)
        return next((bot for bot in found if bot["name"] == fields["name"]), None)

    def make(self, fields: Props) -> Props:
        body = {k: v for k, v in fields.items() if v is not None}
        made: Props = self.api.create(in_account("/bots/"), body, lambda: self._discard(fields))
        return made

    def _discard(self, fields: Props) -> None:
        """Of an account whose answer went lost: its key was in that, and is told only once."""
        if (keyless := self.lookup(fields)) is not None:
            self.remove(keyless["id"], fields)

    def change(self, id_: str, olds: Props, news: Props, changed: Props) -> None:
        self.api.call("PATCH", in_account("/bots/{}", id_), {"name": changed["name"]})

    def remove(self, id_: str, fields: Props) -> None:
        self.api.call("DELETE", in_account("/bots/{}", id_))

    def told(self, live: Props) -> Props:
        key = live.get("api_key") or {}
        told = {
            "api_key": key.get("key"),
            "api_key_id": key.get("id"),
            "actor_id": live.get("actor_id"),
        }
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class ServiceAccountArgs:
    """``api_key_expiration``: an ISO 8601 moment; left out, the key does not expire."""

    name: pulumi.Input[str]
    account_role_id: Declared[str] = UNDECLARED
    api_key_expiration: Declared[str] = UNDECLARED


ServiceAccountProvider.args = ServiceAccountArgs


class ServiceAccount(PrefectResource, module="prefect", name="ServiceAccount"):
    """A service account. Renamed in place; another role or expiration makes another, with a new
    key. ``api_key`` is a Pulumi secret.
    """

    provider = ServiceAccountProvider
    name: pulumi.Output[str]
    api_key: pulumi.Output[str]
    api_key_id: pulumi.Output[str]
    actor_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: ServiceAccountArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        adopt: bool = False,
    ) -> None:
        secret = pulumi.ResourceOptions(additional_secret_outputs=["api_key"])
        super().__init__(name, args, pulumi.ResourceOptions.merge(opts, secret), adopt=adopt)
