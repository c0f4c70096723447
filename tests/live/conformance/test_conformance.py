"""Every field of every kind of Prefect object, through the whole of a life.

For each kind there is one object a field, so that one `up` changes every field once, each in an
object of its own, and what is sent for it can be told apart.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import httpx
import pulumi
import pytest

from prefect_as_code import WorkPool, WorkPoolArgs, WorkQueue, WorkQueueArgs
from tests.live.conformance.cases import KINDS, NEVER, TEMPLATE, Kind, Row
from tests.live.gateway import ACCOUNT, KEY, WORKSPACE, gateway
from tests.live.recorder import Recorder, recording
from tests.live.server import PatientClient
from tests.live.stack import Changes, FailedError, Stack

pytestmark = pytest.mark.live

UNTESTED = {
    ("WorkQueue", "priority"): "a rank among siblings: test_guards.py",
    ("Deployment", "global_concurrency_limit_id"): "instead of its own limit: test_guards.py",
    ("Deployment", "triggers"): "automations below it: test_triggers.py",
}


def label(kind: Kind) -> str:
    return kind.resource.__name__


Kinds = Sequence[Kind]
CLOUD = [kind for kind in KINDS if kind.resource.provider.only_cloud]
SERVER = [kind for kind in KINDS if kind not in CLOUD]


def copies(kinds: Kinds) -> Iterator[tuple[Kind, str, Row]]:
    for kind in kinds:
        for name, row in kind.rows.items():
            yield kind, name, row


def counted(rows: Iterable[Row]) -> Changes:
    """What Pulumi calls a change of each of these."""
    told = Counter("replace" if row.replaces else "update" for row in rows)
    return dict(told)


def named(kind: Kind, field: str) -> str:
    return f"conformance-{label(kind)}-{field}".lower().replace("_", "-")


@pytest.mark.parametrize("kind", KINDS, ids=label)
def test_every_field_has_its_row(kind: Kind) -> None:
    """A field that nobody has put through its life is not offered to users."""
    all_ = {f.name for f in fields(kind.args)}
    rest = {name for what, name in UNTESTED if what == label(kind)}
    assert all_ == {kind.name, *kind.given, *kind.rows, *rest}


class Program:
    """One object for each field of each kind; ``values`` are those of the field in question."""

    def __init__(self, kinds: Kinds, ids: Mapping[str, str]) -> None:
        self.kinds = kinds
        self.values: dict[tuple[str, str], Any] = {}
        self.names: dict[str, str] = {}
        self.adopt = False
        self.ids = ids

    def __call__(self) -> None:
        before: list[pulumi.Resource] = [
            WorkPool(
                name,
                WorkPoolArgs(name=name, type="process", base_job_template=TEMPLATE),
                adopt=self.adopt,
            )
            for name in ("conformance-one", "conformance-two", "conformance-queues")
        ]
        queue = WorkQueueArgs(work_pool_name="conformance-one", name="other")
        before.append(WorkQueue("other", queue, adopt=self.adopt))
        for kind, field, _ in copies(self.kinds):
            told = {name: self.value(kind, name, row.base) for name, row in kind.rows.items()}
            if (label(kind), field) in self.values:
                told[field] = self.value(kind, field, self.values[label(kind), field])
            name = named(kind, field) + self.names.get(label(kind), "")
            args = kind.args(**{kind.name: self.ids.get(name, name)}, **kind.given, **told)
            options = pulumi.ResourceOptions(depends_on=before)
            kind.resource(named(kind, field), args, options, adopt=self.adopt)

    def value(self, kind: Kind, field: str, value: Any) -> Any:
        return self.ids.get(value, value) if isinstance(value, str) else value

    def set(self, what: str) -> None:
        """Give every field its value of this column, where it has one."""
        told = {(label(k), f): getattr(row, what) for k, f, row in copies(self.kinds)}
        self.values = {key: value for key, value in told.items() if value is not NEVER}


def ids(stack: Stack, program: Program) -> dict[tuple[str, str], str]:
    """By kind and field, the id that Pulumi keeps of the object."""
    told = stack.exported(program)["deployment"]["resources"]
    found = {r["urn"].rpartition("::")[2]: r.get("id", "") for r in told}
    return {(label(k), f): found[named(k, f)] for k, f, _ in copies(program.kinds)}


@pytest.fixture
def where(api_url: str, kinds: Kinds) -> Iterator[tuple[Recorder, str]]:
    """What is asked of Prefect, and the URL of the API."""
    with ExitStack() as servers:
        if kinds is SERVER:
            recorder = servers.enter_context(recording(api_url))
            yield recorder, recorder.url
        else:
            cloud = servers.enter_context(gateway(api_url))
            recorder = servers.enter_context(recording(f"{cloud.root}/api"))
            yield recorder, f"{recorder.url}/accounts/{ACCOUNT}/workspaces/{WORKSPACE}"


@pytest.mark.parametrize("kinds", [SERVER, CLOUD], ids=["server", "cloud"])
def test_a_life(
    tmp_path: Path,
    pulumi_bin: Path,
    prefect: httpx.Client,
    kinds: Kinds,
    where: tuple[Recorder, str],
    made: dict[str, str],
    python_first: None,
) -> None:
    recorder, url = where
    stack = Stack(home=tmp_path / "one", api_url=url, engine=pulumi_bin)
    stack.config = {"prefect_api_key": KEY}
    program = Program(kinds, made)
    rows = list(copies(kinds))
    replaced = sum(row.replaces for _, _, row in rows)
    everything = len(rows) + 5  # three pools, a queue and the stack itself
    key = {"Authorization": f"Bearer {KEY}"}
    by_hand = PatientClient(base_url=url, headers=key, timeout=60)

    assert stack.up(program) == {"create": everything}
    nothing_left_to_do(stack, program, recorder)
    first = ids(stack, program)

    for column in ("changed", "cleared"):
        recorder.requests.clear()
        program.set(column)  # what cannot be cleared goes back to what it was first
        assert stack.up(program) == counted(row for _, _, row in rows), column
        only_what_changed_was_sent(recorder, replaced)
        nothing_left_to_do(stack, program, recorder)
    after = ids(stack, program)
    stay = {(label(k), f) for k, f, row in rows if not row.replaces}
    assert {key for key in first if after[key] == first[key]} >= stay, "nothing was replaced"

    program.values = {}
    stack.up(program)
    first = ids(stack, program)
    drifted = [(k, f, row) for k, f, row in rows if row.drifted is not NEVER]
    for kind, field, row in drifted:
        value = program.value(kind, field, row.drifted)
        kind.behind(by_hand, first[label(kind), field], field, value).raise_for_status()
    assert stack.refresh(program) == {"update": len(drifted)}, "drift of every field is seen"
    assert stack.up(program) == counted(row for _, _, row in drifted)
    nothing_left_to_do(stack, program, recorder)

    program.names = {label(kind): "-renamed" for kind in kinds}
    first = ids(stack, program)
    renamed = Counter(update=sum(kind.in_place for kind, _, _ in rows))
    renamed["replace"] = len(rows) - renamed["update"]
    assert stack.up(program) == dict(+renamed), "renamed in place, or made anew and then removed"
    after = ids(stack, program)
    assert all(after[label(k), f] == first[label(k), f] for k, f, _ in rows if k.in_place)
    nothing_left_to_do(stack, program, recorder)

    other = replace(stack, home=tmp_path / "two", name="other")
    with pytest.raises(FailedError, match="exists already, and this resource has not made"):
        other.up(program)
    recorder.requests.clear()
    program.adopt = True
    other.up(program)
    touched = [f"{method} {path} {body}" for method, path, body in recorder.writes()]
    touched = [each for each in touched if "/slas/" not in each]  # they cannot be read
    assert not touched, "what is adopted as it is declared is not touched: " + "\n".join(touched)
    nothing_left_to_do(other, program, recorder)

    assert other.destroy() == {"delete": everything}
    assert stack.destroy() == {"delete": everything}, "gone already is gone"
    flows = {"name": {"any_": ["conformance", "conformance-other"]}}
    assert prefect.post("/deployments/filter", json={"flows": flows}).json() == []


def nothing_left_to_do(stack: Stack, program: Program, recorder: Recorder) -> None:
    recorder.requests.clear()
    assert stack.up(program) == {}, "a second up is empty"
    assert recorder.requests == [], "and asks nothing of Prefect"
    assert stack.refresh(program) == {}, "\n".join(stack.said)
    assert stack.up(program) == {}, "nor are they after a refresh"


def only_what_changed_was_sent(recorder: Recorder, replaced: int) -> None:
    """One write an object, with one field; where the API takes no single field, the whole. Of those
    that become other objects, one is made and one removed.
    """
    whole = ("/automations/", "/block_documents/", "/webhooks/", "/slas/", "/schedules")
    ended = {("DELETE", p) for m, p, _ in recorder.writes() if p.startswith("/flows/")}
    writes = [r for r in recorder.writes() if r[:2] not in ended]  # with its last deployment
    made = [p for m, p, _ in writes if m == "POST" and "/slas/" not in p]
    gone = [p for m, p, _ in writes if m == "DELETE" and "/schedules" not in p]
    assert (len([p for p in made if p != "/flows/"]), len(gone)) == (replaced, replaced)
    changes = [request for request in writes if request[1] not in {*made, *gone}]
    for (method, path), requests in itertools.groupby(
        sorted(changes, key=str), key=lambda request: request[:2]
    ):
        bodies = [body for _, _, body in requests]
        assert len(bodies) == 1, f"{method} {path} was sent {len(bodies)} times: {bodies}"
        if not any(part in path for part in whole):
            assert method == "PATCH"
            together = {"work_pool_name", "work_queue_name"}  # one alone resets the other
            assert len(bodies[0]) == 1 or bodies[0].keys() == together, f"{path}: {bodies}"
