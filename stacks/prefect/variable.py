"""A variable: a JSON value that flows and people read by its name."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi

from .declared import UNDECLARED, Json, Props
from .names import variable_name
from .paths import at
from .provider import AnyJson, PrefectProvider, PrefectResource, Problem, Structured

_LONGEST = 5000


class VariableProvider(PrefectProvider):
    """Import id: the variable's name, or its uuid."""

    kind = "variable"
    identity = ()

    def key(self, fields: Props) -> str:
        return str(fields["name"])

    def problems(self, fields: Props) -> Iterator[Problem]:
        if "name" in fields and (wrong := variable_name(fields["name"])):
            yield "name", wrong
        yield from (("value", wrong) for wrong in _bad_value(fields.get("value")))

    def find(self, id_: str, fields: Props) -> Props | None:
        live: Props | None = self.api.call("GET", at("/variables/{}", id_))
        return live

    def lookup(self, fields: Props) -> Props | None:
        live: Props | None = self.api.call("GET", at("/variables/name/{}", fields["name"]))
        return live

    def make(self, fields: Props) -> Props:
        made: Props = self.api.create(at("/variables/"), fields, lambda: self.lookup(fields))
        return made

    def change(self, id_: str, olds: Props, news: Props, changed: Props) -> None:
        self.api.call("PATCH", at("/variables/{}", id_), changed)

    def seen(self, live: Props, fields: Props) -> Props:
        return {
            name: live.get(name) for name in fields
        }  # a value is whole: every key of it is ours

    def remove(self, id_: str, fields: Props) -> None:
        self.api.call("DELETE", at("/variables/{}", id_))


def _bad_value(value: Json) -> Iterator[str]:
    if len(text := json.dumps(value)) >= _LONGEST:
        yield f"takes {len(text)} characters as JSON; Prefect takes less than {_LONGEST}"
    if not all(-(2**63) <= number < 2**64 for number in _whole_numbers(value)):
        yield "holds a whole number of more than 64 bits, which Prefect refuses; write it as text"


def _whole_numbers(value: Json) -> Iterator[int]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _whole_numbers(inner)
    elif isinstance(value, int):
        yield value


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
