"""An executor that starts nothing: a test says how each task ends, and sees what was asked."""

import threading
from dataclasses import dataclass, field

from tests.story.google.cloud_run.executor import Ended, Task


@dataclass
class Scripted:
    """``absent`` are images that are not there. ``stubborn`` tasks hear no request to end."""

    absent: set[str] = field(default_factory=set)
    stubborn: bool = False
    started: list["ScriptedTask"] = field(default_factory=list)
    broken: str = ""

    def missing(self, image: str) -> bool:
        return image in self.absent

    def start(self, task: Task) -> "ScriptedTask":
        if self.broken:
            raise RuntimeError(self.broken)
        made = ScriptedTask(task, self.stubborn)
        self.started.append(made)
        return made


@dataclass
class ScriptedTask:
    task: Task
    stubborn: bool = False
    stops: list[float] = field(default_factory=list)
    removed: bool = False
    _ended: Ended | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def end(self, code: int = 0, *, out_of_memory: bool = False) -> None:
        self._ended = Ended(code, out_of_memory)
        self._over.set()

    def wait(self, seconds: float | None) -> Ended | None:
        self._over.wait(seconds)
        return self._ended

    def stop(self, grace: float) -> None:
        self.stops.append(grace)
        if self.stubborn:
            threading.Timer(grace, self.end, (137,)).start()
        else:
            self.end(143)

    def remove(self) -> None:
        self.removed = True
