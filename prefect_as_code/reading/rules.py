"""What of a flow's source may be imported and called while it is read, and what may not.

The rule is the same on every machine: the part of the standard library that answers alike
everywhere, Prefect with what Prefect itself requires, and modules that lie beside the flow, which
are read in their turn. Whether anything else is installed is never looked at.
"""

import os
import posixpath
import sys
import types
from functools import cache
from importlib import metadata
from typing import Any


class Unresolvable(Exception):
    """Something that is not the same on every machine; ``why``, and the places, as
    ``file:line``, by way of which it is needed, the outermost first.
    """

    def __init__(self, why: str, places: tuple[str, ...] = ()) -> None:
        super().__init__(f"{', '.join(places)}: {why}" if places else why)
        self.why, self.places = why, places

    def at(self, place: str) -> "Unresolvable":
        known = self.places[:1] == (place,)
        return self if known else Unresolvable(self.why, (place, *self.places))


PURE = {
    *("__future__", "abc", "array", "ast", "base64", "binascii", "bisect", "builtins", "calendar"),
    *("cmath", "codecs", "collections", "colorsys", "configparser", "contextlib", "copy", "csv"),
    *("dataclasses", "datetime", "decimal", "difflib", "enum", "errno", "fractions", "functools"),
    *("graphlib", "hashlib", "heapq", "hmac", "html", "http", "inspect", "io", "ipaddress"),
    *("itertools", "json", "keyword", "logging", "math", "mimetypes", "numbers", "operator"),
    *("pathlib", "pprint", "re", "reprlib", "shlex", "statistics", "string", "struct", "textwrap"),
    *("tomllib", "types", "typing", "unicodedata", "urllib", "uuid", "warnings", "weakref"),
    *("xml", "zoneinfo", "asyncio", "concurrent", "annotationlib"),
}
_ALWAYS = {
    *("prefect", "pydantic", "pydantic_core", "pydantic_settings"),
    *("typing_extensions", "annotated_types"),
}
# Of these modules, a few names only.
_PARTS = {
    "os": {"environ", "environb", "getenv", "PathLike", "fspath", "sep", "linesep", "pathsep"},
    "os.path": {
        *("join", "basename", "dirname", "split", "splitext", "normpath", "normcase", "isabs"),
        *("commonpath", "commonprefix", "abspath", "realpath", "sep", "pardir", "curdir"),
    },
    "sys": {"version_info", "hexversion", "maxsize", "float_info", "int_info", "byteorder"},
}
# Called by a flow's source, these answer for one moment or one machine, or go outside.
_CALLS = {
    "uuid": {"uuid1", "uuid4", "getnode"},
    "builtins": {"id", "hash", "input", "breakpoint"},
    "posixpath": {"expanduser"},
    "zoneinfo": {"available_timezones"},
    "pathlib": {
        *("Path.cwd", "Path.home", "Path.absolute", "Path.expanduser", "Path.stat", "Path.lstat"),
        *("Path.exists", "Path.is_file", "Path.is_dir", "Path.is_symlink", "Path.is_mount"),
        *("Path.iterdir", "Path.glob", "Path.rglob", "Path.walk", "Path.owner", "Path.group"),
        *("Path.mkdir", "Path.touch", "Path.unlink", "Path.rmdir", "Path.rename", "Path.replace"),
        *("Path.samefile", "Path.chmod", "Path.symlink_to", "Path.hardlink_to"),
    },
    "prefect": {
        *("Flow.serve", "Flow.deploy", "Flow.from_source"),
        *("Task.submit", "Task.map", "Task.delay", "Task.serve"),
    },
}
_MOMENTS = {"now", "today", "utcnow"}
_MOMENTARY = {"time", "_random", "_socket", "_uuid"}


def refused_call(called: Any) -> str | None:
    """What of the moment or the machine a flow's source asks for by a call; or none."""
    kind = type(called)
    if kind.__name__ in ("Flow", "InfrastructureBoundFlow", "Task") and _top(kind) == "prefect":
        return f"the {kind.__name__.lower()} {called.name} is run, and that"
    if kind not in (types.FunctionType, types.MethodType, types.BuiltinFunctionType):
        return None
    name = called.__qualname__
    if name in _CALLS.get(_top(called), ()):
        return str(name)
    if kind is types.BuiltinFunctionType:
        of = called.__self__
        return name if called.__name__ in _MOMENTS and isinstance(of, type) else None
    if _top(called) == "prefect" and hasattr(called, "aio"):
        return f"Prefect's API is asked by {name}, and that"
    return None


def _top(named: Any) -> str:
    return str(getattr(named, "__module__", "")).partition(".")[0]


class Part(types.ModuleType):
    """A module of the standard library of which a few names are the same on every machine."""

    def __init__(self, name: str, whole: Any) -> None:
        super().__init__(name)
        self.__whole = whole

    def __getattr__(self, name: str) -> Any:
        if name in _PARTS[self.__name__]:
            return getattr(self.__whole, name)
        if f"{self.__name__}.{name}" in _PARTS:
            return part(f"{self.__name__}.{name}")
        if name.startswith("__"):
            raise AttributeError(name)
        raise Unresolvable(f"{self.__name__}.{name} depends on the machine, or changes it")


@cache
def part(name: str) -> Part:
    return Part(name, {"os": os, "os.path": posixpath, "sys": sys}[name])


def is_standard(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


def is_always_there(name: str) -> bool:
    """Whether a module goes before one of this name that lies beside the flow."""
    return is_standard(name) or name.partition(".")[0] in _ALWAYS


def refusal(name: str) -> str | None:
    """Why the module called ``name``, which lies not beside the flow, is not imported; or none."""
    top = name.partition(".")[0]
    if name in _PARTS or top in PURE or top in _ALWAYS:
        return None
    if top in sys.stdlib_module_names and not (top.startswith("_") and top not in _MOMENTARY):
        return f"what the module {name} says depends on the machine or the moment"
    if top in sys.stdlib_module_names:
        return None  # what a function of the library imports for itself
    if top == "dotenv":
        return "dotenv sets environment variables from a file that other machines need not have"
    if top in _required():
        return None
    return f"the package {top} need not be installed where a preview runs"


@cache
def _required() -> frozenset[str]:
    """The modules of all that the package ``prefect`` requires, and that requires."""
    from packaging.requirements import Requirement

    found: set[str] = set()
    seen: set[str] = set()
    todo = ["prefect"]
    while todo:
        package = todo.pop()
        try:
            distribution = metadata.distribution(package)
        except metadata.PackageNotFoundError:
            continue  # not for this platform
        told = (distribution.read_text("top_level.txt") or "").split()
        files = [file for file in distribution.files or () if file.suffix in (".py", ".so")]
        found |= {*told} or {file.parts[0].partition(".")[0] for file in files}
        for line in distribution.requires or ():
            requirement = Requirement(line)
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if wanted and requirement.name not in seen:
                seen.add(requirement.name)
                todo.append(requirement.name)
    return frozenset(found)
