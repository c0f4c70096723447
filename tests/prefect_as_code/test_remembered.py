"""What Prefect says of flows and classes is asked for anew when, and only when, it may differ."""

import subprocess
import sys
from pathlib import Path

import pulumi
import pytest

from prefect_as_code import (
    BlockTypeArgs,
    PrefectError,
    flow_of,
    introspect,
    remembered,
    schedules,
    worker_of,
)
from prefect_as_code.remembered import is_schedule

ROOT = Path(__file__).parents[2]
FLOW = """
import a_package_that_is_not_installed
from prefect import flow
from kinds import Shop

print("not an answer")

@flow(name="sync-orders", description="Store them.")
def orders(shop: Shop, day: int = 1):
    pass
"""
KINDS = """
import enum

print("nor is this")

class Shop(enum.Enum):
    paris = "paris"
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return tmp_path_factory.mktemp("project")  # one for all: with it comes one process


@pytest.fixture(autouse=True)
def asked(project, tmp_path, monkeypatch):
    """The questions that Prefect was asked, with an empty memory."""
    (project / "orders.py").write_text(FLOW)
    (project / "kinds.py").write_text(KINDS)
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    questions, process = [], remembered._process

    def ask(question):
        questions.append(question)
        return process(question)

    monkeypatch.setattr(remembered, "_process", ask)
    return questions


def shops():
    schema = flow_of("orders.py:orders")["parameter_openapi_schema"]
    return schema["definitions"]["Shop"]["enum"]


def forget_processes():
    """As a new command: what a process has imported, it does not import again."""
    for process in remembered._processes.values():
        process.end()
    remembered._processes.clear()


def test_a_flow_is_read_once(asked):
    told = flow_of("orders.py:orders")
    assert (told["name"], told["description"]) == ("sync-orders", "Store them.")
    assert told["parameter_openapi_schema"]["required"] == ["shop"]
    assert flow_of("orders.py:orders") == told
    assert asked == ["flow"]


def test_another_source_is_read_anew(asked, project):
    flow_of("orders.py:orders")
    (project / "orders.py").write_text(FLOW.replace("sync-orders", "load-orders"))
    assert flow_of("orders.py:orders")["name"] == "load-orders"
    assert asked == ["flow", "flow"]


def test_a_flow_is_read_anew_when_what_it_imports_has_changed(asked, project):
    assert shops() == ["paris"]
    forget_processes()
    (project / "kinds.py").write_text(KINDS + '    rome = "rome"\n')
    assert shops() == ["paris", "rome"]


def test_everything_is_asked_anew_after_an_installation(asked, monkeypatch):
    worker_of("prefect.workers.process:ProcessWorker")
    worker_of("prefect.workers.process:ProcessWorker")
    assert asked == ["worker"]
    monkeypatch.setattr(introspect, "environment", lambda: "another package")
    assert worker_of("prefect.workers.process:ProcessWorker")["type"] == "process"
    assert asked == ["worker", "worker"]


def test_an_edited_flow_leaves_the_answers_about_classes_as_they_are(asked, project):
    flow_of("orders.py:orders")
    worker_of("prefect.workers.process:ProcessWorker")
    (project / "orders.py").write_text(FLOW + "\n")
    worker_of("prefect.workers.process:ProcessWorker")
    assert asked == ["flow", "worker"]


def test_what_prefect_says_when_it_cannot_be_imported_is_the_error(asked, monkeypatch):
    forget_processes()
    monkeypatch.setenv("PREFECT_SERVER_API_PORT", "nonsense")
    with pytest.raises(PrefectError, match="should be a valid integer"):
        flow_of("orders.py:orders")
    forget_processes()


def test_a_schedule_that_the_program_knows_is_not_asked_about_by_the_provider(asked):
    declared = [{"slug": "daily", "cron": "17 6 * * *"}]
    schedules.foresee(declared)
    is_schedule.cache_clear()  # as in another process
    assert not [*schedules.problems(declared)]
    assert asked == ["schedule"]


def test_a_schedule_that_is_not_known_yet_is_left_to_the_provider(asked):
    schedules.foresee([{"slug": "daily", "cron": pulumi.Output.from_input("17 6 * * *")}])
    schedules.foresee(pulumi.Output.from_input([{"slug": "daily", "cron": "17 6 * * *"}]))
    assert asked == []


def test_a_schedule_is_asked_about_where_the_flow_was_read(asked):
    assert remembered._process("flow") is remembered._process("schedule")
    assert remembered._process("flow") is not remembered._process("worker")


def test_a_flow_is_read_anew_when_a_variable_that_it_reads_has_changed(asked, project, monkeypatch):
    text = "import os\nfrom prefect import flow\n@flow(name=f\"etl-{os.environ.get('TARGET')}\")\n"
    (project / "etl.py").write_text(f'{text}def etl(days: int = int(os.getenv("DAYS", "1"))): ...')
    for target, days in (("dev", "1"), ("prod", "30")):
        monkeypatch.setenv("TARGET", target)
        monkeypatch.setenv("DAYS", days)
        monkeypatch.setenv("ANOTHER", target)
        told = [flow_of("etl.py:etl") for _ in range(2)][1]
        days_told = told["parameter_openapi_schema"]["properties"]["days"]["default"]
        assert (told["name"], days_told) == (f"etl-{target}", int(days))
    assert asked == ["flow", "flow"]


def test_a_variable_that_may_be_secret_is_not_kept_in_clear(asked, project, tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "s3cr3t-token")
    text = "import os\nfrom prefect import flow\nN = len(os.environ['TOKEN'])\n@flow\n"
    (project / "etl.py").write_text(f"{text}def etl(n: int = N): ...")
    assert flow_of("etl.py:etl")["parameter_openapi_schema"]["properties"]["n"]["default"] == 12
    assert not [k for k in (tmp_path / ".introspected").iterdir() if "s3cr3t" in k.read_text()]


@pytest.mark.parametrize("first", ["absent", "present"])
def test_a_flow_is_read_anew_when_a_file_that_it_reads_comes_or_goes(asked, project, first):
    text = "from pathlib import Path\nfrom prefect import flow\ntry:\n"
    text += "    N = Path('n.txt').read_text()\nexcept OSError:\n    N = 'absent'\n"
    text += "@flow(name=N)\ndef etl(): ..."
    (project / "etl.py").write_text(text)
    (project / "n.txt").unlink(missing_ok=True)
    for name in (first, {"absent": "present", "present": "absent"}[first]):
        (project / "n.txt").write_text(name) if name == "present" else (project / "n.txt").unlink(
            True
        )
        assert flow_of("etl.py:etl")["name"] == name


def test_what_is_imported_is_asked_for_each_time(asked, project):
    text = "from datetime import datetime\nfrom prefect import flow\n@flow\n"
    (project / "etl.py").write_text(f"{text}def etl(n: str = str(datetime.now())): ...")
    one, two = (flow_of("etl.py:etl", importable=True) for _ in range(2))
    assert one != two
    with pytest.raises(PrefectError, match=r"parameter n of etl: its default .*datetime.now"):
        flow_of("etl.py:etl")
    assert "parameter_openapi_schema" in flow_of("etl.py:etl", parameters=False)


def test_a_worker_of_one_s_own_is_asked_anew_when_a_variable_that_it_reads_has_changed(
    asked, project, monkeypatch
):
    (project / "own.py").write_text(
        "import os\nfrom prefect.workers.process import ProcessWorker\n"
        "class Own(ProcessWorker):\n    type = f'own-{os.environ.get(\"KIND\")}'\n"
    )
    monkeypatch.setenv("KIND", "a")
    worker_of("own:Own")
    worker_of("own:Own")
    assert asked == ["worker"]
    monkeypatch.setenv("KIND", "b")
    worker_of("own:Own")
    assert asked == ["worker", "worker"]


def test_a_memory_that_cannot_be_read_is_none(asked, tmp_path):
    flow_of("orders.py:orders")
    for kept in (tmp_path / ".introspected").iterdir():
        kept.write_text('{"environ')
    flow_of("orders.py:orders")
    assert asked == ["flow", "flow"]


def test_nothing_is_kept_outside_a_virtual_environment(asked, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    flow_of("orders.py:orders")
    flow_of("orders.py:orders")
    assert asked == ["flow", "flow"]
    assert not [*tmp_path.iterdir()]


def test_a_block_is_the_same_by_its_path_and_by_its_class():
    from prefect.blocks.system import Secret

    assert BlockTypeArgs.of("prefect.blocks.system:Secret") == BlockTypeArgs.of(Secret)


@pytest.mark.parametrize(
    ("ask", "subject", "message"),
    [
        (flow_of, "orders.py:order", "orders.py has no function order; it has orders"),
        (worker_of, "prefect.workers.process:Worker", "has no attribute 'Worker'"),
        (worker_of, "no_such_package:Worker", "No module named 'no_such_package'"),
    ],
)
def test_what_is_not_there_is_told_in_python_s_words_and_not_kept(ask, subject, message, tmp_path):
    with pytest.raises(PrefectError, match=message):
        ask(subject)
    assert not [*tmp_path.iterdir()]


def test_a_process_that_dies_is_told_of(project):
    (project / "ending.py").write_text("import os; os._exit(3)")
    with pytest.raises(PrefectError, match=r"ending.py:orders: its process ended with 3"):
        flow_of("ending.py:orders", importable=True)


INTERRUPTED = """
import os, signal
from prefect_as_code import remembered

def ask():
    return remembered._process("worker").ask("worker", "prefect.workers.process:ProcessWorker")

remembered._process("worker")
signal.signal(signal.SIGINT, lambda *_: None)
os.killpg(0, signal.SIGINT)  # while Prefect's side starts, and while it waits
print(ask()["told"]["type"])
os.killpg(0, signal.SIGINT)
print(ask()["told"]["type"])
raise SystemExit("error: what counts")
"""


def test_of_an_interrupt_the_error_that_counts_is_the_last_word():
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        start_new_session=True,
    )
    assert done.stdout.split() == ["process", "process"]
    assert done.stderr == "error: what counts\n"
