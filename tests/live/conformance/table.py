"""What README.md says of every kind and field, from the conformance cases and the args themselves.

``python -m tests.live.conformance.table`` writes it there.
"""

import types
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import pulumi

from stacks.prefect import BlockType, ServiceAccount, ServiceLevelAgreements, Webhook
from stacks.prefect.declared import Undeclared
from stacks.prefect.provider import PrefectResource
from tests.live.conformance.cases import KINDS, NEVER, Kind

README = Path(__file__).parents[3] / "stacks" / "prefect" / "README.md"
BEGIN, END = "<!-- python -m tests.live.conformance.table -->", "<!-- end -->"
HIDDEN = {"owner"}  # kept for ourselves


def text() -> str:
    return "\n".join([*_features(), "", *_resources()])


def _features() -> list[str]:
    rows = {
        "Second `up` empty, no request sent": lambda kind: "yes",
        "Changed in place, minimal request": lambda kind: f"{len(kind.rows)} fields",
        "Cleared by `None`, `[]` or `{}`": lambda kind: _all_but(kind, "cleared"),
        "Drift seen by `refresh`": lambda kind: _all_but(kind, "drifted"),
        "Another name": lambda kind: "in place" if kind.in_place else "replaces",
        "Adopted as it is, then nothing to do": lambda kind: "yes",
        "Gone already is no error": lambda kind: "yes",
    }
    names = [kind.resource.__name__ for kind in KINDS]
    head = [f"| | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    return head + [
        f"| {feature} | {' | '.join(cell(kind) for kind in KINDS)} |"
        for feature, cell in rows.items()
    ]


def _all_but(kind: Kind, column: str) -> str:
    never = [f"`{name}`" for name, row in kind.rows.items() if getattr(row, column) is NEVER]
    if len(never) == len(kind.rows):
        return "nothing to clear" if column == "cleared" else "none"
    return f"all but {', '.join(never)}" if never else "all"


def _resources() -> list[str]:
    kinds: list[type[PrefectResource]] = [kind.resource for kind in KINDS]
    lines: list[str] = []
    for resource in [*kinds, BlockType, Webhook, ServiceAccount, ServiceLevelAgreements]:
        provider = resource.provider
        cloud = " (Prefect Cloud)" if provider.only_cloud else ""
        lines += [f"### {resource.__name__}{cloud}", "", " ".join(_doc(resource).split()), ""]
        lines += ["| Field | Type | |", "|---|---|---|"]
        for field in fields(provider.args):
            if field.name in HIDDEN:
                continue
            notes = ["required"] if field.default is MISSING else []
            notes += ["replaces"] if field.name in provider.identity else []
            lines.append(f"| `{field.name}` | {_type(field.type)} | {', '.join(notes)} |")
        lines += [f"| `{name}` | output | |" for name in provider.outputs]
        lines.append("")
    return lines


def _doc(resource: type[PrefectResource]) -> str:
    args = resource.provider.args
    own = args if args.__name__.endswith("Args") else args.__bases__[0]  # the users' part of it
    return f"{resource.__doc__} {own.__doc__}".replace("``", "`")


def _type(hint: Any) -> str:
    """As a user would say it: without outputs, and without what stands for "not declared"."""
    if get_origin(hint) is Annotated:
        return _type(get_args(hint)[0])
    if hint is Any:
        return "any JSON"
    if get_origin(hint) in (Union, types.UnionType):
        said = (Undeclared, type(None))
        told = [h for h in get_args(hint) if h not in said]
        told = [h for h in told if get_origin(h) not in (Awaitable, pulumi.Output)]
        return _type(told[0])
    plain = get_origin(hint) or hint
    if plain is Sequence:
        return f"list of {_type(get_args(hint)[0])}"
    return "mapping" if plain is Mapping else f"{plain.__name__}"


def main() -> None:
    told = README.read_text()
    before, _, rest = told.partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n{text()}\n{END}{after}")


if __name__ == "__main__":
    main()
