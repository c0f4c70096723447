import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from local import runs as following
from local.runs import Run, RunError, Runs, WorkerGoneError

Answer = tuple[int, Any]


def told(**given: Any) -> dict[str, Any]:
    """A flow run, as Prefect tells of it."""
    state = {"type": "COMPLETED", "name": "Completed", "message": None}
    about = {"id": "run-1", "state_type": state["type"], "state_name": state["name"]}
    return about | {"state": state, "labels": {}, "estimated_run_time": 1.5} | given


RUNNING = {"state_type": "RUNNING", "state_name": "Running"}
SCHEDULED = {"state_type": "SCHEDULED", "state_name": "Scheduled"}


class Server:
    """Answers each path with what it was told, in turn, the last one for ever."""

    def __init__(self, **answers: list[Answer]) -> None:
        self.answers = {"/artifacts/filter": [(200, [])]} | answers
        self.asked: list[tuple[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append((path, json.loads(request.content) if request.content else None))
        answers = self.answers[path]
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        return httpx.Response(status, json=body)

    def bodies(self, path: str) -> list[Any]:
        return [body for asked, body in self.asked if asked == path]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(following, "POLL_SECONDS", 0)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)


def runs(answer: Callable[[httpx.Request], httpx.Response]) -> Runs:
    return Runs(httpx.Client(base_url="http://x", transport=httpx.MockTransport(answer)))


NAMED = {"/deployments/name/hello/hello-local": [(200, {"id": "d-1"})]}
CREATE = "/deployments/d-1/create_flow_run"


def test_a_new_run_is_asked_for_and_marked_as_ours():
    server = Server(**NAMED, **{"/flow_runs/filter": [(200, [])], CREATE: [(201, told())]})
    assert runs(server).start("hello/hello-local").id == "run-1"
    [asked] = server.bodies(CREATE)
    assert asked["tags"] == [following.TAG]
    assert asked["state"] == {"type": "SCHEDULED"}


def test_a_run_is_asked_for_of_the_deployment_of_this_very_name():
    server = Server(
        **{"/deployments/name/etl?2/local": [(200, {"id": "d-1"})]},
        **{"/flow_runs/filter": [(200, [])], CREATE: [(201, told())]},
    )
    assert runs(server).start("etl?2/local").id == "run-1"


def test_a_busy_server_is_asked_again_and_starts_one_run_only():
    busy: list[Answer] = [(503, {}), (503, {}), (201, told())]
    server = Server(**NAMED, **{"/flow_runs/filter": [(200, [])], CREATE: busy})
    runs(server).start("hello/hello-local")
    keys = {body["idempotency_key"] for body in server.bodies(CREATE)}
    assert len(server.bodies(CREATE)) == 3
    assert len(keys) == 1, "with one key, what arrives twice is one run"


def test_a_run_that_an_interrupted_call_left_going_is_followed_and_not_doubled():
    server = Server(**NAMED, **{"/flow_runs/filter": [(200, [told(id="left", **RUNNING)])]})
    assert runs(server).start("hello/hello-local").id == "left"
    assert not server.bodies(CREATE)


def test_a_deployment_that_is_not_there_is_told_with_the_place_to_look():
    server = Server(**{"/deployments/name/hello/hello-local": [(404, {})]})
    with pytest.raises(
        RunError, match=r"no deployment hello/hello-local: is it in flows/deployments.py"
    ):
        runs(server).start("hello/hello-local")


def test_a_run_is_followed_to_its_end_with_its_percentage():
    seen: list[Answer] = [(200, told(**RUNNING)), (200, told(**RUNNING)), (200, told())]
    percent: list[Answer] = [(200, []), (200, [{"data": 40.0}])]
    server = Server(**{"/flow_runs/run-1": seen, "/artifacts/filter": percent})
    followed = [*runs(server).follow(Run("hello/hello-local", told()), lambda: True)]
    assert [(run.state, percent) for run, percent in followed] == [
        ("Running", 0.0),
        ("Running", 40.0),
        ("Completed", 40.0),
    ]


@pytest.mark.parametrize("kind", ["FAILED", "CRASHED", "CANCELLED"])
def test_a_run_that_ends_badly_has_ended_and_says_why(kind: str):
    bad = told(state_type=kind, state_name=kind, state={"type": kind, "message": "no disk"})
    server = Server(**{"/flow_runs/run-1": [(200, bad)]})
    [(run, _)] = runs(server).follow(Run("hello/hello-local", told()), lambda: True)
    assert not run.completed
    assert run.message == "no disk"


def test_a_run_is_not_waited_for_when_its_worker_has_stopped():
    server = Server(**{"/flow_runs/run-1": [(200, told(**SCHEDULED))]})
    with pytest.raises(WorkerGoneError, match="hello/hello-local is Scheduled, and the worker has"):
        [*runs(server).follow(Run("hello/hello-local", told()), lambda: False)]


@pytest.mark.parametrize(
    ("at", "why"), [("SCHEDULED", "queue paused"), ("PENDING", "the worker has taken it")]
)
def test_a_run_that_does_not_begin_is_given_up(monkeypatch: pytest.MonkeyPatch, at: str, why: str):
    monkeypatch.setitem(following.PATIENCE, at, (0.0, following.PATIENCE[at][1]))
    server = Server(**{"/flow_runs/run-1": [(200, told(state_type=at, state_name="Late"))]})
    with pytest.raises(RunError, match=f"hello-local is still Late after 0 s: .*{why}"):
        [*runs(server).follow(Run("hello/hello-local", told()), lambda: True)]


def test_a_run_that_its_worker_has_taken_has_longer_to_begin(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(following.PATIENCE, "SCHEDULED", (0.0, ""))
    taken = told(state_type="PENDING", state_name="Submitting")
    server = Server(**{"/flow_runs/run-1": [(200, taken), (200, told())]})
    followed = [*runs(server).follow(Run("hello/hello-local", told()), lambda: True)]
    assert [run.state for run, _ in followed] == ["Submitting", "Completed"]


def test_rows_are_shown_where_the_flow_counted_some():
    assert Run("ingest/ingest-local", told(labels={"rows": 336776})).rows == 336776
    assert Run("ingest/ingest-local", told()).rows is None


def test_of_runs_without_a_process_the_begun_have_crashed_and_the_others_wait_again():
    left = [told(id="begun", **RUNNING), told(id="alive", **RUNNING)]
    left.append(told(id="pending", state_type="PENDING", state_name="Submitting"))
    states = {f"/flow_runs/{name}/set_state": [(201, {})] for name in ("begun", "pending")}
    server = Server(**{"/flow_runs/filter": [(200, left)]}, **states)
    assert runs(server).settle("dataflows-local", alive={"alive"}) == 2
    became = {path: body["state"]["type"] for path, body in server.asked[1:]}
    assert became == {
        "/flow_runs/begun/set_state": "CRASHED",
        "/flow_runs/pending/set_state": "SCHEDULED",
    }


def test_the_pages_that_a_run_has_written_are_found_with_their_titles():
    found = [{"id": "a-1", "key": "delays", "description": "Who runs late"}]
    server = Server(**{"/artifacts/filter": [(200, found)]})
    assert runs(server).reports(Run("report/report-local", told())) == [("Who runs late", "a-1")]
    [asked] = server.bodies("/artifacts/filter")
    assert asked["artifacts"]["flow_run_id"] == {"any_": ["run-1"]}
