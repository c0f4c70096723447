"""Every field of every kind of Prefect object, through the whole of a life.

For each kind there is one object a field, so that one `up` changes every field once, each in an
object of its own, and what is sent for it can be told apart.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import httpx
import pulumi
import pytest

from stacks.prefect import WorkPool, WorkPoolArgs
from tests.live.conformance.cases import KINDS, NEVER, TEMPLATE, Kind, Row
from tests.live.recorder import Recorder, recording
from tests.live.stack import FailedError, Stack

pytestmark = pytest.mark.live

NOT_DECLARED_BY_USERS = {"owner"}
UNTESTED = {
    ("WorkQueue", "priority"): "a rank among siblings: test_guards.py",
    ("Deployment", "global_concurrency_limit_id"): "instead of its own limit: test_guards.py",
}


def label(kind: Kind) -> str:
    return kind.resource.__name__


def copies() -> Iterator[tuple[Kind, str, Row]]:
    for kind in KINDS:
        for name, row in kind.rows.items():
            yield kind, name, row


def named(kind: Kind, field: str) -> str:
    return f"conformance-{label(kind)}-{field}".lower().replace("_", "-")


@pytest.mark.parametrize("kind", KINDS, ids=label)
def test_every_field_has_its_row(kind: Kind) -> None:
    """A field that nobody has put through its life is not offered to users."""
    all_ = {f.name for f in fields(kind.args)} - NOT_DECLARED_BY_USERS
    rest = {name for what, name in UNTESTED if what == label(kind)}
    assert all_ == {kind.name, *kind.given, *kind.rows, *rest}


class Program:
    """One object for each field of each kind; ``values`` are those of the field in question."""

    def __init__(self, checksums: Mapping[str, str]) -> None:
        self.values: dict[tuple[str, str], Any] = {}
        self.names: dict[str, str] = {}
        self.adopt = False
        self.checksums = checksums

    def __call__(self) -> None:
        before = [
            WorkPool(
                name,
                WorkPoolArgs(name=name, type="process", base_job_template=TEMPLATE),
                adopt=self.adopt,
            )
            for name in ("conformance-one", "conformance-two", "conformance-queues")
        ]
        for kind, field, _ in copies():
            told = {name: self.value(kind, name, row.base) for name, row in kind.rows.items()}
            if (label(kind), field) in self.values:
                told[field] = self.value(kind, field, self.values[label(kind), field])
            name = named(kind, field) + self.names.get(label(kind), "")
            args = kind.args(**{kind.name: name}, **kind.given, **told)
            options = pulumi.ResourceOptions(depends_on=before)
            kind.resource(named(kind, field), args, options, adopt=self.adopt)

    def value(self, kind: Kind, field: str, value: Any) -> Any:
        return self.checksums.get(value, value) if isinstance(value, str) else value

    def set(self, what: str) -> None:
        """Give every field its value of this column, where it has one."""
        told = {(label(k), f): getattr(row, what) for k, f, row in copies()}
        self.values = {key: value for key, value in told.items() if value is not NEVER}


@pytest.fixture
def checksums(prefect: httpx.Client) -> dict[str, str]:
    """Two schemas of one block type, both with every field of the other."""
    type_ = prefect.post("/block_types/", json={"name": "Conformance", "slug": "conformance"})
    found = {}
    for which in ("first", "second"):
        properties = {name: {"title": name} for name in ("host", "port", "key")}
        told = {"properties": properties, "secret_fields": ["key"], "title": which}
        body = {"fields": told, "block_type_id": type_.json()["id"], "capabilities": []}
        answer = prefect.post("/block_schemas/", json=body).raise_for_status()
        found[f"{{{which}}}"] = answer.json()["checksum"]
    for which in ("storage", "storage two"):
        body = {
            "name": which.replace(" ", "-"),
            "data": {},
            "block_schema_id": answer.json()["id"],
            "block_type_id": type_.json()["id"],
        }
        made = prefect.post("/block_documents/", json=body).raise_for_status()
        found[f"{{{which}}}"] = made.json()["id"]
    return found


def ids(stack: Stack, program: Program) -> dict[tuple[str, str], str]:
    """By kind and field, the id that Pulumi keeps of the object."""
    told = stack.exported(program)["deployment"]["resources"]
    found = {r["urn"].rpartition("::")[2]: r.get("id", "") for r in told}
    return {(label(k), f): found[named(k, f)] for k, f, _ in copies()}


@pytest.fixture
def recorder(api_url: str) -> Iterator[Recorder]:
    with recording(api_url) as recorder:
        yield recorder


def test_a_life(
    tmp_path: Path,
    pulumi_bin: Path,
    prefect: httpx.Client,
    recorder: Recorder,
    checksums: dict[str, str],
    python_first: None,
) -> None:
    stack = Stack(home=tmp_path / "one", api_url=recorder.url, engine=pulumi_bin)
    program = Program(checksums)
    everything = len(list(copies())) + 4  # three pools and the stack itself

    assert stack.up(program) == {"create": everything}
    nothing_left_to_do(stack, program, recorder)
    first = ids(stack, program)

    for column in ("changed", "cleared"):
        recorder.requests.clear()
        program.set(column)  # what cannot be cleared goes back to what it was first
        assert stack.up(program) == {"update": len(list(copies()))}, column
        only_what_changed_was_sent(recorder)
        nothing_left_to_do(stack, program, recorder)
    assert ids(stack, program) == first, "nothing was replaced"

    program.values = {}
    stack.up(program)
    drifted = [(k, f, row.drifted) for k, f, row in copies() if row.drifted is not NEVER]
    for kind, field, value in drifted:
        id_ = first[label(kind), field]
        value = program.value(kind, field, value)
        kind.behind(prefect, id_, field, value).raise_for_status()
    assert stack.refresh(program) == {"update": len(drifted)}, "drift of every field is seen"
    assert stack.up(program) == {"update": len(drifted)}
    nothing_left_to_do(stack, program, recorder)

    program.names = {label(kind): "-renamed" for kind in KINDS if kind.in_place}
    renamed = sum(len(kind.rows) for kind in KINDS if kind.in_place)
    assert stack.up(program) == {"update": renamed}, "renamed in place"
    assert ids(stack, program) == first
    nothing_left_to_do(stack, program, recorder)

    other = replace(stack, home=tmp_path / "two", name="other")
    with pytest.raises(FailedError, match="exists already, and this stack has not made"):
        other.up(program)
    recorder.requests.clear()
    program.adopt = True
    other.up(program)
    touched = [f"{method} {path} {body}" for method, path, body in recorder.writes()]
    assert not touched, "what is adopted as it is declared is not touched: " + "\n".join(touched)
    nothing_left_to_do(other, program, recorder)

    assert other.destroy() == {"delete": everything}
    assert stack.destroy() == {"delete": everything}, "gone already is gone"
    left = prefect.post("/deployments/filter", json={"flows": {"name": {"any_": ["conformance"]}}})
    assert left.json() == []


def nothing_left_to_do(stack: Stack, program: Program, recorder: Recorder) -> None:
    recorder.requests.clear()
    assert stack.up(program) == {}, "a second up is empty"
    assert recorder.requests == [], "and asks nothing of Prefect"
    assert stack.refresh(program) == {}, "\n".join(stack.said)
    assert stack.up(program) == {}, "nor are they after a refresh"


def only_what_changed_was_sent(recorder: Recorder) -> None:
    """One write an object, with one field; where the API takes no single field, the whole."""
    whole = ("/automations/", "/block_documents/", "/schedules")
    for (method, path), requests in itertools.groupby(
        sorted(recorder.writes(), key=str), key=lambda request: request[:2]
    ):
        bodies = [body for _, _, body in requests]
        assert len(bodies) == 1, f"{method} {path} was sent {len(bodies)} times: {bodies}"
        if not any(part in path for part in whole):
            assert method == "PATCH"
            together = {"work_pool_name", "work_queue_name"}  # one alone resets the other
            assert len(bodies[0]) == 1 or bodies[0].keys() == together, f"{path}: {bodies}"
