"""A variable: a JSON value that flows and people read by its name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi

from .declared import UNDECLARED, Props
from .names import variable_name
from .provider import AnyJson, PrefectProvider, PrefectResource, Problem, Structured


class VariableProvider(PrefectProvider):
    """Import id: the variable's name, or its uuid."""

    kind = "variable"
    identity = ()

    def key(self, fields: Props) -> str:
        return str(fields["name"])

    def problems(self, fields: Props) -> Iterator[Problem]:
        if (name := fields.get("name")) and (wrong := variable_name(name)):
            yield "name", wrong

    def find(self, id_: str, fields: Props) -> Props | None:
        live: Props | None = self.api.call("GET", f"/variables/{id_}")
        return live

    def lookup(self, fields: Props) -> Props | None:
        live: Props | None = self.api.call("GET", f"/variables/name/{fields['name']}")
        return live

    def make(self, fields: Props) -> Props:
        made: Props = self.api.create("/variables/", fields, lambda: self.lookup(fields))
        return made

    def change(self, id_: str, olds: Props, news: Props, changed: Props) -> None:
        self.api.call("PATCH", f"/variables/{id_}", changed)

    def seen(self, live: Props, fields: Props) -> Props:
        return {
            name: live.get(name) for name in fields
        }  # a value is whole: every key of it is ours

    def remove(self, id_: str, fields: Props) -> None:
        self.api.call("DELETE", f"/variables/{id_}")


@dataclass(frozen=True, kw_only=True)
class VariableArgs:
    """``value`` is any JSON of less than 5,000 characters, ``None`` (null) too."""

    name: pulumi.Input[str]
    value: AnyJson
    tags: Structured[Sequence[str]] = UNDECLARED


VariableProvider.args = VariableArgs


class Variable(PrefectResource, module="prefect", name="Variable"):
    """A variable. Renamed in place."""

    provider = VariableProvider
    name: pulumi.Output[str]
