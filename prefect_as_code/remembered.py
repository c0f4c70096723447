"""The answers of ``introspect.py``, asked for again only after what they come from has changed.

An answer is kept in the virtual environment, with a fingerprint of every file and environment
variable that was read for it, and not at all if it may depend on more than that; without a virtual
environment there is no place that surely is ours, and nothing is kept.
"""

import atexit
import hashlib
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, cast

from . import introspect
from .errors import PrefectError
from .pulumi_sdk import start_provider


def flow_of(
    entrypoint: str, *, importable: bool = False, parameters: bool = True
) -> dict[str, Any]:
    """``name``, ``description`` and ``parameter_openapi_schema`` of ``path/to/file.py:function``,
    and the ``docstring`` that the description is taken from where the flow gives none.

    They are what Prefect says of the imported flow, and are read from the source, so that they
    are the same on every machine. A module that is ``importable`` is imported instead, at each
    preview. Where ``parameters`` are of no matter, there is no schema.

    Raises:
        PrefectError: part of it depends on what other machines need not have; which file, line
            and parameter, and what to do.
    """
    question = "imported_flow" if importable else "flow" if parameters else "bare_flow"
    return _told(question, entrypoint)


def worker_of(path: str) -> dict[str, Any]:
    """``type`` and ``base_job_template`` of a worker, ``prefect.workers.process:ProcessWorker``.

    Raises:
        PrefectError: there is no such class in the packages at hand.
    """
    return _told("worker", path)


def block_of(path: str) -> dict[str, Any]:
    """What ``introspect.block_class`` says of the class at ``module:Class``.

    Raises:
        PrefectError: there is no such class in the packages at hand.
    """
    return _told("block", path)


@lru_cache(maxsize=4096)  # hundreds of deployments may have the same few
def is_schedule(told: str) -> None:
    """Ask whether Prefect takes a schedule, JSON as its API has it, and will find runs for it.

    Raises:
        PrefectError: it does not; which field, why, and what to write.
    """
    _told("schedule", told)


@lru_cache(maxsize=4096)
def is_automation(told: str) -> None:
    """Ask whether Prefect takes an automation: JSON, as ``automation_question.py`` has it.

    Raises:
        PrefectError: it does not; where, why, and what there is instead.
    """
    _told("automation", told)


def _told(question: str, subject: str) -> dict[str, Any]:
    key = hashlib.sha256(json.dumps([question, subject, os.getcwd()]).encode()).hexdigest()
    kept = Path(sys.prefix, ".introspected", f"{key}.json")
    environment = introspect.environment()
    answer = _read(kept)
    if answer.get("environment") != environment or not _is_fresh(answer):
        answer = {"environment": environment, **_process(question).ask(question, subject)}
        if sys.prefix != sys.base_prefix and answer["lasting"]:
            _keep(kept, answer)
    told: dict[str, Any] = answer["told"]
    return told


def _is_fresh(answer: dict[str, Any]) -> bool:
    told = ((introspect.fingerprint, "files"), (introspect.fingerprint_of_variable, "variables"))
    return all(
        of(name) == known for of, kind in told for name, known in answer.get(kind, {"": ""}).items()
    )


def _read(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        known: dict[str, Any] = json.loads(path.read_text())
        return known
    return {}


def _keep(path: Path, answer: dict[str, Any]) -> None:
    new = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError):  # a read-only environment: asked again next time
        path.parent.mkdir(exist_ok=True)
        new.write_text(json.dumps(answer))
        new.replace(path)


class _Process:
    """Prefect in a process of its own, for as long as this one lives."""

    def __init__(self) -> None:
        start_provider()  # what has to be asked for is to be registered, most likely
        path = os.pathsep.join(p for p in (os.getcwd(), os.environ.get("PYTHONPATH")) if p)
        self.process = subprocess.Popen(
            [sys.executable, "-P", introspect.__file__],
            # One order of sets, in each process and on each machine.
            env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Pulumi interrupts all of the program's group when a preview fails; this process would
            # say so after the error that counts. It ends with the program in any case.
            process_group=0,
        )
        self.questions = cast("IO[str]", self.process.stdin)
        self.answers = cast("IO[str]", self.process.stdout)
        self.directory = os.getcwd()
        self.turn = threading.Lock()  # a provider asks from several threads
        atexit.register(self.end)

    def ask(self, question: str, subject: str) -> dict[str, Any]:
        told = json.dumps([question, subject, dict(os.environ)])
        line = ""
        with self.turn, suppress(BrokenPipeError):
            print(told, file=self.questions, flush=True)
            line = self.answers.readline()
        if not line:
            raise PrefectError(
                f"Prefect could not be asked about {subject}: its process ended with "
                f"{self.process.wait()}; what it said is above."
            )
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise PrefectError(answer["error"])
        return answer

    def end(self) -> None:
        for pipe in (self.questions, self.answers):
            with suppress(OSError):
                pipe.close()
        self.process.terminate()  # it may be at an answer that nobody waits for
        self.process.wait()


# Workers and blocks have a process of their own, as what is imported for one question counts as
# read for the next: an edited flow would have them looked at anew. Flows that are imported have
# one, too: what they bring in, the others would find there.
_APART = {"worker": "classes", "block": "classes", "imported_flow": "imported"}
_processes: dict[str, _Process] = {}
_starting = threading.Lock()


def _process(question: str) -> _Process:
    key = _APART.get(question, "read")
    with _starting:
        running = _processes.get(key)
        if running and (running.process.poll() is not None or running.directory != os.getcwd()):
            running.end()
            running = None
        _processes[key] = running or _Process()
        return _processes[key]
