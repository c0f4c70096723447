"""A module of a repository, of which only what is asked for is run."""

import __future__

import ast
import builtins
import copy
import functools
import os
import types
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .rules import Unresolvable, is_always_there, part, refusal, refused_call
from .statements import (
    ASK,
    CALL,
    ENVIRONMENT,
    Function,
    Rewritten,
    Statement,
    mentions_environment,
    parse,
    receiver,
    statements,
)
from .values import is_unchanging
from .watching import unwatched

if TYPE_CHECKING:
    from .repository import Repository


class _Names(dict[str, Any]):
    """The builtins of a module, through which it also comes to what has not been run yet."""

    source: "Source"

    def __missing__(self, name: str) -> Any:
        return self.source.late(name)


class _Module(types.ModuleType):
    """What stands for a source where it is imported."""

    def __getattr__(self, name: str) -> Any:
        return vars(self)["__source__"].get(name)


class Source:
    """A module of which a statement is run when something that is asked for needs it.

    What cannot be run leaves the names unbound that it would have bound, with the reason; only
    where such a name is asked for, the reason counts.
    """

    def __init__(
        self, name: str, path: Path, folders: list[Path] | None, repository: "Repository"
    ) -> None:
        self.name, self.path, self.folders, self.repository = name, path, folders, repository
        self.shown = str(path) if str(path).startswith("..") else os.path.relpath(path)
        self.package = name if folders is not None else name.rpartition(".")[0]
        self.module = _Module(name)
        self.values = vars(self.module)
        self.names = _Names()
        self.names.source = self
        self.file = os.path.abspath(path)
        self.values.update(
            __builtins__=self.names, __source__=self, __file__=self.file, __package__=self.package
        )
        if folders is not None:
            self.values["__path__"] = [str(folder) for folder in folders]
        self.unknown: Unresolvable | None = None  # why a name may be there that is not seen
        self.reasons: dict[str, Unresolvable] = {}
        self.asked: set[str] = set()
        self.done: set[int] = set()
        self.bound: set[str] = set()
        self.foreign: set[str] = set()
        self.statements: list[Statement] = []
        self.flags, self.limit = 0, 0

    def read(self) -> None:
        """Raises Unresolvable where it is no Python."""
        try:
            tree = parse(self.path) if self.path.is_file() else ast.Module([], [])
        except SyntaxError as error:
            raise Unresolvable(f"{error.msg}", (f"{self.shown}:{error.lineno or 1}",)) from error
        self.repository.texts.append(ast.unparse(tree))
        self.values["__doc__"] = ast.get_docstring(tree, clean=False)
        future = [
            n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "__future__"
        ]
        if "annotations" in {alias.name for node in future for alias in node.names}:
            self.flags = __future__.annotations.compiler_flag
        self.statements = statements(self._without_stars(tree.body))
        self.limit = len(self.statements)
        self.bound = {n for s in self.statements for n in s.binds | s.changes}
        self.foreign = {n for s in self.statements if self._is_foreign(s.node) for n in s.binds}
        self.names.update({k: v for k, v in vars(builtins).items() if k not in self.bound})
        self.names.update({"__import__": self._import, CALL: _call, ASK: self._asked})

    # What is asked for

    def get(self, name: str) -> Any:
        """An attribute of the module, as other modules ask for it."""
        try:
            return self.late(name, ())
        except KeyError:
            raise AttributeError(f"module {self.name!r} has no attribute {name!r}") from None

    def late(self, name: str, others: Any = builtins) -> Any:
        """A name that has no value yet.

        Raises:
            KeyError: the module has none of this name.
            Unresolvable: it has, and its value cannot be known.
        """
        if name in self.bound:
            self.need(name)
        elif not name.startswith("__"):
            self._run_those(lambda s: s.is_dynamic)
        if name in self.values:
            return self.values[name]
        if name in self.reasons:
            raise self.repository.watch.refuse(self.reasons[name])
        if hasattr(others, name):
            return getattr(others, name)
        if self.unknown and name not in self.bound and not name.startswith("__"):
            raise self.repository.watch.refuse(self.unknown)
        raise KeyError(name)

    def need(self, name: str) -> None:
        """Run, up to the statement that runs now, all that has to do with ``name``."""
        todo = [name]
        while todo:
            each = todo.pop()
            if each in self.asked or each not in self.bound:
                continue
            self.asked.add(each)
            for s in self.statements:
                if self._concerns(s, each):
                    todo += s.needs | s.binds | s.changes
        self._run_those(self._is_wanted)

    def _run_those(self, wanted: Callable[[Statement], bool]) -> None:
        for s in self.statements[: self.limit]:
            if s.index not in self.done and wanted(s):
                self.done.add(s.index)
                self._run(s)

    def _concerns(self, s: Statement, name: str) -> bool:
        if name in s.binds or name in s.changes:
            return True
        return name in s.uses and name not in self.foreign

    def _is_wanted(self, s: Statement) -> bool:
        if (s.binds | s.changes) & self.asked:
            return True
        used = (s.uses & self.asked) - self.foreign
        return any(not self._is_unchanging(self.values.get(name)) for name in used)

    def _is_unchanging(self, value: Any) -> bool:
        return not isinstance(value, _Module) and is_unchanging(value, self.repository.modules)

    # How it is run

    def _run(self, s: Statement) -> None:
        troubles = self.repository.watch.troubles
        before, limit = len(troubles), self.limit
        self.limit = s.index
        try:
            if all(self._test(test) == wanted for test, wanted in s.tests):
                if ENVIRONMENT in s.needs and ENVIRONMENT in self.reasons:
                    raise self.reasons[ENVIRONMENT]
                self._execute(s)
                if troubles[before:]:
                    raise troubles[before]  # the source itself caught it
                for name in s.binds | s.changes:
                    self.reasons.pop(name, None)
        except Exception as error:
            del troubles[before:]
            self._failed(s, error)
        finally:
            self.limit = limit

    def _test(self, test: Any) -> bool:
        if test.known is None:
            test.known = bool(self.evaluate(test.node))
        return bool(test.known)

    def evaluate(self, node: ast.expr) -> Any:
        """The value of an expression, as at the end of what has been run."""
        if ENVIRONMENT in self.reasons and mentions_environment(node):
            raise self.reasons[ENVIRONMENT]
        whole = ast.Expression(Rewritten(set(), None).visit(copy.deepcopy(node)))
        code = compile(whole, self.file, "eval", self.flags, True)
        return eval(code, self.values)  # noqa: S307

    def _execute(self, s: Statement) -> None:
        missing = set(self.reasons)
        node = Rewritten(missing, self._bare()).visit(copy.deepcopy(s.node))
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            return
        whole = ast.Module([node], [])
        exec(compile(whole, self.file, "exec", self.flags, True), self.values)  # noqa: S102

    def _bare(self) -> str | None:
        return self.repository.bare if self.path == self.repository.path else None

    def _failed(self, s: Statement, error: Exception) -> None:
        if not isinstance(error, Unresolvable):
            error = Unresolvable(f"{type(error).__name__}: {error}")
        lost = set(s.binds | s.changes)
        if not isinstance(s.node, Function | ast.ClassDef):
            lost |= {n for n in s.uses & self.values.keys() if self._may_be_changed(s, n)}
        for name in lost:
            self.values.pop(name, None)
            self.reasons[name] = error.at(f"{self.shown}:{s.node.lineno}")

    def _may_be_changed(self, s: Statement, name: str) -> bool:
        if isinstance(self.values[name], types.ModuleType):  # by settings.TAGS.append(…) only
            own = isinstance(self.values[name], _Module)
            return own and isinstance(s.node, ast.Expr) and name == receiver(s.node.value)
        return not self._is_unchanging(self.values[name])

    def _asked(self, called: Any) -> Any:
        """``called``, if the source may call it."""
        if told := refused_call(called):
            raise self.repository.watch.refuse(
                f"{told} gives another answer on each machine or at each moment"
            )
        return called

    # What it imports

    def _import(
        self,
        name: str,
        globals: Any = None,
        locals: Any = None,
        fromlist: tuple[str, ...] = (),
        level: int = 0,
    ) -> Any:
        try:
            return self._imported(name, tuple(fromlist or ()), level)
        except Unresolvable as error:
            raise self.repository.watch.refuse(str(error)) from None

    def _imported(self, name: str, wanted: tuple[str, ...], level: int) -> Any:
        full = self._absolute(name, level)
        if not level and is_always_there(full):
            return self._outside(full, wanted)
        source = self.repository.find(full)
        outer = self.repository.find(full.partition(".")[0])
        if source is None:
            if level or (outer is not None and outer.path.is_file()):
                raise Unresolvable(f"there is no module {full} in this repository")
            return self._outside(full, wanted)
        if not wanted:
            return outer and outer.module
        for each in wanted:
            if each not in source.values:
                self.repository.find(f"{full}.{each}")
        return source.module

    def _absolute(self, name: str, level: int) -> str:
        if not level:
            return name
        package = self.package.split(".")
        if not self.package or level > len(package):
            raise Unresolvable("it imports from above the outermost package, which Python refuses")
        return ".".join([*package[: len(package) - level + 1], *([name] if name else [])])

    def _outside(self, name: str, wanted: tuple[str, ...]) -> Any:
        with unwatched():
            why = refusal(name)
        if why:
            raise Unresolvable(why)
        if name in ("os", "sys"):
            return part(name)
        if name == "os.path":
            return part("os.path") if wanted else part("os")
        return __import__(name, None, None, wanted, 0)

    def _is_foreign(self, node: ast.stmt) -> bool:
        """Whether a statement imports from elsewhere: what it binds is not changed from here."""
        if isinstance(node, ast.Import):
            top = node.names[0].name.partition(".")[0]
            return is_always_there(top) or self.repository.find(top) is None
        if isinstance(node, ast.ImportFrom) and not node.level:
            top = (node.module or "").partition(".")[0]
            return is_always_there(top) or self.repository.find(top) is None
        return False

    def _without_stars(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """``from m import *`` by the names that it binds."""
        return [n for node in body for n in (self._star(node) if _is_star(node) else [node])]

    def _star(self, node: Any) -> list[ast.stmt]:
        try:
            module = self._imported(node.module or "", ("*",), node.level)
        except Unresolvable as error:
            self.unknown = error.at(f"{self.shown}:{node.lineno}")
            return []
        told = getattr(module, "__all__", None)
        if told is None and isinstance(module, _Module):
            source = vars(module)["__source__"]
            self.unknown = self.unknown or source.unknown
            told = source.bound
        told = [n for n in vars(module) if n[0] != "_"] if told is None else told
        public = [n for n in told if n[0] != "_" or "__all__" in vars(module)]
        found: list[ast.stmt] = []
        for name in sorted(public):
            one = copy.copy(node)
            one.names = [ast.copy_location(ast.alias(name), node)]
            found.append(one)
        return found


def _is_star(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.names[0].name == "*"


def _call(called: Any, elsewhere: Any, *args: Any, **told: Any) -> Any:
    """A call, without the arguments that do not matter if it is one of Prefect's for flows."""
    from prefect import Flow, flow

    asked = args[0] if called is functools.partial and args else called
    method = getattr(asked, "__func__", None) is Flow.with_options
    if not (asked is flow or asked is Flow or method):
        told |= elsewhere()
    return called(*args, **told)
