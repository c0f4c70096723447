"""A variable: a JSON value that flows and people read by its name."""

import json
from collections.abc import Iterator, Sequence
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
    natural = ("name",)

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

    def remove(self, id_: str, fields: Props) -> None:
        self.api.call("DELETE", at("/variables/{}", id_))


def _bad_value(value: Json) -> Iterator[str]:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if (size := len(text.encode())) > _LONGEST:
        yield (
            f"takes {size} bytes as JSON in UTF-8, of which Prefect takes {_LONGEST}; "
            "keep it in a block or a file, and its place here"
        )
    # Inside of a list or a mapping it is kept as it is.
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        yield f"is {value}, beyond 64 bits with a sign: Prefect rounds it; write it as text"


@dataclass(frozen=True, kw_only=True)
class VariableArgs:
    """``value`` is any JSON of 5,000 bytes at most, ``None`` (null) too."""

    name: pulumi.Input[str]
    value: AnyJson
    tags: Structured[Sequence[str]] = UNDECLARED


VariableProvider.args = VariableArgs


class Variable(PrefectResource, module="prefect", name="Variable"):
    """A variable. Renamed in place."""

    provider = VariableProvider
    name: pulumi.Output[str]
