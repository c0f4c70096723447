"""The reference of a stack's configuration, written from the models that check it.

``python -m stacks.config.reference`` writes it into docs/reference/config.md and README.md.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from .load import SECRETS
from .machine import Data, Process
from .prefect import Prefect
from .section import Section
from .stack import StackConfig

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference" / "config.md"
README = ROOT / "README.md"
BEGIN, END = "<!-- config:begin -->\n", "<!-- config:end -->\n"
HEAD = "| key | type | default | effect |\n| --- | --- | --- | --- |\n"


def reference() -> str:
    """docs/reference/config.md as it should be."""
    lines = [
        "# Configuration",
        "",
        "Every key of `Pulumi.<stack>.yaml`: a block `dataflows:<section>` under `config:` each.",
        "Written by `make docs` from the models in `stacks/config/`.",
        "",
        "Pulumi's own schema, `config:` in `Pulumi.yaml`, is left out on purpose: every stack has",
        "to have each key that it declares, and `local` has no `google` and no `prefect_api_key`;",
        "of what is inside a block it can say nothing; and its complaints name neither file nor",
        "remedy. The models check it all.",
        "",
    ]
    for name, field in StackConfig.model_fields.items():
        for model in _models(field.annotation):
            lines += [f"## `{name}`{_variant(model)}", "", f"{model.__doc__}", ""]
            lines += [HEAD + "".join(_rows(name, model))]
    lines += ["## Secrets", "", "Set with `pulumi config set --secret --stack <stack> <key>`.", ""]
    lines += ["| key | effect |\n| --- | --- |\n" + "".join(_secrets())]
    return "\n".join(lines).rstrip() + "\n"


def short() -> str:
    """The part of it that a stack of processes, such as the local one, has: for the README."""
    sections: dict[str, type[Section]] = {"prefect": Prefect, "runner": Process, "data": Data}
    rows = "".join(row for name, model in sections.items() for row in _rows(name, model))
    return f"{HEAD}{rows}"


def readme() -> str:
    """README.md with its table as it should be."""
    before, _, rest = README.read_text().partition(BEGIN)
    return before + BEGIN + short() + END + rest.partition(END)[2]


def _models(annotation: Any) -> Iterator[type[Section]]:
    if get_origin(annotation) in (Union, UnionType, Annotated):
        for inner in get_args(annotation):
            yield from _models(inner)
    elif isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation


def _variant(model: type[Section]) -> str:
    for name in ("kind", "source"):
        if name in model.model_fields:
            [value] = get_args(model.model_fields[name].annotation)
            return f", `{name}: {value}`"
    return ""


def _rows(section: str, model: type[Section]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else _default(field)
        effect = (field.description or "").replace("|", "\\|")
        yield f"| `{section}.{name}` | {_type(field)} | {default} | {effect} |\n"
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from _rows(f"{section}.{name}", field.annotation)


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None:
        return ""
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value)}`"


def _type(field: FieldInfo) -> str:
    found = _spell(field.annotation)
    bounds = [f"{s} {getattr(m, a)}" for m in field.metadata for a, s in _SIGNS if hasattr(m, a)]
    return f"{found}, {', '.join(bounds)}" if bounds else found


_SIGNS = (("ge", "≥"), ("le", "≤"))
_WORDS = {str: "text", int: "number", bool: "true or false", NoneType: "nothing"}


def _spell(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _spell(inner[0])
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if origin in (Union, UnionType):
        return " or ".join(_spell(each) for each in inner if each is not NoneType)
    if origin is tuple:
        return f"list of {_spell(inner[0])}"
    if origin is dict:
        return f"mapping of {_spell(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Section):
        *names, last = (f"`{name}`" for name in annotation.model_fields)
        return f"{', '.join(names)} and {last}"
    return _WORDS[annotation]


def _secrets() -> Iterator[str]:
    for name, effect in SECRETS.items():
        yield f"| `{name}` | {effect} |\n"


if __name__ == "__main__":
    REFERENCE.parent.mkdir(parents=True, exist_ok=True)
    REFERENCE.write_text(reference())
    README.write_text(readme())
