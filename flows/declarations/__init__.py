"""How a flow says that it wants to be deployed; needs pydantic and the standard library only.

The Pulumi program reads these declarations without the packages that the flows need. What a field
means to Prefect and to the place where runs execute is checked there, `stacks/deployments.py`.
"""

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, JsonValue
from pydantic.dataclasses import dataclass

from .checking import declaration, faults, place, sound, told
from .complaints import found


def _plain(text: str) -> str:
    if not text:
        raise ValueError("is empty; write something, or leave it out")
    if not text.isprintable():
        raise ValueError("holds a character that cannot be printed; take it out")
    if text != text.strip():
        raise ValueError("begins or ends with a blank; take it out")
    return text


def _once(texts: Sequence[str]) -> Sequence[str]:
    if len({*texts}) < len(texts):
        raise ValueError("holds one twice; take one out")
    return texts


def _storable(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    text = json.dumps(parameters, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("holds half a character, a lone surrogate; take it out") from error
    if "\\u0000" in text:
        raise ValueError("holds a NUL, which PostgreSQL cannot store; take it out")
    json.loads(text, parse_int=_whole)
    return parameters


def _whole(digits: str) -> int:
    if not -(2**63) <= int(digits) < 2**63:
        raise ValueError(f"holds {digits}, which Prefect would round; write it as a text")
    return int(digits)


Text = Annotated[str, AfterValidator(_plain)]
Parameters = Annotated[Mapping[str, JsonValue], AfterValidator(_storable)]
# What lies elsewhere is not in the image of the runs.
_ENTRYPOINT = r"^flows/([^/\\:.][^/\\:]*/)*[^/\\:.]+\.py:[^\W\d]\w*(\.[^\W\d]\w*)?$"
Entrypoint = Annotated[str, Field(pattern=_ENTRYPOINT)]

FILE = "flows/deployments.py"
_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


@declaration
@dataclass(frozen=True, kw_only=True, eq=False, config=_STRICT)
class Schedule:
    """When a deployment runs by itself: exactly one of ``cron``, ``interval`` and ``rrule``.

    ``slug`` names the schedule within its deployment, so that it keeps its id and its scheduled
    runs while other things change. ``parameters`` replace the deployment's for these runs.
    ``anchor`` is where an interval counts from, in the schedule's timezone unless it has its own.
    """

    slug: Text = "default"
    cron: str | None = None
    interval: Annotated[timedelta, Field(gt=timedelta(0))] | None = None
    anchor: datetime | None = None
    rrule: str | None = None
    timezone: Text = "UTC"
    parameters: Parameters = field(default_factory=dict)

    def __post_init__(self) -> None:
        told = {"cron": self.cron, "interval": self.interval, "rrule": self.rrule}
        kinds = [name for name, value in told.items() if value is not None]
        if not kinds:
            raise ValueError(
                "says not when to run; write one of cron, interval and rrule, as in "
                'cron="0 6 * * *"'
            )
        if len(kinds) > 1:
            raise ValueError(f"found {' and '.join(kinds)}; write one, or a Schedule for each")
        if self.anchor and not self.interval:
            raise ValueError("anchor: is for an interval; leave it out, or write an interval")


@declaration
@dataclass(frozen=True, kw_only=True, eq=False, config=_STRICT)
class FlowDeployment:
    """One flow that can run on the platform, by schedule or by hand.

    ``entrypoint`` is ``flows/path/to/file.py:function``, from the root of the repository. ``cpu``
    (``"1000m"``: one) and ``memory`` (``"512Mi"``) count where runs are Cloud Run jobs; unset, the
    stack's own hold. ``concurrency_limit`` is how many of its runs may go on at once. ``name``
    tells two deployments of one flow apart: both are called by flow, name if any, and stack.

    The form of the parameters comes from the flow's source. Where that would depend on a package
    or on the moment, the preview says so; then ``parameter_schema`` gives it by hand, as JSON
    schema, or ``importable`` lets every preview import the module, with all that it needs.
    """

    entrypoint: Entrypoint
    name: Text | None = None
    schedules: Sequence[Schedule] = ()
    parameters: Parameters = field(default_factory=dict)
    tags: Annotated[Sequence[Text], AfterValidator(_once)] = ()
    queue: Text = "default"
    concurrency_limit: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    cpu: str | None = None
    memory: str | None = None
    parameter_schema: Parameters | None = None
    importable: bool = False


def check(deployments: object) -> None:
    """Whether ``DEPLOYMENTS`` is right, as far as it can be seen without a stack.

    Raises:
        ValueError: with all that is wrong, a line each: file, line, field, and what to write.
    """
    declared, problems = gathered(deployments)
    problems += [text for each in declared for text in complaints(each)]
    if problems:
        raise ValueError("\n".join(dict.fromkeys(problems)))


def gathered(deployments: object) -> tuple[list[FlowDeployment], list[str]]:
    """The declarations in ``DEPLOYMENTS``, right or wrong, and what else is there, in words."""
    if isinstance(deployments, list | tuple):
        others = [(i, each) for i, each in enumerate(deployments) if not _is_one(each)]
        problems = [
            f"{FILE}:{_line(i)}: DEPLOYMENTS.{i}: found {found(each)}; write {_instead(each)}"
            for i, each in others
        ]
        return [each for each in deployments if _is_one(each)], problems
    if _is_one(deployments):
        remedy = "a comma after it, as (FlowDeployment(…)) is no tuple: (FlowDeployment(…),)"
    else:
        remedy = "FlowDeployments in a tuple, as in DEPLOYMENTS = (FlowDeployment(…),)"
    declared = [deployments] if isinstance(deployments, FlowDeployment) else []
    wrong = f"{FILE}:{_line()}: DEPLOYMENTS: found {found(deployments)}; write {remedy}"
    return declared, [wrong]


def complaints(deployment: FlowDeployment) -> list[str]:
    """What is wrong with one by itself, and with its schedules, in words."""
    lines = told(who(deployment), faults(deployment))
    for schedule in sound(deployment).schedules:
        lines += told(who(deployment, schedule), faults(schedule))
    return lines


def who(deployment: FlowDeployment, schedule: Schedule | None = None) -> str:
    """Of whom a message is, and where that stands."""
    at = place(deployment if schedule is None else schedule)
    parts = [at, sound(deployment).entrypoint]
    if schedule is not None:
        parts.append(f"schedule {sound(schedule).slug!r}")
    return ", ".join(part for part in parts if part)


def _is_one(value: object) -> bool:
    return isinstance(value, FlowDeployment)


def _instead(value: object) -> str:
    if isinstance(value, list | tuple):
        return "its FlowDeployments one by one"
    return "a FlowDeployment, or take it out"


def _line(index: int | None = None) -> int:
    """Where DEPLOYMENTS is written, or one of what it holds."""
    try:
        tree = ast.parse(Path(FILE).read_text())
    except (OSError, SyntaxError, ValueError):
        return 1
    line = 1
    for node in tree.body:
        names = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(name, ast.Name) and name.id == "DEPLOYMENTS" for name in names):
            line = node.lineno
            each = getattr(getattr(node, "value", None), "elts", [])
            if index is not None and not any(isinstance(one, ast.Starred) for one in each):
                line = each[index].lineno if index < len(each) else line
    return line
