"""What README.md says of every kind and field, from the conformance cases and the args themselves.

``python -m tests.live.conformance.table`` writes it there.
"""

import re
import types
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import pulumi

from prefect_as_code import BlockType, BlockTypeArgs
from prefect_as_code.declared import Undeclared
from tests.live.conformance.cases import KINDS, NEVER, Kind
from tests.pages import Part

ROOT = Path(__file__).parents[3]
README = Part(ROOT / "prefect_as_code" / "README.md", "tests.live.conformance.table")


def examples(*programs: str) -> dict[str, str]:
    """By kind, the block of ``examples/<program>/__main__.py`` that its name stands above."""
    found: dict[str, str] = {}
    for program in programs:
        text = (ROOT / "examples" / program / "__main__.py").read_text()
        for block in re.split(r"^# (?=[A-Z]\w+$)", text, flags=re.MULTILINE)[1:]:
            kind, _, code = block.partition("\n")
            found[kind] = code.strip()
    return found


EXAMPLES = examples("kinds", "cloud")


def text() -> str:
    return "\n".join([*_features(), "", *_resources()])


def _features() -> list[str]:
    rows = {
        "Second `up` empty, no request sent": lambda kind: "yes",
        "Changed in place, minimal request": lambda kind: _counted(kind, replaces=False),
        "Changed by another object": lambda kind: _counted(kind, replaces=True),
        "Cleared by `None`, `[]` or `{}`": lambda kind: _all_but(kind, "cleared"),
        "Drift seen by `refresh`": lambda kind: _all_but(kind, "drifted"),
        "Another name": lambda kind: "in place" if kind.in_place else "replaces",
        "Adopted as it is, nothing sent, then nothing to do": lambda kind: (
            "yes" if kind.is_told else "sent, as it cannot be read"
        ),
        "Gone already is no error": lambda kind: "yes",
    }
    names = [kind.resource.__name__ for kind in KINDS]
    head = [f"| | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    return head + [
        f"| {feature} | {' | '.join(cell(kind) for kind in KINDS)} |"
        for feature, cell in rows.items()
    ]


def _counted(kind: Kind, *, replaces: bool) -> str:
    count = sum(row.replaces == replaces for row in kind.rows.values())
    return f"{count} field{'' if count == 1 else 's'}" if count else "none"


def _all_but(kind: Kind, column: str) -> str:
    never = [f"`{name}`" for name, row in kind.rows.items() if getattr(row, column) is NEVER]
    if len(never) == len(kind.rows):
        return "nothing to clear" if column == "cleared" else "none"
    return f"all but {', '.join(never)}" if never else "all"


def _resources() -> list[str]:
    lines: list[str] = []
    for resource, args in [*((k.resource, k.args) for k in KINDS), (BlockType, BlockTypeArgs)]:
        provider = resource.provider
        cloud = " (Prefect Cloud)" if provider.only_cloud else ""
        lines += [f"### {resource.__name__}{cloud}", "", _in_words(resource, args), ""]
        lines += ["```python", EXAMPLES[resource.__name__], "```", ""]
        lines += ["| Field | Type | |", "|---|---|---|"]
        for field in fields(args):
            notes = ["required"] if field.default is MISSING else []
            notes += ["replaces"] if field.name in provider.identity else []
            lines.append(f"| `{field.name}` | {_type(field.type)} | {', '.join(notes)} |")
        lines += [f"| `{name}` | output | |" for name in provider.outputs]
        lines.append("")
    return lines


def _in_words(resource: type, args: type) -> str:
    return " ".join(f"{resource.__doc__} {args.__doc__}".replace("``", "`").split())


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


if __name__ == "__main__":
    README.write(text())
