"""Every interrupt of a command under `make`, with a `pulumi` that has a deaf plugin."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tools import interrupts, leftovers

ROOT = Path(__file__).parents[2]
# Its plugin has a process group of its own, as Pulumi's have, and hears of nothing.
PLUGIN = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(300)
"""
PULUMI = f"""
import os, pathlib, signal, subprocess, sys, time
if "version" in sys.argv:
    print("v99.0.0")
    sys.exit()
step = pathlib.Path(os.environ["STEP"])

def finish(*_):
    time.sleep(0.5)
    step.write_text("finished")
    sys.exit(1)

signal.signal(signal.SIGINT, finish)
subprocess.Popen([sys.executable, "-c", {PLUGIN!r}], process_group=0)
step.write_text("begun")
while True:
    print("at it", flush=True)
    time.sleep(0.1)
"""
LOGGED = """
import os
from pathlib import Path
from tools import command
with command.watched():
    command.run(["pulumi", "up"], say=print, log=Path(os.environ["STEP"] + ".log"), heard=print)
"""
LATE = """
import os, time
from pathlib import Path
from tools import command
said = "went on"
try:
    with command.watched():
        time.sleep(20)
except command.Interrupt as interrupt:
    said = str(interrupt.status)
Path(os.environ["STEP"]).write_text(said)
"""
MAKEFILE = f"""
late:
\t@kill -s $(HOW) $$PPID; sleep 0.3; exec {sys.executable} -c "$$LATE"
up:
\t@{sys.executable} -m tools.guarded pulumi up
logged:
\t@{sys.executable} -c "$$LOGGED"
"""


@dataclass
class Made:
    """`make up`, in a session of its own, once its `pulumi` is in the middle of a step."""

    make: subprocess.Popen[bytes]
    step: Path
    ours: Callable[[str], bool]

    def named(self, name: str) -> psutil.Process:
        [found] = [p for p in self.processes() if name in " ".join(p.cmdline())]
        return found

    def processes(self) -> list[psutil.Process]:
        below = psutil.Process(self.make.pid).children(recursive=True)
        return [*below, *(p for p in leftovers.marked(self.ours) if p not in below)]


@pytest.fixture
def made(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Made]:
    (tmp_path / "bin").mkdir()
    for name in ("pulumi", "pulumi-language-python", "pulumi-language-python-exec"):
        program = tmp_path / "bin" / name
        program.write_text(f"#!{sys.executable}\n{PULUMI}")
        program.chmod(0o755)
    (tmp_path / "Makefile").write_text(MAKEFILE)
    step = tmp_path / "step"
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    make = subprocess.Popen(
        ["make", "-f", str(tmp_path / "Makefile"), getattr(request, "param", "up")],
        cwd=ROOT,
        env={**os.environ, "PATH": path, "STEP": str(step), "LOGGED": LOGGED},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=interrupts.as_in_a_shell,
    )
    by = Made(make, step, lambda told: f"{tmp_path}/" in told or told in marks)
    marks: set[str] = set()
    try:
        while not step.exists():
            time.sleep(0.05)
        pulumi = next(p for p in psutil.process_iter() if _is(p, f"{tmp_path}/bin/pulumi"))
        marks.add(pulumi.environ()[leftovers.MARK])
        yield by
    finally:
        for process in leftovers.marked(by.ours):
            process.kill()
        make.kill()
        make.wait()


def _is(process: psutil.Process, program: str) -> bool:
    try:
        return any(program == word for word in process.cmdline())
    except psutil.Error:
        return False


def interrupt_twice(made: Made) -> None:
    os.killpg(made.make.pid, signal.SIGINT)
    time.sleep(0.3)
    os.killpg(made.make.pid, signal.SIGINT)


GENTLE: dict[str, Callable[[Made], None]] = {
    "Ctrl-C": lambda made: os.killpg(made.make.pid, signal.SIGINT),
    "SIGINT for make alone": lambda made: made.make.send_signal(signal.SIGINT),
    "SIGTERM": lambda made: os.killpg(made.make.pid, signal.SIGTERM),
    "SIGTERM for make alone": lambda made: made.make.terminate(),
    "a closed terminal": lambda made: os.killpg(made.make.pid, signal.SIGHUP),
    "kill -9 of make": lambda made: made.make.kill(),
    "kill -9 of the command": lambda made: made.named("tools.guarded").kill(),
    "kill -9 of the group": lambda made: os.killpg(made.make.pid, signal.SIGKILL),
}
ROUGH: dict[str, Callable[[Made], None]] = {
    "Ctrl-C twice": interrupt_twice,
    "kill -9 of pulumi": lambda made: made.named("bin/pulumi").kill(),
}


@pytest.mark.parametrize("how", [*GENTLE, *ROUGH])
def test_an_interrupt_leaves_nothing_running(made: Made, how: str):
    (GENTLE | ROUGH)[how](made)
    made.make.wait(15)
    assert made.make.returncode
    assert _gone(made), [process.cmdline() for process in leftovers.marked(made.ours)]
    assert made.step.read_text() == ("finished" if how in GENTLE else "begun")


@pytest.mark.parametrize("how", ["INT", "HUP", "KILL"])
def test_make_may_have_been_interrupted_before_its_command_looks(tmp_path: Path, how: str):
    """A closed terminal, for one: its SIGHUP is for make alone, and the others have it of make."""
    (tmp_path / "Makefile").write_text(MAKEFILE)
    step = tmp_path / "step"
    make = subprocess.Popen(
        ["make", "-f", str(tmp_path / "Makefile"), "late", f"HOW={how}"],
        cwd=ROOT,
        env={**os.environ, "STEP": str(step), "LATE": LATE},
        start_new_session=True,
        preexec_fn=interrupts.as_in_a_shell,
    )
    assert make.wait(60) < 0
    deadline = time.monotonic() + 60
    while not step.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert step.read_text() == str(128 + signal.SIGTERM)


@pytest.mark.parametrize("made", ["logged"], indirect=True)
def test_pulumi_finishes_its_step_though_nobody_is_left_to_hear_of_it(made: Made):
    made.named("command.watched").kill()
    assert _gone(made)
    assert made.step.read_text() == "finished"


def test_what_is_left_when_the_watcher_died_too_goes_with_the_next_command(made: Made):
    for process in made.processes():
        if "bin/pulumi" not in " ".join(process.cmdline()):
            process.kill()
    made.make.kill()
    made.make.wait()
    assert leftovers.marked(made.ours)
    leftovers.end(leftovers.of_the_dead(ROOT), 5)
    assert not leftovers.marked(made.ours)
    assert made.step.read_text() == "finished"


def _gone(made: Made) -> bool:
    deadline = time.monotonic() + 15
    while leftovers.marked(made.ours) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not leftovers.marked(made.ours)
