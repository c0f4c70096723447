"""The picture of dev in docs/places/google.md, drawn from what the engine is told of it.

``python -m tests.places.google.picture`` writes it there. A component is one box, and so are all
of Prefect's objects of one kind; an arrow goes from what is needed to what needs it. What follows
from other arrows has none.
"""

from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from pulumi.runtime.mocks import MockMonitor

from tests.pages import Part
from tests.places.google.graph import built
from tests.places.google.stacks import ROOT

PAGE = Part(ROOT / "docs" / "places" / "google.md", "tests.places.google.picture")
PREFECT = "pulumi-python:dynamic/prefect:"

Needs = dict[str, set[str]]  # by box, the boxes that it needs


class Watching(MockMonitor):
    """Notes, of each resource, its parent and what it depends on, which mocks are not told."""

    seen: list[tuple[str, Any]]

    def RegisterResource(self, request: Any) -> Any:
        answer = super().RegisterResource(request)
        type(self).seen.append((answer.urn, request))
        return answer


def text() -> str:
    Watching.seen = []
    with patch("pulumi.runtime.mocks.MockMonitor", Watching):
        built("dev")
    requests = dict(Watching.seen)
    boxes = {urn: _box(urn, requests) for urn in requests}
    boxes = {urn: box for urn, box in boxes.items() if box}
    needs: Needs = {box: set() for box in sorted({*boxes.values()})}
    for urn, box in boxes.items():
        needed = {boxes.get(each, box) for each in requests[urn].dependencies}
        needs[box] |= needed - {box}
    counts = {
        box: sum(requests[urn].custom for urn, its in boxes.items() if its == box) for box in needs
    }
    ids = {box: f"b{number}" for number, box in enumerate(needs)}
    lines = [f'    {ids[box]}["{box} · {counts[box]}"]' for box in needs]
    for box, needed in _reduced(needs).items():
        lines += [f"    {ids[each]} --> {ids[box]}" for each in sorted(needed)]
    return "\n".join(["```mermaid", "graph LR", *lines, "```"])


def _box(urn: str, requests: Mapping[str, Any]) -> str:
    """What of the picture a resource is in; providers and the stack are in none."""
    request = requests[urn]
    if request.parent and not request.parent.rpartition("::")[0].endswith("pulumi:pulumi:Stack"):
        return _box(request.parent, requests)
    if request.type.startswith(PREFECT):
        return f"Prefect: {request.type.removeprefix(PREFECT)}"
    if request.type.startswith(("pulumi:pulumi:", "pulumi:providers:")):
        return ""
    kind = request.type.rpartition(":")[2]
    return kind if kind.lower() == request.name else f"{kind} {request.name}"


def _reduced(needs: Needs) -> Needs:
    """Without what is needed by way of something else."""
    return {box: needed - _further(needed, needs) for box, needed in needs.items()}


def _further(boxes: set[str], needs: Needs) -> set[str]:
    direct = {each for box in boxes for each in needs[box]}
    return direct | _further(direct, needs) if direct else set()


if __name__ == "__main__":
    PAGE.write(text())
