"""What we use of Prefect that it promises to nobody: where a version lacks it, what breaks."""

import ast
import importlib
import importlib.util
import subprocess
import sys
import time
from pathlib import Path

import prefect
import pytest

ROOT = Path(__file__).parents[2]
RUNNER = ROOT / "images" / "runner"
NOT_OURS = {"tests", "bench"}

# Each private name that is imported, and what its loss breaks.
IMPORTED = {
    "prefect._internal.infrastructure_exit_codes.get_infrastructure_exit_info": (
        "conclude.py does not start: a run whose process was killed, or that was cancelled, is not "
        "told of as Crashed or Cancelled, and runs no hooks"
    ),
    "prefect._internal.schemas.validators": (
        "each schedule that is new at a preview has the names of all timezones read anew"
    ),
    "prefect._internal.schemas.validators.normalize_rrule_string": (
        "no schedule with an rrule can be asked about at a preview: it is refused"
    ),
    "prefect.types._datetime.now": "no schedule can be asked about at a preview: it is refused",
}
NO_SETTING = "execute.py leaves a run to Prefect's slower command for what is no setting any more"
# What is said to Prefect's engine by the environment, and what becomes of it unheard.
HEARD = {
    "PREFECT__FLOW_RUN_ID": "the engine does not know which run it is to run",
    "PREFECT__CONTROL_PORT": "a run that is cancelled is Crashed before it is Cancelled",
    "PREFECT__CONTROL_TOKEN": "a run that is cancelled is Crashed before it is Cancelled",
    "PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS": (
        "hooks for Cancelled and Crashed run twice: the engine's and conclude.py's"
    ),
    "PREFECT_FLOW_RUN_EXECUTE_SIGTERM_BEHAVIOR": NO_SETTING,
    "PREFECT_RUNNER_AUTO_INSTALL_DEPENDENCIES": NO_SETTING,
    "PREFECT_RUNNER_CRASH_ON_CANCELLATION_FAILURE": NO_SETTING,
}
# The engine's side of the control line, as it is in a flow's process.
ENGINE = """
import time
from prefect._internal import control_listener
from prefect.utilities.engine import capture_sigterm
control_listener.configure_from_env()
with capture_sigterm():
    until = time.monotonic() + 30
    while not control_listener.get_intent() and time.monotonic() < until:
        time.sleep(0.02)
    print(control_listener.get_intent())
"""


def private_imports():
    """The names from modules of Prefect's with a part that begins with an underscore."""
    for room in ROOT.iterdir():
        if not room.is_dir() or room.name.startswith(".") or room.name in NOT_OURS:
            continue
        for path in room.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("prefect."):
                    names = [f"{node.module}.{alias.name}" for alias in node.names]
                elif isinstance(node, ast.Import):
                    names = [a.name for a in node.names if a.name.startswith("prefect.")]
                else:
                    continue
                yield from (name for name in names if "._" in name)


def test_each_private_name_that_we_import_is_known_here_with_what_its_loss_breaks():
    assert {*private_imports()} == IMPORTED.keys()


@pytest.mark.parametrize("name", IMPORTED)
def test_prefect_has_still_what_we_import(name):
    module, _, attribute = name.rpartition(".")
    try:
        found = hasattr(importlib.import_module(module), attribute)
        found = found or importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        found = False
    assert found, f"Prefect {prefect.__version__} has no {name}: {IMPORTED[name]}"


@pytest.mark.parametrize("name", HEARD)
def test_prefect_hears_still_what_it_is_told_by_the_environment(name):
    package = Path(prefect.__file__).parent
    read = any(name in path.read_text() for path in package.rglob("*.py"))
    assert read, f"Prefect {prefect.__version__} does not know {name}: {HEARD[name]}"


def test_prefect_says_of_an_exit_status_what_is_told_of_a_crashed_run():
    from prefect._internal.infrastructure_exit_codes import get_infrastructure_exit_info

    for status in (-9, 1, 77):  # killed, failed, and one that Prefect has no words for
        told = get_infrastructure_exit_info(status)
        assert told.explanation, status
        assert told.resolution, status
        assert isinstance(told.log_level, int), status


def test_the_engine_hears_of_a_cancellation_on_the_line_of_the_runner(monkeypatch):
    monkeypatch.syspath_prepend(RUNNER)
    line = importlib.import_module("execute").Line()
    command = [sys.executable, "-c", ENGINE]
    engine = subprocess.Popen(command, env=line.environment, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while line._engine is None and engine.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    started = time.monotonic()
    line.cancel()
    heard_within = time.monotonic() - started
    told, _ = engine.communicate(timeout=60)
    lost = "it would be Crashed before it is Cancelled, and clean up as after a crash"
    assert told.strip() == "cancel", f"Prefect {prefect.__version__} did not hear: {lost}"
    assert heard_within < 1, "it did not say that it has heard, and was waited for"


def test_the_engine_is_a_module_that_can_be_run():
    """engine.py loads the one first and then runs the other, as `python -m prefect.engine`."""
    for name in ("prefect.flow_engine", "prefect.engine"):
        assert importlib.util.find_spec(name), f"Prefect {prefect.__version__} has no {name}"
