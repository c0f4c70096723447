"""What reading a source depends on: watched while it is read, and refused where it may differ."""

import os
import sys
import sysconfig
import zoneinfo
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import FrameType
from typing import Any

from .rules import Unresolvable, is_standard, refusal

_LIBRARY = (sysconfig.get_path("stdlib"), "<frozen ")
_PACKAGES = ("site-packages", "dist-packages")
_OUTWARD = {
    *("socket.connect", "socket.getaddrinfo", "socket.bind", "subprocess.Popen"),
    *("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn"),
}
_FOLDERS = {"os.listdir", "os.scandir", "glob.glob"}


class Watch:
    """One reading: the files and environment variables that it asked for, and what it may not.

    ``lasting`` is false when it asked for more than can be told apart later. ``troubles`` are the
    things refused, in their order, also those that the source caught; ``hidden`` is why packages
    were not found.
    """

    def __init__(self, is_source: Callable[[FrameType], bool], strict: bool = True) -> None:
        self.is_source, self.strict = is_source, strict
        self.files: set[str] = set()
        self.variables: set[str] = set()
        self.troubles: list[Unresolvable] = []
        self.hidden: list[str] = []
        self.lasting = True

    def refuse(self, why: str | Unresolvable) -> Unresolvable:
        self.troubles.append(Unresolvable(why) if isinstance(why, str) else why)
        return self.troubles[-1]

    def asks(self, frame: FrameType | None) -> bool:
        """Whether a frame is the source's, or of the standard library on its behalf."""
        while frame is not None:
            if self.is_source(frame):
                return True
            if not _is_library(frame.f_code.co_filename):
                return False
            frame = frame.f_back
        return False

    def has_read(self, variable: str | None, frame: FrameType | None) -> None:
        """``None`` stands for all of them."""
        nearest = True
        while frame is not None and not self.is_source(frame):
            package = _package(frame.f_code.co_filename)
            if package == "prefect" or (nearest and package == "pydantic"):
                return  # what these are told by the environment is no part of an answer
            nearest = nearest and _is_library(frame.f_code.co_filename)
            frame = frame.f_back
        if frame is None:
            return
        if variable is None:
            self.lasting = False
        else:
            self.variables.add(variable)

    def audit(self, event: str, args: tuple[Any, ...], frame: FrameType) -> None:
        if event in _OUTWARD and self.strict:
            raise self.refuse(f"it goes outside this process ({event})")
        if event in _FOLDERS and self.asks(frame):
            self.lasting = False
        if event == "open" and isinstance(args[0], str | bytes) and self.asks(frame):
            path = os.path.abspath(os.fsdecode(args[0]))
            if path.startswith(zoneinfo.TZPATH) or f"{os.sep}tzdata{os.sep}zoneinfo" in path:
                return  # the rules of a time zone, wherever a machine has them
            writes = bool((args[2] or 0) & (os.O_WRONLY | os.O_RDWR))
            if self.strict and (writes or not Path(path).is_relative_to(os.getcwd())):
                raise self.refuse(f"{path} is opened, which is no file of this repository")
            self.files.add(path)


_watch: Watch | None = None


class _Environment(os._Environ[Any]):
    """``os.environ``, which tells the watch what was asked for."""

    def __getitem__(self, key: Any) -> Any:
        if _watch:
            _watch.has_read(os.fsdecode(key), sys._getframe(1))
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[Any]:
        if _watch:
            _watch.has_read(None, sys._getframe(1))
        return super().__iter__()


class _Finder(MetaPathFinder):
    """Finds nothing; hides what Prefect and pydantic can do without, as it need not be there."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        watch = _watch
        if not (watch and watch.strict) or is_standard(fullname):
            return
        with unwatched():
            why = refusal(fullname)
        if why:
            watch.hidden.append(why)
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


def _is_library(path: str) -> bool:
    return path.startswith(_LIBRARY) and not any(each in path for each in _PACKAGES)


def _package(path: str) -> str:
    """The package that a file is installed with, or a module's outermost one."""
    if os.sep not in path:
        return path.partition(".")[0]
    parts = Path(path).parts
    found = [parts[i + 1] for i, part in enumerate(parts[:-1]) if part in _PACKAGES]
    return found[-1] if found else ""


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _watch and (event == "open" or event in _OUTWARD or event in _FOLDERS):
        _watch.audit(event, args, sys._getframe(1))


_installed = False


def _install() -> None:
    global _installed
    if not _installed:
        _installed = True
        sys.addaudithook(_audit)
        sys.meta_path.insert(0, _Finder())
        for environment in (os.environ, getattr(os, "environb", None)):
            with suppress(TypeError):
                environment.__class__ = _Environment


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """What happens inside is watched, and told to whoever watches it from outside."""
    global _watch
    _install()
    outer, _watch = _watch, None
    before = dict(os.environ), [*sys.path]
    _watch = watch
    try:
        yield
    finally:
        _watch = None
        if watch.strict and dict(os.environ) != before[0]:
            os.environ.clear()
            os.environ.update(before[0])
        _watch = outer
        if outer:
            outer.files |= watch.files
            outer.variables |= watch.variables
            outer.lasting &= watch.lasting


@contextmanager
def unwatched() -> Iterator[None]:
    """What happens inside is our own."""
    global _watch
    before, _watch = _watch, None
    try:
        yield
    finally:
        _watch = before


def is_not_lasting() -> None:
    """What is told now may depend on more than files and variables."""
    if _watch:
        _watch.lasting = False
