"""Rounds: a state to start from, an interrupt, the same command again, and a look at everything."""

import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.interrupts.kinds import KINDS
from bench.interrupts.place import POLL_SECONDS, Place
from bench.interrupts.server import Objects, Server, known
from local import records
from local.services import Services

PATIENCE = 15.0  # seconds after which nothing of an interrupted command may be left
FOR_EVER = 300.0  # seconds that no command takes
TRIES = 10  # until a command is found before its end
COMMANDS = {
    "up": ("make", "up", "RUNS=0"),
    "destroy": ("make", "destroy", "YES=1"),
    "down": ("make", "down"),
    "preview": ("make", "preview"),
}
SERVE = """
from local import prefect
from local.places import Places
from local.services import Services
Services(Places()).ensure("server", lambda known: prefect.server(Places(), known, print))
"""
# What a command meets, each as often as the number says: see `Storm._meet_…`.
STARTS = {
    "up": {"nothing": 1, "no stack": 10, "half of it": 9},
    "destroy": {"stopped": 3, "no worker": 6, "all of it": 1},
    "down": {"all of it": 1},
    "preview": {"half of it": 1},
}


@dataclass
class Round:
    command: str
    kind: str
    start: str
    after: float  # seconds, from the command's beginning
    gone: float = 0.0  # seconds until nothing was left
    left: list[str] = field(default_factory=list)  # what was, when patience had an end
    healed: float = 0.0  # seconds that the same command took then
    wrong: list[str] = field(default_factory=list)

    @property
    def well(self) -> bool:
        return not self.left and not self.wrong


class Storm:
    def __init__(self, folder: Path, say: Callable[[str], object]) -> None:
        self.place = Place(folder)
        self.say = say
        self.lasts: dict[tuple[str, str], float] = {}  # seconds of a command that is let alone
        self._declare_more()
        self._kept = folder.with_name("kept")
        began = time.monotonic()
        try:
            self._must("up")
        except BaseException:
            self.close()
            raise
        cold = time.monotonic() - began
        for command, starts in STARTS.items():
            for start in starts:
                self.lasts[command, start] = cold if start == "nothing" else cold / 2
        self.declared: Objects = self.server.objects()
        self.say(f"up in {cold:.1f} s: {sum(map(len, self.declared.values()))} objects")

    def rounds(self, kind: str, command: str, count: int, seed: object) -> Iterator[Round]:
        """``count`` that were interrupted; one that had ended by then is done anew."""
        chance = random.Random(f"{seed} {kind} {command}")  # noqa: S311
        starts = STARTS[command]
        for _ in range(count):
            [start] = chance.choices(list(starts), list(starts.values()))
            tries = (self._round(kind, command, start, chance) for _ in range(TRIES))
            done = next((each for each in tries if each is not None), None)
            if done is None:
                self.say(f"{kind}: `make {command}` has nothing of the kind to interrupt")
                return
            yield done
            if not done.well:
                self._begin_anew()

    def close(self) -> None:
        self.place.kill()

    @property
    def server(self) -> Server:
        record = records.read(self.place.places.record("server"))
        if record is None:
            raise LookupError("the server has no record")
        return Server(record.api_url)

    def _round(self, kind: str, command: str, start: str, chance: random.Random) -> Round | None:
        self._meet(start, chance)
        after = chance.uniform(0.0, self.lasts[command, start])
        terminal = self.place.start(*COMMANDS[command])
        interrupted = terminal.wait(after) is None and KINDS[kind](terminal, chance)
        done = Round(command, kind, start, after)
        if not interrupted:
            status = terminal.wait(FOR_EVER)
            self.lasts[command, start] = (terminal.ended or 0.0) - terminal.began
            terminal.close()
            if status == 0:
                return None
            done.wrong.append(f"not interrupted, and exit status {status}:\n{terminal.said}")
            return done
        began = time.monotonic()
        terminal.wait(PATIENCE)
        while (left := self.place.left()) and time.monotonic() - began < PATIENCE:
            time.sleep(POLL_SECONDS)
        done.gone = time.monotonic() - began
        done.left = [" ".join(process.cmdline()[:6]) for process in left]
        terminal.close()
        began = time.monotonic()
        again = self.place.start(*COMMANDS[command])
        status = again.wait(FOR_EVER)
        done.healed = time.monotonic() - began
        again.close()
        if status != 0:
            done.wrong.append(f"exit status {status} of the second one:\n{again.said}")
        else:
            done.wrong += self._problems(command)
        if not done.well:
            done.wrong.append(f"The interrupted one had said:\n{terminal.said}")
        return done

    def _meet(self, start: str, chance: random.Random) -> None:
        """Bring about what the command is to meet."""
        if start == "nothing":
            self._begin_anew()
        elif start == "stopped":
            self._restore()
        elif start == "no worker":
            self._restore()
            self._must_run(str(self.place.root / ".venv" / "bin" / "python"), "-c", SERVE)
        else:
            if not self._stands():
                self._must("up")
            if start == "half of it":
                self.server.remove(chance)
            elif start == "no stack":
                self.place.kill("worker")
                self.server.remove()
                shutil.rmtree(self.place.places.state)

    def _restore(self) -> None:
        """What was kept of an `up`, with no service running."""
        if not self._kept.exists():
            if not self._stands():
                self._must("up")
            self._must("down")
            shutil.copytree(self.place.places.base, self._kept)
        self._begin_anew()
        shutil.copytree(self._kept, self.place.places.base)

    def _problems(self, command: str) -> Iterator[str]:
        places = self.place.places
        if left := self.place.left():
            yield f"left by the second one: {[p.cmdline() for p in left]}"
        if command in ("destroy", "down") and (alive := list(self.place.processes())):
            yield f"after `{command}` there still are {[p.cmdline() for p in alive]}"
        if command == "destroy" and places.base.exists():
            yield f"{places.base} is left: {sorted(places.base.rglob('*'))[:20]}"
        if command == "up":
            yield from self._differences()

    def _differences(self) -> Iterator[str]:
        found = self.server.objects()
        for kind, wanted in self.declared.items():
            if found[kind] != wanted:
                yield f"{kind}: {found[kind]} instead of {wanted}"
        [state] = self.place.places.state.glob(".pulumi/stacks/*/local.json")
        text = state.read_text()
        if '"pending_operations"' in text:
            yield "the state has pending operations"
        if strange := known(state) - self.server.ids():
            yield f"the state knows what is not there: {strange}"
        if list(places_locks := self.place.places.state.glob(".pulumi/locks/**/*.json")):
            yield f"a lock is left: {places_locks}"

    def _stands(self) -> bool:
        places = self.place.places
        services = Services(places)
        return all(services.running(name) for name in ("server", "worker")) and bool(
            list(places.state.glob(".pulumi/stacks/*/local.json"))
        )

    def _must(self, command: str) -> None:
        self._must_run(*COMMANDS[command])

    def _must_run(self, *words: str) -> None:
        terminal = self.place.start(*words)
        status = terminal.wait(FOR_EVER)
        terminal.close()
        if status != 0:
            raise RuntimeError(f"{words} by itself: exit status {status}\n{terminal.said}")

    def _begin_anew(self) -> None:
        self.place.kill()
        shutil.rmtree(self.place.places.base, ignore_errors=True)

    def _declare_more(self) -> None:
        """Kinds that take more than one request to make."""
        file = self.place.root / "Pulumi.local.yaml"
        told = file.read_text()
        more = "    queues: [urgent, later]\n    concurrency_limit: 5\n"
        file.write_text(told.replace("    schedules: active\n", f"    schedules: active\n{more}"))
